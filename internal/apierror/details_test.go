package apierror_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

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
			e.Response = &apierror.Response{Code: s, RequestID: s, HTTPStatus: 400}
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
		e.Response = &apierror.Response{Code: long, RequestID: long, HTTPStatus: 400}
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
