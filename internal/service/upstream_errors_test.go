package service_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

func answered(httpStatus int, code, message string) *upstream.Error {
	return &upstream.Error{Kind: upstream.Status, HTTPStatus: httpStatus, Code: code, Message: message, RequestID: "dli-1", Sent: true}
}

func refused(message string) *upstream.Error {
	return &upstream.Error{Kind: upstream.Unsuccessful, HTTPStatus: 200, Message: message, Sent: true}
}

// asError fails the test unless err is a apierror.Error.
func asError(t *testing.T, err error) *apierror.Error {
	t.Helper()
	var e *apierror.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *apierror.Error", err)
	}
	return e
}

const missingText = "Connection " + connectionID + " does not exist."

// TestDLIAnswers places every code and text of DLI that its documents and its
// clients' sources show, by the operation that was asked for.
func TestDLIAnswers(t *testing.T) {
	for _, c := range []struct {
		rpc  rpc
		dli  *upstream.Error
		want connsvcv1.ErrorReason
	}{
		// The documented codes with their generic texts.
		{get, answered(400, "DLI.0001", "Parameter check errors occur."), connsvcv1.ErrorReason_VALIDATION_FAILED},
		{get, answered(400, "DLI.0002", "The object does not exist."), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{get, answered(400, "DLI.0003", "SQL permission verification fails."), connsvcv1.ErrorReason_UPSTREAM_DENIED},
		{get, answered(400, "DLI.0004", "SQL syntax parsing errors occur."), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(400, "DLI.0005", "SQL semantics parsing errors occur."), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{createRoute, answered(400, "DLI.0006", "The object exists."), connsvcv1.ErrorReason_NAME_TAKEN},
		{associate, answered(400, "DLI.0007", "The operation is not supported."), connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED},
		{get, answered(400, "DLI.0008", "Metadata errors occur."), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{createRoute, answered(400, "DLI.0009", "System restrictions."), connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED},
		{get, answered(400, "DLI.0011", "The file permission check fails."), connsvcv1.ErrorReason_UPSTREAM_DENIED},
		{associate, answered(400, "DLI.0012", "Resource objects are unavailable."), connsvcv1.ErrorReason_RESOURCE_UNAVAILABLE},
		{get, answered(401, "DLI.0013", "User authentication errors occur."), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, answered(401, "DLI.0014", "Service authentication errors occur."), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, answered(400, "DLI.0015", "Token parsing error."), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, answered(400, "DLI.0016", "The identity and role are incorrect."), connsvcv1.ErrorReason_UPSTREAM_DENIED},
		{hosts, answered(400, "DLI.0018", "Data conversion errors occur."), connsvcv1.ErrorReason_VALIDATION_FAILED},
		{get, answered(400, "DLI.0019", "The task times out."), connsvcv1.ErrorReason_UPSTREAM_TIMEOUT},
		{get, answered(404, "DLI.0023", "No related resources were found."), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{get, answered(400, "DLI.0100", "The result expires."), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(400, "DLI.0999", "Server-side errors occur."), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(500, "DLI.0999", "Server-side errors occur."), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{createConnection, answered(400, "DLI.1028", "The quota is insufficient."), connsvcv1.ErrorReason_UPSTREAM_QUOTA},
		{get, answered(400, "DLI.10001", "An internal error occurred. {0} Contact customer services or try again later "), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(500, "DLI.12004", "An internal error occurred."), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(400, "DLI.0042", "Something that no document has."), connsvcv1.ErrorReason_UPSTREAM_REFUSED},

		// A missing connection, in all the forms that were seen.
		{get, answered(400, "DLI.0001", missingText), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{get, answered(400, "DLI.0001", "CONNECTION "+connectionID+" IS NOT EXIST"), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{get, answered(400, "DLI.0008", missingText), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{get, answered(400, "DLI.12004", missingText), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{associate, answered(404, "DLI.0023", "No related resources were found."), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{associate, answered(400, "DLI.0001", "Connection "+connectionID+" does not exist for queue q1."), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{deleteRoute, answered(404, "DLI.0023", "No related resources were found."), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{deleteRoute, answered(400, "DLI.0002", missingText), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{deleteRoute, answered(400, "DLI.0002", connectionID+" not found"), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{get, refused(missingText), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},

		// Something else that is missing.
		{associate, answered(400, "DLI.0002", "There is no queue named q1"), connsvcv1.ErrorReason_QUEUE_NOT_FOUND},
		{associate, answered(400, "DLI.0008", "There is no queue named q1."), connsvcv1.ErrorReason_QUEUE_NOT_FOUND},
		{associate, answered(400, "DLI.0002", "there is NO queue named connection"), connsvcv1.ErrorReason_QUEUE_NOT_FOUND},
		{associate, answered(400, "DLI.0001", "There is no queue named exists"), connsvcv1.ErrorReason_QUEUE_NOT_FOUND},
		{createConnection, answered(400, "DLI.0002", "There is no queue named q2"), connsvcv1.ErrorReason_QUEUE_NOT_FOUND},
		{associate, refused("There is no queue named q1"), connsvcv1.ErrorReason_QUEUE_NOT_FOUND},
		{associate, answered(400, "DLI.0002", "There is no elastic resource pool named p1"), connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND},
		{associate, answered(400, "DLI.0002", "Elastic resource pool p1 does not exist."), connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND},
		{deleteRoute, answered(400, "DLI.0002", "There is no route named r1 in connection "+connectionID), connsvcv1.ErrorReason_RESOURCE_NOT_FOUND},
		{deleteRoute, answered(400, "DLI.0002", "The object does not exist."), connsvcv1.ErrorReason_RESOURCE_NOT_FOUND},
		{createConnection, answered(400, "DLI.0002", "Failed to get subnet "+networkID), connsvcv1.ErrorReason_RESOURCE_NOT_FOUND},
		{list, answered(404, "DLI.0023", "No related resources were found."), connsvcv1.ErrorReason_UPSTREAM_REFUSED},

		// On a read, NOT_FOUND means that the connection is gone, and nothing else.
		{get, answered(400, "DLI.0001", "There is no project named p1"), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{get, answered(400, "DLI.0002", "The project p1 does not exist."), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{get, answered(404, "DLI.0023", "No project p1 was found."), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{get, answered(400, "DLI.0002", "There is no queue named q1"), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{list, answered(400, "DLI.0002", "The object does not exist."), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{listPrivileges, answered(400, "DLI.0001", "no such project"), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{listPrivileges, answered(400, "DLI.0001", missingText), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{remove, answered(400, "DLI.0002", "There is no project named p1"), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{get, &upstream.Error{Kind: upstream.NotConfigured}, connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED},

		// A taken name.
		{createRoute, answered(400, "DLI.0999", "The object exists."), connsvcv1.ErrorReason_NAME_TAKEN},
		{createRoute, answered(500, "DLI.0999", "The object exists."), connsvcv1.ErrorReason_NAME_TAKEN},
		{createRoute, answered(400, "DLI.0001", "Route r1 already exists"), connsvcv1.ErrorReason_NAME_TAKEN},
		{createRoute, refused("The object EXISTS."), connsvcv1.ErrorReason_NAME_TAKEN},
		{get, answered(500, "DLI.0999", "No such element exists in the object that does not exist"), connsvcv1.ErrorReason_UPSTREAM_FAULT},

		// States that DLI does not change from.
		{remove, answered(400, "DLI.0001", "The connection that is being created cannot be deleted."), connsvcv1.ErrorReason_CONNECTION_BUSY},
		{remove, answered(400, "DLI.0007", "The operation is not supported."), connsvcv1.ErrorReason_CONNECTION_BUSY},
		{remove, answered(400, "DLI.0012", "Resource objects are unavailable."), connsvcv1.ErrorReason_CONNECTION_BUSY},
		{remove, refused("The connection that is being created cannot be deleted."), connsvcv1.ErrorReason_CONNECTION_BUSY},
		{createRoute, answered(400, "DLI.0001", "Error while creating the route."), connsvcv1.ErrorReason_VALIDATION_FAILED},
		{disassociate, answered(400, "DLI.0007", "The peer connection of q1 is failed and cannot be unbound."), connsvcv1.ErrorReason_PEERING_FAILED},
		{disassociate, answered(400, "DLI.0007", "The operation is not supported."), connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED},
		{hosts, refused("not today"), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{hosts, refused(""), connsvcv1.ErrorReason_UPSTREAM_REFUSED},

		// The API gateway and IAM.
		{get, answered(401, "APIGW.0301", "Incorrect IAM authentication information: ak LTAI5t not exist"), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, answered(401, "APIG.0301", "Incorrect IAM authentication information: decrypt token fail"), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, answered(403, "APIGW.0302", "The IAM user is not authorized to access the API"), connsvcv1.ErrorReason_UPSTREAM_DENIED},
		{get, answered(403, "APIG.0302", "The IAM user is not authorized to access the API"), connsvcv1.ErrorReason_UPSTREAM_DENIED},
		{get, answered(403, "", ""), connsvcv1.ErrorReason_UPSTREAM_DENIED},
		{get, answered(429, "APIGW.0308", "The throttling threshold has been reached"), connsvcv1.ErrorReason_UPSTREAM_THROTTLED},
		{get, answered(429, "", ""), connsvcv1.ErrorReason_UPSTREAM_THROTTLED},
		{get, answered(404, "APIGW.0101", "The API does not exist or has not been published in the environment"), connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED},
		{get, answered(404, "APIG.0101", "The API does not exist or has not been published in the environment"), connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED},
		{hosts, answered(413, "APIG.0201", "Request entity too large"), connsvcv1.ErrorReason_BODY_TOO_LARGE},
		{list, answered(414, "APIG.0201", "Request URI too large"), connsvcv1.ErrorReason_BODY_TOO_LARGE},
		{get, answered(502, "APIG.0202", "Backend unavailable"), connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
		{get, answered(504, "APIG.0203", "Backend timeout"), connsvcv1.ErrorReason_UPSTREAM_TIMEOUT},
		{get, answered(503, "", ""), connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
		{get, answered(504, "", ""), connsvcv1.ErrorReason_UPSTREAM_TIMEOUT},
		{get, answered(400, "IAM.0007", "Request parameter is invalid."), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, answered(400, "1101", "Request parameter is invalid."), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, answered(400, "", missingText), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		{get, answered(400, "", "not today"), connsvcv1.ErrorReason_UPSTREAM_REFUSED},
		{get, answered(400, "", ""), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(404, "", "Not Found"), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(404, "", ""), connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, answered(418, "", "Connection does not exist"), connsvcv1.ErrorReason_UPSTREAM_FAULT},

		// No answer, or none of DLI's.
		{get, &upstream.Error{Kind: upstream.NotConfigured}, connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED},
		{get, &upstream.Error{Kind: upstream.Unreachable}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
		{get, &upstream.Error{Kind: upstream.Broken, Sent: true}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
		{get, &upstream.Error{Kind: upstream.Timeout, Sent: true}, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT},
		{get, &upstream.Error{Kind: upstream.Cancelled, Sent: true}, connsvcv1.ErrorReason_CALLER_CANCELLED},
		{get, &upstream.Error{Kind: upstream.Malformed, HTTPStatus: 200}, connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, &upstream.Error{Kind: upstream.Malformed, HTTPStatus: 404}, connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, &upstream.Error{Kind: upstream.Malformed, HTTPStatus: 502}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
		{get, &upstream.Error{Kind: upstream.TooLarge, HTTPStatus: 200}, connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, &upstream.Error{Kind: upstream.Invalid}, connsvcv1.ErrorReason_INTERNAL},
		{get, &upstream.Error{}, connsvcv1.ErrorReason_UPSTREAM_FAULT},
		{get, &upstream.Error{Kind: upstream.BreakerOpen, RetryAfter: time.Second}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
		{get, &upstream.Error{Kind: upstream.Shed, RetryAfter: time.Second}, connsvcv1.ErrorReason_OVERLOADED},
		{createConnection, &upstream.Error{Kind: upstream.BreakerOpen, RetryAfter: time.Second}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
		{createConnection, &upstream.Error{Kind: upstream.Shed, RetryAfter: time.Second}, connsvcv1.ErrorReason_OVERLOADED},

		// Credentials: connsvc's, or those that the caller brought.
		{get, &upstream.Error{Kind: upstream.Unauthorized}, connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		{get, &upstream.Error{Kind: upstream.Unauthorized, CallersOwn: true}, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED},
		{createConnection, &upstream.Error{Kind: upstream.Unauthorized, CallersOwn: true}, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED},
		{get, &upstream.Error{Kind: upstream.Status, HTTPStatus: 401, Code: "APIGW.0301", CallersOwn: true}, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED},
		{get, &upstream.Error{Kind: upstream.Status, HTTPStatus: 401, CallersOwn: true}, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED},
		{get, &upstream.Error{Kind: upstream.Status, HTTPStatus: 400, Code: "DLI.0015", CallersOwn: true}, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED},
		{get, &upstream.Error{Kind: upstream.Status, HTTPStatus: 403, Code: "APIGW.0302", CallersOwn: true}, connsvcv1.ErrorReason_UPSTREAM_DENIED},
	} {
		t.Run(c.rpc.name+"/"+c.dli.Code+"/"+c.dli.Message, func(t *testing.T) {
			s, _ := script(t, c.dli)
			_, err := c.rpc.do(t.Context(), s)
			if e := asError(t, err); e.Reason != c.want {
				t.Errorf("got %v, want %v", e.Reason, c.want)
			}
		})
	}
}

// TestMissingConnectionIsOneError holds for every operation and every way in
// which DLI says that a connection does not exist.
func TestMissingConnectionIsOneError(t *testing.T) {
	for _, dli := range []*upstream.Error{
		answered(400, "DLI.0001", missingText),
		answered(400, "DLI.0001", "Connection "+connectionID+" is not exist"),
		answered(400, "DLI.0002", missingText),
		answered(400, "DLI.0008", missingText),
		answered(404, "DLI.0023", missingText),
		refused(missingText),
	} {
		for _, r := range aboutConnection() {
			t.Run(r.name+"/"+dli.Code+"/"+dli.Message, func(t *testing.T) {
				s, _ := script(t, dli)
				_, err := r.do(t.Context(), s)
				e := asError(t, err)
				got := []any{e.Reason, e.Code(), e.HTTPStatus, e.DLICode, e.Message, *e.Resource}
				want := []any{
					connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, codes.NotFound, 404, "DLI.0001", missingText,
					apierror.Resource{Type: apierror.TypeConnection, Name: connectionID},
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("(-want +got)\n%s", d)
				}
			})
		}
	}
}

func TestDLITextReachesTheCallerOnlyAsErrorMsg(t *testing.T) {
	const secret = "canonicalRequest:GET|ak:AKIDEXAMPLE"
	for name, c := range map[string]struct {
		dli      *upstream.Error
		wantText bool
		wantCode string
	}{
		"well-formed refusal": {answered(400, "DLI.0001", secret), true, "DLI.0001"},
		"well-formed fault":   {answered(500, "DLI.10001", secret), true, "DLI.10001"},
		"is_success=false":    {refused(secret), true, "DLI.0999"},
		"our credentials":     {answered(401, "APIGW.0301", secret), false, "DLI.0999"},
		"the caller's own": {
			&upstream.Error{Kind: upstream.Status, HTTPStatus: 401, Code: "APIGW.0301", Message: secret, CallersOwn: true}, false, "APIGW.0301",
		},
		"a broken answer": {&upstream.Error{Kind: upstream.Malformed, HTTPStatus: 200, Message: secret}, false, "DLI.0999"},
		"the cause":       {&upstream.Error{Kind: upstream.Broken, Err: errors.New(secret)}, false, "APIG.0202"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := script(t, c.dli)
			_, err := get.do(t.Context(), s)
			e := asError(t, err)
			if got := strings.Contains(e.GRPCStatus().String(), secret) && e.Message == secret; got != c.wantText {
				t.Errorf("handed on: %v, want %v (message %q)", got, c.wantText, e.Message)
			}
			if !c.wantText && strings.Contains(e.GRPCStatus().Proto().String(), "AKIDEXAMPLE") {
				t.Errorf("the status holds DLI's text: %v", e.GRPCStatus())
			}
			if e.DLICode != c.wantCode {
				t.Errorf("error_code is %q, want %q", e.DLICode, c.wantCode)
			}
		})
	}
}

// TestLostChangeSaysSo: after a lost response to a change, the message says that its
// outcome is unknown; of a read it does not.
func TestLostChangeSaysSo(t *testing.T) {
	repeated := answered(400, "", "")
	repeated.MayHaveExecuted = true
	for _, c := range []struct {
		dli     *upstream.Error
		unknown bool // of a change
	}{
		{&upstream.Error{Kind: upstream.Broken, Sent: true}, true},
		{&upstream.Error{Kind: upstream.Timeout, Sent: true}, true},
		{answered(503, "", ""), true},
		{&upstream.Error{Kind: upstream.Malformed, HTTPStatus: 200, Sent: true}, true},
		{repeated, true},
		{&upstream.Error{Kind: upstream.Broken}, false},
		{&upstream.Error{Kind: upstream.Unreachable}, false},
		{answered(400, "", ""), false},
		{answered(429, "APIGW.0308", ""), false},
	} {
		for _, r := range aboutConnection() {
			s, _ := script(t, c.dli)
			_, err := r.do(t.Context(), s)
			change := !slices.Contains([]string{"get", "list privileges", "list privileges by object"}, r.name)
			if got := strings.Contains(asError(t, err).Message, "unknown"); got != (c.unknown && change) {
				t.Errorf("%s after %v: %q", r.name, c.dli, asError(t, err).Message)
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for name, c := range map[string]struct {
		dli  *upstream.Error
		want time.Duration
	}{
		"as DLI asks":           {&upstream.Error{Kind: upstream.Status, HTTPStatus: 429, RetryAfter: 17 * time.Second}, 17 * time.Second},
		"as the map says":       {answered(429, "APIGW.0308", ""), 5 * time.Second},
		"not longer than 1h":    {&upstream.Error{Kind: upstream.Status, HTTPStatus: 503, RetryAfter: 48 * time.Hour}, time.Hour},
		"no retry of a refusal": {&upstream.Error{Kind: upstream.Status, HTTPStatus: 400, Code: "DLI.0001", RetryAfter: time.Second}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := script(t, c.dli)
			_, err := get.do(t.Context(), s)
			if got := asError(t, err).RetryAfter; got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestMissingQueueIsNamed(t *testing.T) {
	for text, want := range map[string]apierror.Resource{
		"There is no queue named q2":                 {Type: apierror.TypeQueue, Name: "q2"},
		"There is no queue named Q2.":                {Type: apierror.TypeQueue, Name: "q2"},
		"There is no queue named other":              {Type: apierror.TypeQueue},
		"There is no elastic resource pool named p1": {Type: apierror.TypePool, Name: "p1"},
		"There is no elastic resource pool":          {Type: apierror.TypePool, Name: "p1"},
	} {
		s, _ := script(t, answered(400, "DLI.0002", text))
		_, err := associate.do(t.Context(), s)
		if d := cmp.Diff(&want, asError(t, err).Resource); d != "" {
			t.Errorf("%s (-want +got)\n%s", text, d)
		}
	}
}

// TestMissingAfterARepeat: what an earlier attempt of the call may have deleted is
// deleted, as the caller wanted.
func TestMissingAfterARepeat(t *testing.T) {
	missing := func(code, text string, repeated bool) *upstream.Error {
		e := answered(400, code, text)
		e.MayHaveExecuted = repeated
		return e
	}
	for name, c := range map[string]struct {
		rpc  rpc
		dli  *upstream.Error
		want connsvcv1.ErrorReason // 0: success
	}{
		"delete":                {remove, missing("DLI.0001", missingText, true), 0},
		"delete, at once":       {remove, missing("DLI.0001", missingText, false), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		"delete, busy":          {remove, missing("DLI.0007", "no", true), connsvcv1.ErrorReason_CONNECTION_BUSY},
		"delete route":          {deleteRoute, missing("DLI.0002", "There is no route named r1", true), 0},
		"delete route, at once": {deleteRoute, missing("DLI.0002", "There is no route named r1", false), connsvcv1.ErrorReason_RESOURCE_NOT_FOUND},
		"hosts":                 {hosts, missing("DLI.0001", missingText, true), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
		"get":                   {get, missing("DLI.0001", missingText, true), connsvcv1.ErrorReason_CONNECTION_NOT_FOUND},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := script(t, c.dli)
			_, err := c.rpc.do(t.Context(), s)
			if c.want != 0 {
				wantReason(t, name, err, c.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
