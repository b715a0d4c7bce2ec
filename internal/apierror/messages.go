package apierror

import (
	"errors"
	"net/http"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/upstream"
)

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
// that of a missing connection or a taken name is always the same, and where something else
// is missing, clients that take some codes of a 400 for a missing resource must not.
func replacesCode(reason connsvcv1.ErrorReason, code string) bool {
	switch reason {
	case connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, connsvcv1.ErrorReason_NAME_TAKEN:
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
	case reason == connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED:
		return callersTokenMessage(u)
	case reason == connsvcv1.ErrorReason_ANSWER_TOO_LARGE:
		return "the list is larger than the limit max_response_bytes of connsvc: ask for fewer connections with a smaller limit"
	case u.Message != "" && (u.Kind == upstream.Status || u.Kind == upstream.Unsuccessful) && exposesDLIError(reason):
		return u.Message
	}
	if message := credentialsMessage(u.Err); message != "" && !u.Sent {
		return message
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
		return u.Sent && (u.MayHaveExecuted || !rejected)
	default:
		return false
	}
}

// missingConnectionMessage is DLI's own text (dli_02_0256).
func missingConnectionMessage(id string) string { return "Connection " + id + " does not exist." }
