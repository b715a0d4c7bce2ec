package apierror

import (
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// statusClientClosedRequest is the HTTP status of a cancelled call: no RFC has it, but
// Google's map of gRPC codes does.
const statusClientClosedRequest = 499

// A row is the entry of one reason.
type row struct {
	code       codes.Code
	http       int
	dliCode    string        // error_code of the REST response where DLI gave none
	retryAfter time.Duration // the default; 0: do not retry
	message    string        // the default
}

// errorMap has one row for each reason. DLI's clients branch on error_code, so each
// reason has the code of DLI's or its gateway's nearest error, else DLI.0999,
// "server-side errors".
//
// HTTP statuses are those that DLI's clients act on. Terraform drops a resource from its
// state on any 404 of a read, so only a missing resource is one. It sleeps for minutes on
// a 429, so only what a wait helps is one. It does not show the body of a 409.
var errorMap = [...]row{
	connsvcv1.ErrorReason_VALIDATION_FAILED:               {codes.InvalidArgument, http.StatusBadRequest, "DLI.0001", 0, "the request is not valid"},
	connsvcv1.ErrorReason_BODY_TOO_LARGE:                  {codes.ResourceExhausted, http.StatusRequestEntityTooLarge, "APIG.0201", 0, "the request is larger than the limit"},
	connsvcv1.ErrorReason_METHOD_NOT_FOUND:                {codes.Unimplemented, http.StatusNotFound, "APIGW.0101", 0, "no such method"},
	connsvcv1.ErrorReason_METHOD_NOT_ALLOWED:              {codes.Unimplemented, http.StatusMethodNotAllowed, "APIGW.0101", 0, "method not allowed on this path"},
	connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED:          {codes.Unauthenticated, http.StatusUnauthorized, "APIGW.0301", 0, "the request has no valid credentials"},
	connsvcv1.ErrorReason_POLICY_DENIED:                   {codes.PermissionDenied, http.StatusForbidden, "APIGW.0302", 0, "the policy does not allow this call"},
	connsvcv1.ErrorReason_UPSTREAM_DENIED:                 {codes.PermissionDenied, http.StatusForbidden, "APIGW.0302", 0, "connsvc's DLI account lacks permission for this call"},
	connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED:          {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "no upstream is configured for the project"},
	connsvcv1.ErrorReason_CONNECTION_NOT_FOUND:            {codes.NotFound, http.StatusNotFound, missingConnectionCode, 0, "The connection does not exist."},
	connsvcv1.ErrorReason_QUEUE_NOT_FOUND:                 {codes.NotFound, http.StatusNotFound, "DLI.0002", 0, "the queue does not exist"},
	connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND: {codes.NotFound, http.StatusNotFound, "DLI.0002", 0, "the elastic resource pool does not exist"},
	connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:              {codes.NotFound, http.StatusNotFound, "DLI.0002", 0, "a resource named by the request does not exist"},
	connsvcv1.ErrorReason_NAME_TAKEN:                      {codes.AlreadyExists, http.StatusBadRequest, "DLI.0006", 0, "the name is taken"},
	connsvcv1.ErrorReason_CONNECTION_BUSY:                 {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "a peering of the connection is still being created"},
	connsvcv1.ErrorReason_PEERING_FAILED:                  {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "the peering failed and cannot be unbound"},
	connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED:         {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "DLI does not support this operation here"},
	connsvcv1.ErrorReason_RESOURCE_UNAVAILABLE:            {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0012", 0, "the resource is not available in DLI"},
	connsvcv1.ErrorReason_UPSTREAM_REFUSED:                {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0999", 0, "DLI rejected the request without a reason"},
	connsvcv1.ErrorReason_UPSTREAM_QUOTA:                  {codes.ResourceExhausted, http.StatusBadRequest, "DLI.1028", 0, "a quota of the DLI account is used up"},
	connsvcv1.ErrorReason_CALLER_QUOTA:                    {codes.ResourceExhausted, http.StatusTooManyRequests, "APIGW.0308", time.Second, "the caller's quota is used up"},
	connsvcv1.ErrorReason_OVERLOADED:                      {codes.Unavailable, http.StatusServiceUnavailable, "APIG.0202", time.Second, "connsvc is overloaded; retry later"},
	connsvcv1.ErrorReason_UPSTREAM_THROTTLED:              {codes.Unavailable, http.StatusServiceUnavailable, "APIGW.0308", 5 * time.Second, "DLI throttles requests; retry later"},
	connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE:            {codes.Unavailable, http.StatusServiceUnavailable, "APIG.0202", 2 * time.Second, "DLI is unavailable; retry later"},
	connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS:            {codes.Internal, http.StatusInternalServerError, "DLI.0999", 0, "connsvc has no valid credentials for DLI: its operator must fix them"},
	connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:          {codes.Unknown, http.StatusInternalServerError, "DLI.0999", 0, "the outcome of the create is unknown: retry with the same request_id; without one, list by name before creating again"},
	connsvcv1.ErrorReason_UPSTREAM_TIMEOUT:                {codes.DeadlineExceeded, http.StatusGatewayTimeout, "APIG.0203", 0, "DLI did not respond in time"},
	connsvcv1.ErrorReason_UPSTREAM_FAULT:                  {codes.Internal, http.StatusBadGateway, "DLI.0999", 0, "DLI returned an error or an invalid response"},
	connsvcv1.ErrorReason_ANSWER_TOO_LARGE:                {codes.ResourceExhausted, http.StatusRequestEntityTooLarge, "APIG.0201", 0, "the response is larger than the limit: ask for less"},
	connsvcv1.ErrorReason_CALLER_CANCELLED:                {codes.Canceled, statusClientClosedRequest, "DLI.0999", 0, "the caller cancelled the call"},
	connsvcv1.ErrorReason_INTERNAL:                        {codes.Internal, http.StatusInternalServerError, "DLI.0999", 0, "internal error"},
	connsvcv1.ErrorReason_REQUEST_TIMEOUT:                 {codes.DeadlineExceeded, http.StatusRequestTimeout, "DLI.0999", 0, "the request did not arrive completely in time"},
	connsvcv1.ErrorReason_CONCURRENT_CHANGE:               {codes.Aborted, http.StatusPreconditionFailed, "DLI.0007", 0, "the hosts are not those of the etag, or somebody else changed the connection at the same time: read it, and repeat the change"},
	connsvcv1.ErrorReason_REPLACE_NEEDED:                  {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "the connection leads to another VPC or network, which DLI cannot change: apply with allow_replace, or choose another name"},
	connsvcv1.ErrorReason_NAME_AMBIGUOUS:                  {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "several connections have this name: delete those that are not wanted"},
	connsvcv1.ErrorReason_EMPTY_NOT_ALLOWED:               {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "no host would be left: set allow_empty if that is meant"},
}

// missingConnectionCode is the error_code of every missing connection: the only
// documented one (dli_02_0256), which Terraform looks for.
const missingConnectionCode = "DLI.0001"

// invalidReadCode, "data conversion errors", is the error_code of a read that is not valid.
const invalidReadCode = "DLI.0018"

func rowOf(reason connsvcv1.ErrorReason) (row, bool) {
	if reason <= 0 || int(reason) >= len(errorMap) {
		return row{}, false
	}
	r := errorMap[reason]
	return r, r.code != codes.OK
}
