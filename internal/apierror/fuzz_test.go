package apierror_test

import (
	"fmt"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/upstream"
	"github.com/connsvc/connsvc/internal/validation"
)

const connectionID = "503fc86a-5e60-4349-92c2-7e399404fa8a"

// checkError is what holds of every error, whatever it came from.
func checkError(t *testing.T, err error) {
	t.Helper()
	e := apierror.From(err)
	if _, known := places[e.Reason.String()]; !known {
		t.Errorf("reason %v has no place", e.Reason)
	}
	st := e.WithRequestID("5c8f0a1e").GRPCStatus()
	if st.Code() == codes.OK || st.Code() != e.Code() {
		t.Errorf("code %v of the status, %v of the error", st.Code(), e.Code())
	}
	if n := trailerBytes(t, st); n > apierror.MaxStatusBytes {
		t.Errorf("%d bytes of trailers", n)
	}
	if len(st.Details()) == 0 || !utf8.ValidString(st.Message()) || !utf8.ValidString(e.Message) {
		t.Errorf("details %v, message %q", st.Details(), e.Message)
	}
	if e.HTTPStatus < 400 || e.HTTPStatus > 599 || e.Message == "" || e.DLICode == "" {
		t.Errorf("HTTP %d, %q, %q", e.HTTPStatus, e.DLICode, e.Message)
	}
	if again := apierror.From(fmt.Errorf("wrapped: %w", e)); again != e {
		t.Errorf("%v became %v", e, again)
	}
}

// FuzzFromDLI checks the error of any response of DLI, for every kind of call.
func FuzzFromDLI(f *testing.F) {
	for _, text := range []string{
		"Connection " + connectionID + " does not exist.", "There is no queue named q1", "there is no ", "The object exists.",
		"is being created", "\xff表%\n", "", "There is no project named p1", "No project p1 was found.",
	} {
		for _, code := range []string{"DLI.0001", "DLI.0002", "DLI.0999", "DLI.10001", "APIGW.0301", "APIG.0101", "IAM.0007", ""} {
			f.Add(int(upstream.Status), 400, code, text, "dli-1", int64(0), true)
		}
	}
	f.Add(int(upstream.Unsuccessful), 200, "", "no", "", int64(time.Minute), true)
	f.Add(int(upstream.Malformed), 502, "", "", "", int64(-1), false)
	f.Add(int(upstream.TooLarge), 400, "0", "0", "0", int64(0), true)
	f.Fuzz(func(t *testing.T, kind, httpStatus int, code, text, requestID string, retryAfter int64, sent bool) {
		u := &upstream.Error{
			Kind: upstream.Kind(kind), HTTPStatus: httpStatus, Code: code, Message: text, RequestID: requestID,
			RetryAfter: time.Duration(retryAfter), Sent: sent,
		}
		checkError(t, u)
		for operation := apierror.Other; operation <= apierror.GetConnectivityTest; operation++ {
			subject := apierror.Subject{Operation: operation, Project: "p", Name: "c1", Queues: []string{"q1"}}
			tests := operation == apierror.CreateConnectivityTest || operation == apierror.GetConnectivityTest
			if operation != apierror.CreateConnection && operation != apierror.ListConnections && !tests {
				subject.ConnectionID = connectionID
			}
			subject.Change = operation != apierror.Other && operation != apierror.ListConnections && !tests
			err := apierror.FromDLI(u, subject)
			checkError(t, err)
			e := apierror.From(err)
			if e.Reason == connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN && !sent {
				t.Error("a create that was never sent has an unknown outcome")
			}
			if tests && (e.Reason == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND || e.Reason == connsvcv1.ErrorReason_CONNECTION_BUSY) {
				t.Errorf("a connectivity test is about a connection: %v", e)
			}
			if !subject.Change && !tests && e.HTTPStatus == 404 && (e.Reason != connsvcv1.ErrorReason_CONNECTION_NOT_FOUND || operation == apierror.ListConnections) {
				t.Errorf("a read is 404 for %v", e)
			}
			if again := apierror.FromDLI(fmt.Errorf("wrapped: %w", err), apierror.Subject{}); apierror.From(again) != e {
				t.Errorf("mapped twice: %v", again)
			}
		}
	})
}

// FuzzFromRequestError holds for any text of a violation and of a decoding error.
func FuzzFromRequestError(f *testing.F) {
	f.Add("hosts[3].ip", "string.ipv4", "must be an IPv4 address", 30, 1)
	f.Add("", "", "", 0, 0)
	f.Add("表\xff", "表", "%%%", 1001, -3)
	f.Fuzz(func(t *testing.T, field, rule, message string, n, kind int) {
		listed := make([]validation.Violation, max(0, min(n, validation.MaxViolations)))
		for i := range listed {
			listed[i] = validation.Violation{Field: field, RuleID: rule, Message: message}
		}
		checkError(t, &validation.Error{Violations: listed, Total: n})
		checkError(t, fmt.Errorf("reading: %w", &dlijson.Error{Kind: dlijson.Kind(kind), Path: field, Message: message}))
	})
}
