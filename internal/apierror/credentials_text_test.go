package apierror_test

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/upstream"
)

// An error of IAM says that IAM responded so, and whether a retry helps.
func TestErrorsOfIAM(t *testing.T) {
	for name, tt := range map[string]struct {
		kind   upstream.Kind
		cause  credentials.Error
		reason connsvcv1.ErrorReason
		want   string
		retry  bool
	}{
		"401": {
			upstream.Unauthorized,
			credentials.Error{Kind: credentials.Rejected, Source: "iam_password", HTTPStatus: 401},
			connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS,
			"IAM rejected connsvc's credentials for this project (HTTP status 401); nothing was sent to DLI; a retry helps only when connsvc's operator has fixed them", false,
		},
		"403": {
			upstream.Unauthorized,
			credentials.Error{Kind: credentials.Denied, Source: "iam_agency", HTTPStatus: 403},
			connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS,
			"IAM gave connsvc no credentials for this project (HTTP status 403); nothing was sent to DLI; a retry helps only when connsvc's operator has access to it: check the project ID", false,
		},
		"302": {
			upstream.Unreachable,
			credentials.Error{Kind: credentials.Malformed, Source: "iam_password", HTTPStatus: 302},
			connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE,
			"IAM did not respond as documented (HTTP status 302); nothing was sent to DLI; retry later", true,
		},
		"HTML": {
			upstream.Unreachable,
			credentials.Error{Kind: credentials.Malformed, Source: "iam_password"},
			connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE,
			"IAM did not respond as documented; nothing was sent to DLI; retry later", true,
		},
		"down": {
			upstream.Unreachable,
			credentials.Error{Kind: credentials.Unavailable, Source: "ecs_metadata"},
			connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE,
			"the metadata service is unavailable; nothing was sent to DLI; retry later", true,
		},
		"deadline": {
			upstream.Timeout,
			credentials.Error{Kind: credentials.Timeout, Source: "iam_password"},
			connsvcv1.ErrorReason_UPSTREAM_TIMEOUT,
			"IAM did not respond before the deadline; nothing was sent to DLI", false,
		},
		"busy": {
			upstream.Shed,
			credentials.Error{Kind: credentials.Busy, Source: "iam_password"},
			connsvcv1.ErrorReason_OVERLOADED,
			"too many calls wait for credentials of IAM; nothing was sent to DLI; retry later", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := apierror.From(&upstream.Error{Kind: tt.kind, Err: &tt.cause, RetryAfter: 5 * time.Second})
			if e.Reason != tt.reason || e.Message != tt.want || (e.RetryAfter > 0) != tt.retry {
				t.Errorf("got %v, %q, retry after %v", e.Reason, e.Message, e.RetryAfter)
			}
		})
	}
}

// With pass_through the caller's IAM token is what is missing or wrong: the error names its
// header, and not credentials for connsvc.
func TestErrorsOfTheCallersToken(t *testing.T) {
	for name, tt := range map[string]struct {
		err  upstream.Error
		want string
	}{
		"missing": {
			upstream.Error{Kind: upstream.Unauthorized, Err: &credentials.Error{Kind: credentials.CallerToken, Err: credentials.ErrNoToken}},
			"DLI needs your IAM token: send one as X-Auth-Token",
		},
		"malformed": {
			upstream.Error{Kind: upstream.Unauthorized, Err: &credentials.Error{Kind: credentials.CallerToken}},
			"X-Auth-Token is not an IAM token, which is printable ASCII without spaces, of at most 64 KiB",
		},
		"rejected by the gateway": {
			upstream.Error{Kind: upstream.Status, HTTPStatus: 401, Code: "APIGW.0301", Message: "Incorrect IAM authentication information", Sent: true},
			"DLI rejected your IAM token: send a valid one for this project as X-Auth-Token",
		},
		"rejected by DLI": {
			upstream.Error{Kind: upstream.Status, HTTPStatus: 400, Code: "DLI.0015", Sent: true},
			"DLI rejected your IAM token: send a valid one for this project as X-Auth-Token",
		},
	} {
		t.Run(name, func(t *testing.T) {
			tt.err.CallersOwn = true
			e := apierror.From(&tt.err)
			if e.Reason != connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED || e.Message != tt.want {
				t.Errorf("got %v, %q", e.Reason, e.Message)
			}
			if got := detail[*errdetails.ErrorInfo](t, e.GRPCStatus()).GetMetadata()["header"]; got != "X-Auth-Token" {
				t.Errorf("metadata header %q", got)
			}
		})
	}
}
