package apierror

import (
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// statusClientClosedRequest is the HTTP status of a call that its caller
// cancelled: in no RFC, but in Google's map of gRPC codes.
const statusClientClosedRequest = 499

// A row is the place of one reason in the error map.
type row struct {
	code       codes.Code
	http       int
	dliCode    string        // error_code of the REST answer where DLI gave none
	retryAfter time.Duration // where nobody knows better; 0: do not retry
	message    string        // where nobody says more
}

// errorMap is the error map: one row for each reason. DLI's clients branch on
// error_code, so each reason bears the code that DLI or its gateway gives for the
// like; where there is no like, DLI.0999, its "server-side errors".
//
// ANSWER_TOO_LARGE is not the 429 of its gRPC code: Terraform would sleep for
// minutes and ask again, in vain.
var errorMap = [...]row{
	connsvcv1.ErrorReason_VALIDATION_FAILED:               {codes.InvalidArgument, http.StatusBadRequest, "DLI.0001", 0, "the request is not valid"},
	connsvcv1.ErrorReason_BODY_TOO_LARGE:                  {codes.ResourceExhausted, http.StatusRequestEntityTooLarge, "APIG.0201", 0, "the request is larger than the limit"},
	connsvcv1.ErrorReason_METHOD_NOT_FOUND:                {codes.Unimplemented, http.StatusNotFound, "APIGW.0101", 0, "no such method"},
	connsvcv1.ErrorReason_METHOD_NOT_ALLOWED:              {codes.Unimplemented, http.StatusMethodNotAllowed, "APIGW.0101", 0, "the path does not have this HTTP method"},
	connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED:          {codes.Unauthenticated, http.StatusUnauthorized, "APIGW.0301", 0, "no valid credentials were shown"},
	connsvcv1.ErrorReason_POLICY_DENIED:                   {codes.PermissionDenied, http.StatusForbidden, "APIGW.0302", 0, "the policy does not allow this call"},
	connsvcv1.ErrorReason_UPSTREAM_DENIED:                 {codes.PermissionDenied, http.StatusForbidden, "APIGW.0302", 0, "DLI does not allow this call to the account that connsvc uses"},
	connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED:          {codes.NotFound, http.StatusNotFound, "DLI.0023", 0, "no upstream is configured for the project"},
	connsvcv1.ErrorReason_CONNECTION_NOT_FOUND:            {codes.NotFound, http.StatusNotFound, missingConnectionCode, 0, "The connection does not exist."},
	connsvcv1.ErrorReason_QUEUE_NOT_FOUND:                 {codes.NotFound, http.StatusNotFound, "DLI.0002", 0, "the queue does not exist"},
	connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND: {codes.NotFound, http.StatusNotFound, "DLI.0002", 0, "the elastic resource pool does not exist"},
	connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:              {codes.NotFound, http.StatusNotFound, "DLI.0002", 0, "something that the call names does not exist"},
	connsvcv1.ErrorReason_NAME_TAKEN:                      {codes.AlreadyExists, http.StatusConflict, "DLI.0006", 0, "the name is taken"},
	connsvcv1.ErrorReason_CONNECTION_BUSY:                 {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "a peering of the connection is still being created"},
	connsvcv1.ErrorReason_PEERING_FAILED:                  {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "the peering failed and cannot be unbound"},
	connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED:         {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0007", 0, "DLI does not support this operation here"},
	connsvcv1.ErrorReason_RESOURCE_UNAVAILABLE:            {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0012", 0, "DLI says that the resource is not available"},
	connsvcv1.ErrorReason_UPSTREAM_REFUSED:                {codes.FailedPrecondition, http.StatusBadRequest, "DLI.0999", 0, "DLI refused the request and gave no reason"},
	connsvcv1.ErrorReason_UPSTREAM_QUOTA:                  {codes.ResourceExhausted, http.StatusTooManyRequests, "DLI.1028", 0, "a quota of the DLI account is used up"},
	connsvcv1.ErrorReason_CALLER_QUOTA:                    {codes.ResourceExhausted, http.StatusTooManyRequests, "APIGW.0308", time.Second, "the caller's quota is used up"},
	connsvcv1.ErrorReason_OVERLOADED:                      {codes.Unavailable, http.StatusServiceUnavailable, "APIG.0202", time.Second, "connsvc cannot take the call now"},
	connsvcv1.ErrorReason_UPSTREAM_THROTTLED:              {codes.Unavailable, http.StatusServiceUnavailable, "APIGW.0308", 5 * time.Second, "DLI throttles"},
	connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE:            {codes.Unavailable, http.StatusServiceUnavailable, "APIG.0202", 2 * time.Second, "DLI cannot be reached"},
	connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS:            {codes.Internal, http.StatusInternalServerError, "DLI.0999", 0, "DLI refused the credentials of connsvc: its operator has to mend them"},
	connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:          {codes.Unknown, http.StatusInternalServerError, "DLI.0999", 0, "the create was sent, and no answer says whether DLI made the connection: repeat it with the same request_id, or else list by name before creating again"},
	connsvcv1.ErrorReason_UPSTREAM_TIMEOUT:                {codes.DeadlineExceeded, http.StatusGatewayTimeout, "APIG.0203", 0, "DLI did not answer in time"},
	connsvcv1.ErrorReason_UPSTREAM_FAULT:                  {codes.Internal, http.StatusBadGateway, "DLI.0999", 0, "DLI answered with a fault"},
	connsvcv1.ErrorReason_ANSWER_TOO_LARGE:                {codes.ResourceExhausted, http.StatusRequestEntityTooLarge, "APIG.0201", 0, "the answer is larger than the limit: ask for less"},
	connsvcv1.ErrorReason_CALLER_CANCELLED:                {codes.Canceled, statusClientClosedRequest, "DLI.0999", 0, "the caller cancelled the call"},
	connsvcv1.ErrorReason_INTERNAL:                        {codes.Internal, http.StatusInternalServerError, "DLI.0999", 0, "internal error"},
	connsvcv1.ErrorReason_REQUEST_TIMEOUT:                 {codes.DeadlineExceeded, http.StatusRequestTimeout, "DLI.0999", 0, "the request did not arrive whole in time"},
}

// missingConnectionCode is the error_code of every missing connection: the only
// one that a document shows for it (dli_02_0256), and what Terraform looks for.
const missingConnectionCode = "DLI.0001"

func rowOf(reason connsvcv1.ErrorReason) (row, bool) {
	if reason <= 0 || int(reason) >= len(errorMap) {
		return row{}, false
	}
	r := errorMap[reason]
	return r, r.code != codes.OK
}
