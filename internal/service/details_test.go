package service_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/validation"
)

// trailerBytes is what a status takes in the trailers, counted anew: base64 of
// the whole status, and its message with every byte but plain ASCII as %XX.
func trailerBytes(t testing.TB, st *status.Status) int {
	t.Helper()
	b, err := proto.Marshal(st.Proto())
	if err != nil {
		t.Fatalf("marshalling the status: %v", err)
	}
	n := base64.StdEncoding.EncodedLen(len(b))
	for _, c := range []byte(st.Message()) {
		if c >= ' ' && c <= '~' && c != '%' {
			n++
		} else {
			n += 3
		}
	}
	return n
}

func detail[T proto.Message](t *testing.T, st *status.Status) T {
	t.Helper()
	var found T
	for _, d := range st.Details() {
		if m, ok := d.(T); ok {
			return m
		}
	}
	t.Fatalf("no %T among %v", found, st.Details())
	return found
}

func violations(n int, s string) []validation.Violation {
	v := make([]validation.Violation, n)
	for i := range v {
		v[i] = validation.Violation{Field: s, RuleID: "host.name", Message: s}
	}
	return v
}

func TestStatusFitsIntoTrailers(t *testing.T) {
	long := map[string]string{
		"ascii":   strings.Repeat("x", 128),
		"percent": strings.Repeat("%", 128),
		"cjk":     strings.Repeat("表", 128),
		"emoji":   strings.Repeat("🜁", 128),
		"invalid": strings.Repeat("\xffx", 64),
		"control": strings.Repeat("\n\x00", 64),
	}
	for name, s := range long {
		t.Run(name, func(t *testing.T) {
			e := apierror.From(&validation.Error{Violations: violations(1000, s), Total: 20_000})
			e.Message = strings.Repeat(s, 512) // 64 KiB and more
			e.RetryAfter = time.Minute
			e.Answer = &apierror.Answer{Code: s, RequestID: s, HTTPStatus: 400}
			e.Metadata = map[string]string{"existing_connection_id": s, "same_spec": "false"}
			e.Subject = s
			st := e.WithRequestID(s).GRPCStatus()
			if n := trailerBytes(t, st); n > apierror.MaxStatusBytes {
				t.Errorf("%d bytes of trailers, at most %d", n, apierror.MaxStatusBytes)
			}
			if !utf8.ValidString(st.Message()) || !strings.HasSuffix(st.Message(), "...") {
				t.Errorf("message is not cut at a rune: %q", st.Message())
			}
			if n := len(detail[*errdetails.BadRequest](t, st).GetFieldViolations()); n < 1 {
				t.Error("no violation is left")
			}
			if got := detail[*errdetails.ErrorInfo](t, st).GetMetadata()["violations_total"]; got != "20000" {
				t.Errorf("violations_total is %q", got)
			}
		})
	}
}

func TestStatusOfEveryReasonFits(t *testing.T) {
	for number := range connsvcv1.ErrorReason_name {
		e := apierror.New(connsvcv1.ErrorReason(number), strings.Repeat("表", 20_000), nil)
		long := strings.Repeat("表", 1000)
		e.Resource = &apierror.Resource{Type: apierror.TypePool, Name: long, Description: long}
		e.Subject = long
		e.RetryAfter = time.Hour
		e.Answer = &apierror.Answer{Code: long, RequestID: long, HTTPStatus: 400}
		e.Metadata = map[string]string{"existing_connection_id": long, "same_spec": long}
		st := e.WithRequestID(long).GRPCStatus()
		if n := trailerBytes(t, st); n > apierror.MaxStatusBytes {
			t.Errorf("%v: %d bytes of trailers", e.Reason, n)
		}
		if len(e.Message) > 4096 || !utf8.ValidString(e.Message) {
			t.Errorf("%v: message of %d bytes", e.Reason, len(e.Message))
		}
		detail[*errdetails.RequestInfo](t, st)
		detail[*errdetails.RetryInfo](t, st)
	}
}

func TestShortViolationsAreAllListed(t *testing.T) {
	for total, want := range map[int]int{1: 1, 25: 25, 26: 25, 1000: 25} {
		e := apierror.From(&validation.Error{Violations: violations(total, "must be short"), Total: total})
		st := e.GRPCStatus()
		if got := len(detail[*errdetails.BadRequest](t, st).GetFieldViolations()); got != want {
			t.Errorf("%d violations: %d are listed, want %d", total, got, want)
		}
		var rest *errdetails.BadRequest
		for _, d := range e.Details(1000) {
			if b, ok := d.(*errdetails.BadRequest); ok {
				rest = b
			}
		}
		if got := len(rest.GetFieldViolations()); got != total {
			t.Errorf("%d violations: Details(1000) lists %d", total, got)
		}
	}
}

func TestDetails(t *testing.T) {
	const docs = "https://github.com/connsvc/connsvc/blob/main/docs/errors.md#"
	help := func(anchor string) *errdetails.Help {
		return &errdetails.Help{Links: []*errdetails.Help_Link{{Description: "what it means and what to do", Url: docs + anchor}}}
	}
	info := func(reason string, metadata map[string]string) *errdetails.ErrorInfo {
		return &errdetails.ErrorInfo{Reason: reason, Domain: "connsvc.v1", Metadata: metadata}
	}
	fromDLI := func(httpStatus, code string) map[string]string {
		return map[string]string{"dli_error_code": code, "dli_request_id": "dli-1", "http_status": httpStatus}
	}
	for name, c := range map[string]struct {
		rpc  rpc
		dli  error
		want []proto.Message
	}{
		"NOT_FOUND": {get, answered(404, "DLI.0023", "No related resources were found."), []proto.Message{
			info("CONNECTION_NOT_FOUND", fromDLI("404", "DLI.0023")),
			&errdetails.ResourceInfo{ResourceType: "connsvc.v1/EnhancedConnection", ResourceName: connectionID},
			help("connection_not_found"),
		}},
		"ALREADY_EXISTS": {createRoute, answered(400, "DLI.0006", "The object exists."), []proto.Message{
			info("NAME_TAKEN", fromDLI("400", "DLI.0006")),
			&errdetails.ResourceInfo{
				ResourceType: "connsvc.v1/Route", ResourceName: "r1", Description: "route of connection " + connectionID,
			},
			help("name_taken"),
		}},
		"FAILED_PRECONDITION": {remove, answered(400, "DLI.0007", "no"), []proto.Message{
			info("CONNECTION_BUSY", fromDLI("400", "DLI.0007")),
			&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{{
				Type: "CONNECTION_BUSY", Subject: "connsvc.v1/EnhancedConnection/" + connectionID,
				Description: "a peering of the connection is still being created",
			}}},
			help("connection_busy"),
		}},
		"quota": {create, answered(400, "DLI.1028", "The quota is insufficient."), []proto.Message{
			info("UPSTREAM_QUOTA", fromDLI("400", "DLI.1028")),
			&errdetails.QuotaFailure{Violations: []*errdetails.QuotaFailure_Violation{{
				Subject: "project:" + projectID, Description: "a quota of the DLI account is used up",
			}}},
			help("upstream_quota"),
		}},
		"UNAVAILABLE": {get, answered(503, "", ""), []proto.Message{
			info("UPSTREAM_UNAVAILABLE", map[string]string{"dli_request_id": "dli-1", "http_status": "503"}),
			&errdetails.RetryInfo{RetryDelay: durationpb.New(2 * time.Second)},
			help("upstream_unavailable"),
		}},
		"no answer": {get, errors.New("a defect"), []proto.Message{info("INTERNAL", nil), help("internal")}},
		"invalid": {get, &validation.Error{Violations: violations(1, "hosts[3]"), Total: 1}, []proto.Message{
			info("VALIDATION_FAILED", map[string]string{"violations_total": "1"}),
			&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{
				Field: "hosts[3]", Description: "hosts[3]", Reason: "HOST_NAME",
			}}},
			help("validation_failed"),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := script(t, c.dli)
			_, err := c.rpc.do(t.Context(), s)
			var got []proto.Message
			for _, d := range asError(t, err).GRPCStatus().Details() {
				got = append(got, d.(proto.Message))
			}
			if d := cmp.Diff(c.want, got, protocmp.Transform()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestWithRequestIDIsACopy(t *testing.T) {
	e := apierror.New(connsvcv1.ErrorReason_INTERNAL, "", nil)
	got := detail[*errdetails.RequestInfo](t, e.WithRequestID("r-1").GRPCStatus())
	if got.GetRequestId() != "r-1" || e.RequestID != "" {
		t.Errorf("got %v; the original has %q", got, e.RequestID)
	}
}

func TestErrorTextHasTheCause(t *testing.T) {
	cause := errors.New("dial tcp: refused")
	e := fmt.Errorf("handling: %w", apierror.New(connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE, "", cause))
	if !errors.Is(e, cause) || !strings.Contains(e.Error(), "UPSTREAM_UNAVAILABLE") || !strings.Contains(e.Error(), cause.Error()) {
		t.Errorf("got %q", e)
	}
	if st := apierror.From(e).GRPCStatus(); strings.Contains(st.Proto().String(), "dial tcp") {
		t.Errorf("the cause is sent: %v", st)
	}
}
