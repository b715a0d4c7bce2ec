package apierror_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// place is where the error map puts a reason.
type place struct {
	Code       codes.Code
	HTTPStatus int
	DLICode    string
	RetryAfter time.Duration
}

// places is the error map of the design, written out once more: a change of
// either is a change of the contract.
var places = map[string]place{
	"VALIDATION_FAILED":               {codes.InvalidArgument, 400, "DLI.0001", 0},
	"BODY_TOO_LARGE":                  {codes.ResourceExhausted, 413, "APIG.0201", 0},
	"METHOD_NOT_FOUND":                {codes.Unimplemented, 404, "APIGW.0101", 0},
	"METHOD_NOT_ALLOWED":              {codes.Unimplemented, 405, "APIGW.0101", 0},
	"CALLER_UNAUTHENTICATED":          {codes.Unauthenticated, 401, "APIGW.0301", 0},
	"POLICY_DENIED":                   {codes.PermissionDenied, 403, "APIGW.0302", 0},
	"UPSTREAM_DENIED":                 {codes.PermissionDenied, 403, "APIGW.0302", 0},
	"PROJECT_NOT_CONFIGURED":          {codes.FailedPrecondition, 400, "DLI.0007", 0},
	"CONNECTION_NOT_FOUND":            {codes.NotFound, 404, "DLI.0001", 0},
	"QUEUE_NOT_FOUND":                 {codes.NotFound, 404, "DLI.0002", 0},
	"ELASTIC_RESOURCE_POOL_NOT_FOUND": {codes.NotFound, 404, "DLI.0002", 0},
	"RESOURCE_NOT_FOUND":              {codes.NotFound, 404, "DLI.0002", 0},
	"NAME_TAKEN":                      {codes.AlreadyExists, 400, "DLI.0006", 0},
	"CONNECTION_BUSY":                 {codes.FailedPrecondition, 400, "DLI.0007", 0},
	"PEERING_FAILED":                  {codes.FailedPrecondition, 400, "DLI.0007", 0},
	"OPERATION_NOT_SUPPORTED":         {codes.FailedPrecondition, 400, "DLI.0007", 0},
	"RESOURCE_UNAVAILABLE":            {codes.FailedPrecondition, 400, "DLI.0012", 0},
	"UPSTREAM_REFUSED":                {codes.FailedPrecondition, 400, "DLI.0999", 0},
	"UPSTREAM_QUOTA":                  {codes.ResourceExhausted, 400, "DLI.1028", 0},
	"CALLER_QUOTA":                    {codes.ResourceExhausted, 429, "APIGW.0308", time.Second},
	"OVERLOADED":                      {codes.Unavailable, 503, "APIG.0202", time.Second},
	"UPSTREAM_THROTTLED":              {codes.Unavailable, 503, "APIGW.0308", 5 * time.Second},
	"UPSTREAM_UNAVAILABLE":            {codes.Unavailable, 503, "APIG.0202", 2 * time.Second},
	"UPSTREAM_CREDENTIALS":            {codes.Internal, 500, "DLI.0999", 0},
	"CREATE_OUTCOME_UNKNOWN":          {codes.Unknown, 500, "DLI.0999", 0},
	"UPSTREAM_TIMEOUT":                {codes.DeadlineExceeded, 504, "APIG.0203", 0},
	"UPSTREAM_FAULT":                  {codes.Internal, 502, "DLI.0999", 0},
	"ANSWER_TOO_LARGE":                {codes.ResourceExhausted, 413, "APIG.0201", 0},
	"CALLER_CANCELLED":                {codes.Canceled, 499, "DLI.0999", 0},
	"INTERNAL":                        {codes.Internal, 500, "DLI.0999", 0},
	"REQUEST_TIMEOUT":                 {codes.DeadlineExceeded, 408, "DLI.0999", 0},
	"CONCURRENT_CHANGE":               {codes.Aborted, 412, "DLI.0007", 0},
	"REPLACE_NEEDED":                  {codes.FailedPrecondition, 400, "DLI.0007", 0},
	"NAME_AMBIGUOUS":                  {codes.FailedPrecondition, 400, "DLI.0007", 0},
	"EMPTY_NOT_ALLOWED":               {codes.FailedPrecondition, 400, "DLI.0007", 0},
}

func TestErrorMap(t *testing.T) {
	for number, name := range connsvcv1.ErrorReason_name {
		t.Run(name, func(t *testing.T) {
			want, ok := places[name]
			if number == 0 {
				want, ok, name = places["INTERNAL"], true, "INTERNAL"
			}
			if !ok {
				t.Fatal("the reason has no place")
			}
			e := apierror.New(connsvcv1.ErrorReason(number), "", nil)
			if d := cmp.Diff(want, place{e.Code(), e.HTTPStatus, e.DLICode, e.RetryAfter}); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if e.Reason.String() != name || e.Message == "" || e.GRPCStatus().Code() != want.Code {
				t.Errorf("got %v", e)
			}
		})
	}
	if e := apierror.New(9999, "", nil); e.Reason != connsvcv1.ErrorReason_INTERNAL {
		t.Errorf("an unknown reason became %v", e.Reason)
	}
}
