package apierror

import (
	"net/http"
	"strconv"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
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
	if reason == connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED {
		e.Metadata = map[string]string{"header": callersTokenHeader}
	}
	return e
}

// Sent reports whether bytes of the call to DLI that failed with err may have left.
func Sent(err error) bool {
	u, ok := Find[upstream.Error](err)
	return ok && u.Sent
}

// MayHaveExecuted reports whether DLI may have executed the change that failed with err.
func MayHaveExecuted(err error) bool {
	u, ok := Find[upstream.Error](err)
	return ok && (mayHaveExecuted(u, From(err).Reason) || u.Sent && u.Kind == upstream.Cancelled)
}

// Exists reports whether DLI rejected the call that failed with err, because what it was to
// make exists already.
func Exists(err error) bool {
	u, ok := Find[upstream.Error](err)
	return ok && (u.Code == "DLI.0006" || objectExists.MatchString(phrasesOf(u.Message)))
}

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
		switch {
		case s.Operation == GetConnectivityTest:
			return &Resource{Type: TypeConnectivityTest, Name: strconv.FormatInt(s.Task, 10), Description: "of queue " + named(s.Queues, text)}
		case s.Operation == DeleteRoute && s.Route != "":
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

// outcomeUnknown reports whether a create that was sent may have made the connection, or
// may have been rejected for a name that a connection of an earlier call has.
func outcomeUnknown(u *upstream.Error, reason connsvcv1.ErrorReason) bool {
	switch reason {
	case connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE, connsvcv1.ErrorReason_UPSTREAM_FAULT:
		// Whatever the status: a timeout or a fault can come after the commit.
		return true
	case connsvcv1.ErrorReason_NAME_TAKEN:
		return false
	}
	switch u.Kind {
	case upstream.Malformed, upstream.TooLarge, upstream.Status:
		rejected := u.HTTPStatus >= http.StatusBadRequest && u.HTTPStatus < http.StatusInternalServerError
		unreadable := reason == connsvcv1.ErrorReason_UPSTREAM_DENIED && u.Code == ""
		return !rejected || unreadable
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
	case upstream.Unsuccessful:
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
