package apierror_test

import (
	"testing"
	"time"

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
