package apierror

import (
	"errors"
	"strconv"

	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/upstream"
)

// callersTokenHeader is the header of the caller's IAM token, for upstreams with pass_through.
const callersTokenHeader = "X-Auth-Token"

// callersTokenMessage says what is wrong with the caller's IAM token. The text of the error
// map is about credentials for connsvc, which do not help here.
func callersTokenMessage(u *upstream.Error) string {
	switch {
	case u.Sent || u.HTTPStatus != 0:
		return "DLI rejected your IAM token: send a valid one for this project as " + callersTokenHeader
	case errors.Is(u.Err, credentials.ErrNoToken):
		return "DLI needs your IAM token: send one as " + callersTokenHeader
	default:
		return callersTokenHeader + " is not an IAM token, which is printable ASCII without spaces, of at most 64 KiB"
	}
}

// credentialsMessage says why a call has no credentials, and whether a retry helps; "" if
// err is none of that. DLI was not asked.
func credentialsMessage(err error) string {
	var e *credentials.Error
	if !errors.As(err, &e) {
		return ""
	}
	issuer := "IAM"
	if e.Source == "ecs_metadata" {
		issuer = "the metadata service"
	}
	status := ""
	if e.HTTPStatus != 0 {
		status = " (HTTP status " + strconv.Itoa(e.HTTPStatus) + ")"
	}
	const operator = "; nothing was sent to DLI; a retry helps only when connsvc's operator has "
	switch e.Kind {
	case credentials.Rejected:
		return issuer + " rejected connsvc's credentials for this project" + status + operator + "fixed them"
	case credentials.Denied:
		return issuer + " gave connsvc no credentials for this project" + status + operator + "access to it: check the project ID"
	case credentials.Malformed:
		return issuer + " did not respond as documented" + status + "; nothing was sent to DLI; retry later"
	case credentials.Unavailable:
		return issuer + " is unavailable" + status + "; nothing was sent to DLI; retry later"
	case credentials.Timeout:
		return issuer + " did not respond before the deadline; nothing was sent to DLI"
	case credentials.Busy:
		return "too many calls wait for credentials of " + issuer + "; nothing was sent to DLI; retry later"
	default:
		return ""
	}
}
