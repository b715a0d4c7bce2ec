package apierror

import (
	"net/http"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// maxRetryAfter bounds what DLI may ask a caller to wait.
const maxRetryAfter = time.Hour

// fromUpstream returns the Error of a call to DLI that was about s.
func FromUpstream(u *upstream.Error, s Subject) *Error {
	reason := reasonOf(u, s)
	e := New(reason, messageOf(u, s, reason), u)
	if u.HTTPStatus != 0 {
		e.Answer = &Answer{Code: u.Code, RequestID: u.RequestID, HTTPStatus: u.HTTPStatus}
	}
	if u.Code != "" && exposesDLIError(reason) && reason != connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
		e.DLICode = cut(u.Code, maxNameBytes)
	}
	if e.RetryAfter > 0 && u.RetryAfter > 0 {
		e.RetryAfter = min(u.RetryAfter, maxRetryAfter)
	}
	e.Resource = resourceOf(reason, s, u.Message)
	e.Subject = s.owner()
	if reason == connsvcv1.ErrorReason_UPSTREAM_QUOTA {
		e.Subject = s.projectSubject()
	}
	return e
}

// exposesDLIError says whether the caller may read DLI's own code and text. A refusal of
// credentials holds an access key and the request that it signed; after a create
// without an outcome, DLI's text is not what matters.
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

func messageOf(u *upstream.Error, s Subject, reason connsvcv1.ErrorReason) string {
	switch {
	case reason == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND && s.ConnectionID != "":
		return missingConnectionMessage(s.ConnectionID)
	case (u.Kind == upstream.Status || u.Kind == upstream.Refused) && exposesDLIError(reason):
		return u.Message
	default:
		return ""
	}
}

// missingConnectionMessage is DLI's own text (dli_02_0256).
func missingConnectionMessage(id string) string { return "Connection " + id + " does not exist." }

// missingConnection is the error of every operation on a connection that does not
// exist, whatever DLI said of it: its answers differ by operation.
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
	case connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED:
		return &Resource{Type: TypeProject, Name: s.Project}
	case connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:
		if s.Operation == DeleteRoute && s.Route != "" {
			return &Resource{Type: TypeRoute, Name: s.Route, Description: "route of connection " + s.ConnectionID}
		}
	case connsvcv1.ErrorReason_NAME_TAKEN:
		return s.taken()
	}
	return nil
}

// reasonOf is the map from what DLI did to a reason.
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

// outcomeUnknown says whether a create that was sent may have made the connection.
func outcomeUnknown(u *upstream.Error, reason connsvcv1.ErrorReason) bool {
	switch u.Kind {
	case upstream.Broken, upstream.Timeout:
		return true
	case upstream.Malformed, upstream.TooLarge, upstream.Status:
		refused := u.HTTPStatus >= http.StatusBadRequest && u.HTTPStatus < http.StatusInternalServerError
		return !refused && reason != connsvcv1.ErrorReason_NAME_TAKEN
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
		return reasonOfRefusal(u, s)
	case upstream.Status, upstream.Malformed:
		return reasonOfAnswer(u, s)
	case upstream.Invalid:
		// Validation lets no such request through.
		return connsvcv1.ErrorReason_INTERNAL
	default:
		return connsvcv1.ErrorReason_UPSTREAM_FAULT
	}
}

// reasonOfRefusal places an is_success=false. Its code, where it has one, and its
// text count as those of a 400 do; only what they do not tell is a bare refusal.
func reasonOfRefusal(u *upstream.Error, s Subject) connsvcv1.ErrorReason {
	if reason := reasonOfCode(u.Code, http.StatusBadRequest, u.Message, s); reason != NoReason {
		return reason
	}
	if reason := reasonOfText(u.Message, s); reason != NoReason {
		return reason
	}
	return connsvcv1.ErrorReason_UPSTREAM_REFUSED
}

// reasonOfAnswer places an HTTP error: by what the API gateway says, then by
// DLI's code and text, then by the status alone.
func reasonOfAnswer(u *upstream.Error, s Subject) connsvcv1.ErrorReason {
	if reason := reasonOfGateway(u.Code, u.HTTPStatus); reason != NoReason {
		return reason
	}
	if reason := reasonOfCode(u.Code, u.HTTPStatus, u.Message, s); reason != NoReason {
		return reason
	}
	switch {
	case u.Code == "" && u.Message != "" && u.HTTPStatus == http.StatusBadRequest:
		// {"is_success":false} with the status that fits it.
		return reasonOfRefusal(u, s)
	case u.HTTPStatus == http.StatusForbidden:
		return connsvcv1.ErrorReason_UPSTREAM_DENIED
	case u.HTTPStatus < http.StatusInternalServerError && isDLICode(u.Code):
		// A code that no document has, but a refusal of the request all the same.
		return connsvcv1.ErrorReason_UPSTREAM_REFUSED
	}
	return connsvcv1.ErrorReason_UPSTREAM_FAULT
}
