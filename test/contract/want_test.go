package contract_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/test/dlirest"
)

// A want is the wanted outcome of a call: success if it has no reason.
type want struct {
	Reason     string             `json:"reason"`     // ErrorReason; error_map.yaml has the rest
	Message    *string            `json:"message"`    // gRPC's message and error_msg
	Code       string             `json:"error_code"` // of REST
	Metadata   map[string]*string `json:"metadata"`   // of ErrorInfo; "*": any; null: absent
	Violations []violation        `json:"violations"`
	Details    *[]string          `json:"details"` // nil: those of error_map.yaml
	Resource   *resource          `json:"resource"`
	Never      []string           `json:"never"` // texts that must not reach the caller

	Response json.RawMessage `json:"response"` // of gRPC, exactly
	HTTP     wantHTTP        `json:"http"`
}

// wantHTTP is wanted of REST only.
type wantHTTP struct {
	Status  int                `json:"status"`  // 0: that of error_map.yaml or of the operation
	Headers map[string]*string `json:"headers"` // "*": any; null: absent
	Body    json.RawMessage    `json:"body"`    // of a success, exactly; nil: Response
}

type violation struct {
	Field  string `json:"field"`
	Reason string `json:"reason"` // empty: any
	Says   string `json:"says"`   // a part of its description
}

type resource struct {
	Type string `json:"type"`
	Name string `json:"name"`
}

// A mapRow is a row of the error map.
type mapRow struct {
	Code    string   `json:"code"`
	HTTP    int      `json:"http"`
	Details []string `json:"details"` // beside ErrorInfo, RequestInfo and Help
}

func (r mapRow) retries() bool { return strings.Contains(strings.Join(r.Details, " "), "RetryInfo") }

// A callError is an error as the caller sees it.
type callError struct {
	code    string // NOT_FOUND
	message string
	details []proto.Message
}

// find returns the detail of a type, or nil.
func find[M proto.Message](r *callError) (M, bool) {
	for _, d := range r.details {
		if m, ok := d.(M); ok {
			return m, true
		}
	}
	var none M
	return none, false
}

// checkError checks what an error has in both APIs.
func (w *want) checkError(t *testing.T, row mapRow, r *callError, requestID string) {
	t.Helper()
	if r.code != row.Code {
		t.Errorf("code %s, wanted %s: %s", r.code, row.Code, r.message)
	}
	if w.Message != nil && r.message != *w.Message {
		t.Errorf("message %q, wanted %q", r.message, *w.Message)
	}
	info, ok := find[*errdetails.ErrorInfo](r)
	if !ok {
		t.Fatalf("no ErrorInfo in %v, %s", r.details, r.message)
	}
	if info.GetReason() != w.Reason || info.GetDomain() != "connsvc.v1" {
		t.Errorf("reason %s of %s, wanted %s: %s", info.GetReason(), info.GetDomain(), w.Reason, r.message)
	}
	for name, value := range w.Metadata {
		got, has := info.GetMetadata()[name]
		if has != (value != nil) || has && *value != "*" && *value != got {
			t.Errorf("metadata %v: wanted %s to be %v", info.GetMetadata(), name, text(value))
		}
	}
	if got, _ := find[*errdetails.RequestInfo](r); got.GetRequestId() != requestID {
		t.Errorf("RequestInfo has the request ID %q, the response %q", got.GetRequestId(), requestID)
	}
	checkHelp(t, w.Reason, r)
	w.checkDetails(t, row, r)
}

func text(s *string) string {
	if s == nil {
		return "absent"
	}
	return *s
}

func checkHelp(t *testing.T, reason string, r *callError) {
	t.Helper()
	help, _ := find[*errdetails.Help](r)
	if len(help.GetLinks()) != 1 || !strings.HasSuffix(help.GetLinks()[0].GetUrl(), "docs/errors.md#"+strings.ToLower(reason)) {
		t.Errorf("help %v does not link to the reason", help.GetLinks())
	}
}

// checkDetails checks that the details are exactly those of the map's row and that they
// have what the case wants.
func (w *want) checkDetails(t *testing.T, row mapRow, r *callError) {
	t.Helper()
	var names []string
	for _, d := range r.details {
		switch name := string(d.ProtoReflect().Descriptor().Name()); name {
		case "ErrorInfo", "RequestInfo", "Help":
		default:
			names = append(names, name)
		}
	}
	wanted := row.Details
	if w.Details != nil {
		wanted = *w.Details
	}
	if diff := cmp.Diff(sorted(wanted), sorted(names)); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
	if w.Resource != nil {
		got, _ := find[*errdetails.ResourceInfo](r)
		if diff := cmp.Diff(*w.Resource, resource{strings.TrimPrefix(got.GetResourceType(), "connsvc.v1/"), got.GetResourceName()}); diff != "" {
			t.Errorf("resource (-want +got):\n%s", diff)
		}
	}
	if retry, ok := find[*errdetails.RetryInfo](r); ok && retry.GetRetryDelay().AsDuration() <= 0 {
		t.Errorf("retry after %v", retry.GetRetryDelay())
	}
	if w.Violations != nil {
		bad, _ := find[*errdetails.BadRequest](r)
		w.checkViolations(t, bad.GetFieldViolations())
	}
}

func (w *want) checkViolations(t *testing.T, got []*errdetails.BadRequest_FieldViolation) {
	t.Helper()
	if len(got) != len(w.Violations) {
		t.Errorf("got %d violations, wanted %d: %v", len(got), len(w.Violations), got)
		return
	}
	for i, v := range w.Violations {
		g := got[i]
		if g.GetField() != v.Field || v.Reason != "" && g.GetReason() != v.Reason || !strings.Contains(g.GetDescription(), v.Says) {
			t.Errorf("violation %d is %v, wanted %+v", i, g, v)
		}
	}
}

// checkNever checks that an error contains no secret and no internal text.
func (w *want) checkNever(t *testing.T, text string) {
	t.Helper()
	for _, secret := range append(w.Never, dliToken, "SecretKey") {
		if strings.Contains(text, secret) {
			t.Errorf("the response contains %q: %.500s", secret, text)
		}
	}
}

func (w *want) httpStatus(row mapRow, rpc string) int {
	switch {
	case w.HTTP.Status != 0:
		return w.HTTP.Status
	case w.Reason != "":
		return row.HTTP
	}
	if operations := dlirest.OperationsOf(rpc); len(operations) > 0 {
		return operations[0].Status
	}
	return http.StatusOK
}
