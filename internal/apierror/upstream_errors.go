package apierror

import (
	"errors"
	"net/http"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/upstream"
)

// maxRetryAfter limits the wait that DLI may ask of a caller.
const maxRetryAfter = time.Hour

// fromUpstream returns the Error of a call to DLI that was about s.
func fromUpstream(u *upstream.Error, s Subject) *Error {
	reason := reasonOf(u, s)
	e := New(reason, messageOf(u, s, reason), u)
	if u.HTTPStatus != 0 {
		e.Response = &Response{Code: u.Code, RequestID: u.RequestID, HTTPStatus: u.HTTPStatus}
	}
	if u.Code != "" && exposesDLIError(reason) && !replacesCode(reason, u.Code) {
		e.DLICode = truncate(u.Code, maxNameBytes)
	}
	if e.RetryAfter > 0 && u.RetryAfter > 0 {
		e.RetryAfter = min(u.RetryAfter, maxRetryAfter)
	}
	e.Resource = resourceOf(reason, s, u.Message)
	e.Subject = s.owner()
	if reason == connsvcv1.ErrorReason_UPSTREAM_QUOTA || reason == connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED {
		e.Subject = s.projectSubject()
	}
	return e
}

// exposesDLIError reports whether the caller may read DLI's own code and text. An error
// about credentials contains an access key and the request that it signed; after a
// create of unknown outcome, DLI's text would mislead.
func exposesDLIError(reason connsvcv1.ErrorReason) bool {
	switch reason {
	case connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS,
		connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED,
		connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:
		return false
	default:
		return true
	}
}

// replacesCode reports whether the caller gets the map's error_code instead of DLI's:
// that of a missing connection is always the same, and where something else is missing,
// clients that take some codes of a 400 for a missing resource must not.
func replacesCode(reason connsvcv1.ErrorReason, code string) bool {
	switch reason {
	case connsvcv1.ErrorReason_CONNECTION_NOT_FOUND:
		return true
	case connsvcv1.ErrorReason_UPSTREAM_REFUSED:
		return code == missingConnectionCode || code == "DLI.0002" || code == "DLI.0023"
	default:
		return false
	}
}

func messageOf(u *upstream.Error, s Subject, reason connsvcv1.ErrorReason) string {
	switch {
	case reason == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND && s.ConnectionID != "":
		return missingConnectionMessage(s.ConnectionID)
	case reason == connsvcv1.ErrorReason_ANSWER_TOO_LARGE:
		return "the list is larger than the limit max_response_bytes of connsvc: ask for fewer connections with a smaller limit"
	case u.Message != "" && (u.Kind == upstream.Status || u.Kind == upstream.Refused) && exposesDLIError(reason):
		return u.Message
	}
	if reason == connsvcv1.ErrorReason_UPSTREAM_FAULT && u.Kind == upstream.Malformed {
		if message := malformedMessage(u.Err); message != "" {
			return message
		}
	}
	if s.Change && s.Operation != CreateConnection && mayHaveExecuted(u, reason) {
		return "DLI did not confirm the change: whether it took place is unknown"
	}
	return ""
}

// malformedMessage describes a response that hints at a wrong endpoint.
func malformedMessage(err error) string {
	var e *dlijson.Error
	switch {
	case errors.Is(err, upstream.ErrHTTP2):
		return "DLI's endpoint speaks HTTP/2 only: connsvc needs HTTP/1.1"
	case errors.As(err, &e) && e.Kind == dlijson.Missing:
		return "DLI returned neither \"" + e.Path + "\" nor \"is_success\": is the endpoint DLI's?"
	default:
		return ""
	}
}

// mayHaveExecuted reports whether DLI may have executed a change that failed.
func mayHaveExecuted(u *upstream.Error, reason connsvcv1.ErrorReason) bool {
	switch reason {
	case connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, connsvcv1.ErrorReason_UPSTREAM_FAULT:
		rejected := u.HTTPStatus >= http.StatusBadRequest && u.HTTPStatus < http.StatusInternalServerError
		return u.Sent && (u.Repeated || !rejected)
	default:
		return false
	}
}

// missingConnectionMessage is DLI's own text (dli_02_0256).
func missingConnectionMessage(id string) string { return "Connection " + id + " does not exist." }

// ConnectionNotFound is the error of every operation on a connection that does not
// exist. DLI's own differ by operation.
func ConnectionNotFound(id string) *Error {
	reason := connsvcv1.ErrorReason_CONNECTION_NOT_FOUND
	e := New(reason, missingConnectionMessage(id), nil)
	e.Resource = resourceOf(reason, Subject{ConnectionID: id}, "")
	return e
}

func resourceOf(reason connsvcv1.ErrorReason, s Subject, text string) *Resource {
	switch reason {
	case connsvcv1.ErrorReason_CONNECTION_NOT_FOUND:
		return &Resource{Type: TypeConnection, Name: s.ConnectionID}
	case connsvcv1.ErrorReason_QUEUE_NOT_FOUND:
		return &Resource{Type: TypeQueue, Name: named(s.Queues, text)}
	case connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND:
		return &Resource{Type: TypePool, Name: named(s.Pools, text)}
	case connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:
		if s.Operation == DeleteRoute && s.Route != "" {
			return &Resource{Type: TypeRoute, Name: s.Route, Description: "route of connection " + s.ConnectionID}
		}
	case connsvcv1.ErrorReason_NAME_TAKEN:
		return s.taken()
	}
	return nil
}

// reasonOf maps the error of a call to DLI to a reason.
func reasonOf(u *upstream.Error, s Subject) connsvcv1.ErrorReason {
	reason := reasonOfKind(u, s)
	if reason == connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS && u.CallersOwn {
		return connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED
	}
	if s.Operation == CreateConnection && u.Sent && outcomeUnknown(u, reason) {
		return connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN
	}
	return reason
}

// outcomeUnknown reports whether a create that was sent may have made the connection.
func outcomeUnknown(u *upstream.Error, reason connsvcv1.ErrorReason) bool {
	switch u.Kind {
	case upstream.Broken, upstream.Timeout:
		return true
	case upstream.Malformed, upstream.TooLarge, upstream.Status:
		rejected := u.HTTPStatus >= http.StatusBadRequest && u.HTTPStatus < http.StatusInternalServerError
		// A rejection without a readable reason may be that of a taken name, by a
		// connection that an earlier call made.
		unreadable := reason == connsvcv1.ErrorReason_UPSTREAM_FAULT && u.Code == ""
		return (!rejected || unreadable) && reason != connsvcv1.ErrorReason_NAME_TAKEN
	default:
		return false
	}
}

func reasonOfKind(u *upstream.Error, s Subject) connsvcv1.ErrorReason {
	switch u.Kind {
	case upstream.NotConfigured:
		return connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED
	case upstream.Unreachable, upstream.Broken, upstream.BreakerOpen:
		return connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE
	case upstream.Shed:
		return connsvcv1.ErrorReason_OVERLOADED
	case upstream.Unauthorized:
		return connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS
	case upstream.Timeout:
		return connsvcv1.ErrorReason_UPSTREAM_TIMEOUT
	case upstream.Cancelled:
		return connsvcv1.ErrorReason_CALLER_CANCELLED
	case upstream.Refused:
		return reasonOfUnsuccessful(u, s)
	case upstream.Status, upstream.Malformed:
		return reasonOfResponse(u, s)
	case upstream.TooLarge:
		if s.Operation == ListConnections {
			return connsvcv1.ErrorReason_ANSWER_TOO_LARGE
		}
		return connsvcv1.ErrorReason_UPSTREAM_FAULT
	case upstream.Invalid:
		// Validation rejects such requests.
		return connsvcv1.ErrorReason_INTERNAL
	default:
		return connsvcv1.ErrorReason_UPSTREAM_FAULT
	}
}

// reasonOfUnsuccessful maps an is_success=false, by code and text as those of a 400.
func reasonOfUnsuccessful(u *upstream.Error, s Subject) connsvcv1.ErrorReason {
	if reason := reasonOfCode(u.Code, http.StatusBadRequest, u.Message, s); reason != NoReason {
		return reason
	}
	if reason := reasonOfText(u.Message, s); reason != NoReason {
		return reason
	}
	return connsvcv1.ErrorReason_UPSTREAM_REFUSED
}

// reasonOfResponse maps an HTTP error: as one of the API gateway, then by DLI's code
// and text, then by the status alone.
func reasonOfResponse(u *upstream.Error, s Subject) connsvcv1.ErrorReason {
	if reason := reasonOfGateway(u.Code, u.HTTPStatus); reason != NoReason {
		return reason
	}
	if reason := reasonOfCode(u.Code, u.HTTPStatus, u.Message, s); reason != NoReason {
		return reason
	}
	switch {
	case u.Code == "" && u.Message != "" && u.HTTPStatus == http.StatusBadRequest:
		// {"is_success":false} with status 400.
		return reasonOfUnsuccessful(u, s)
	case u.HTTPStatus == http.StatusForbidden:
		return connsvcv1.ErrorReason_UPSTREAM_DENIED
	case u.HTTPStatus < http.StatusInternalServerError && isDLICode(u.Code):
		// An undocumented code, but of a rejected request.
		return connsvcv1.ErrorReason_UPSTREAM_REFUSED
	}
	return connsvcv1.ErrorReason_UPSTREAM_FAULT
}
