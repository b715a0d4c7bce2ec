package emulator_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
)

// An outcome is what a caller sees of a call that may go wrong.
type outcome struct {
	reply
	err error // of the call, or of reading the body
}

// try sends a request on a connection of its own, so that the client does not retry.
func (d *dli) try(method, path, body string) outcome {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Close = true
	o := outcome{reply: reply{t: d.t, request: method + " " + path}}
	resp, err := d.client.Do(r)
	if err != nil {
		o.err = err
		return o
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	o.status, o.header, o.body, o.err = resp.StatusCode, resp.Header, string(content), err
	return o
}

// faulted starts an emulator with one rule: every create goes wrong so.
func faulted(t *testing.T, f faults.Fault) *dli {
	t.Helper()
	return start(t, emulator.Options{Faults: []faults.Rule{{Operation: "CreateEnhancedConnection", Fault: f}}})
}

// made checks how many connections there are.
func (d *dli) made(want int) {
	d.t.Helper()
	if got := len(d.Connections(projectA)); got != want {
		d.t.Errorf("%d connections, want %d", got, want)
	}
}

const created = `{"is_success":true,"message":"","connection_id":"00000000-0000-4000-8000-000000000001"}`

// What a create that goes wrong looks like, and whether it was executed.
func TestKinds(t *testing.T) {
	for name, test := range map[string]struct {
		fault   faults.Fault
		status  int
		body    string
		header  string // "name: value"
		err     error
		commits bool
	}{
		"reset before": {fault: faults.Fault{Kind: faults.ResetBefore}, err: syscall.ECONNRESET},
		"reset after":  {fault: faults.Fault{Kind: faults.ResetAfter}, err: syscall.ECONNRESET},
		"drop answer":  {fault: faults.Fault{Kind: faults.DropAnswer}, err: syscall.ECONNRESET, commits: true},
		"bounded hang": {fault: faults.Fault{Kind: faults.Hang, Delay: 1}, err: syscall.ECONNRESET},
		"late hang":    {fault: faults.Fault{Kind: faults.Hang, Delay: 1, Commit: true}, err: syscall.ECONNRESET, commits: true},
		"latency":      {fault: faults.Fault{Kind: faults.Latency, Delay: 1}, status: 201, body: created, commits: true},
		"delay answer": {fault: faults.Fault{Kind: faults.DelayAnswer, Delay: 1}, status: 201, body: created, commits: true},
		"truncated": {
			fault: faults.Fault{Kind: faults.TruncatedBody}, status: 201, body: created[:len(created)/2],
			header: fmt.Sprint("Content-Length: ", len(created)), err: io.ErrUnexpectedEOF, commits: true,
		},
		"wrong length": {
			fault: faults.Fault{Kind: faults.WrongLength}, status: 201, body: created[:len(created)/2],
			header: fmt.Sprint("Content-Length: ", len(created)/2), commits: true,
		},
		"html": {
			fault: faults.Fault{Kind: faults.HTML}, status: 200, body: "<!DOCTYPE html>", header: "Content-Type: text/html; charset=utf-8",
		},
		"html 502": {
			fault: faults.Fault{Kind: faults.HTML, Status: 502}, status: 502, body: "<!DOCTYPE html>", header: "Content-Type: text/html; charset=utf-8",
		},
		"committed html": {fault: faults.Fault{Kind: faults.HTML, Commit: true}, status: 200, body: "<!DOCTYPE html>", commits: true},
		"invalid JSON": {
			fault: faults.Fault{Kind: faults.InvalidJSON}, status: 201, body: `{"is_success":true,"message":"","connec`, header: "Content-Type: application/json",
		},
		"unsuccessful": {
			fault: faults.Fault{Kind: faults.Unsuccessful}, status: 201, body: `{"is_success":false,"message":"The operation did not succeed."}`,
		},
		"expired token": {
			fault: faults.Fault{Kind: faults.ExpiredToken}, status: 401,
			body: `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: decrypt token fail","request_id":"`,
		},
		"expired token of DLI": {
			fault: faults.Fault{Kind: faults.ExpiredToken, Code: "DLI.0013"}, status: 401,
			body: `{"error_code":"DLI.0013","error_msg":"User authentication errors occur."}`,
		},
		"500": {
			fault: faults.Fault{Kind: faults.Status, Status: 500}, status: 500, body: `{"error_code":"DLI.0999","error_msg":"Server-side errors occur."}`,
		},
		"committed 500": {fault: faults.Fault{Kind: faults.Status, Status: 500, Commit: true}, status: 500, body: `{"error_code":"DLI.0999"`, commits: true},
		"502":           {fault: faults.Fault{Kind: faults.Status, Status: 502}, status: 502, body: `{"error_code":"APIG.0202"`},
		"503":           {fault: faults.Fault{Kind: faults.Status, Status: 503}, status: 503, body: `{"error_code":"APIG.0202"`},
		"504":           {fault: faults.Fault{Kind: faults.Status, Status: 504}, status: 504, body: `{"error_code":"APIG.0203"`},
		"plain 503": {
			fault: faults.Fault{Kind: faults.Status, Status: 503, Body: "upstream connect error"}, status: 503, body: "upstream connect error",
			header: "Content-Type: text/plain; charset=utf-8",
		},
		"a code": {
			fault: faults.Fault{Kind: faults.Status, Status: 400, Code: "DLI.0012"}, status: 400, body: `{"error_code":"DLI.0012","error_msg":"Bad Request"}`,
		},
		"429":               {fault: faults.Fault{Kind: faults.Status, Status: 429}, status: 429, body: `{"error_code":"APIGW.0308"`, header: "Retry-After: "},
		"429 with seconds":  {fault: faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: 2 * second}, status: 429, header: "Retry-After: 2"},
		"429 with fraction": {fault: faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: second + 1}, status: 429, header: "Retry-After: 2"},
		"429 with a date": {
			// The clock is at 06:40:11.125, so 06:40:13 would be too early.
			fault:  faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: 2 * second, RetryAfterDate: true},
			status: 429, header: "Retry-After: Tue, 27 Aug 2019 06:40:14 GMT",
		},
		"503 with seconds": {fault: faults.Fault{Kind: faults.Status, Status: 503, RetryAfter: second}, status: 503, header: "Retry-After: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := faulted(t, test.fault)
			o := d.try("POST", connectionsA, createBody("c"))
			if !errors.Is(o.err, test.err) {
				t.Errorf("error %v, want %v", o.err, test.err)
			}
			if o.status != test.status || !strings.HasPrefix(o.body, test.body) {
				t.Errorf("%d %s, want %d %s", o.status, o.body, test.status, test.body)
			}
			if name, value, _ := strings.Cut(test.header, ": "); o.header.Get(name) != value {
				t.Errorf("%s: %q, want %q", name, o.header.Get(name), value)
			}
			want := 0
			if test.commits {
				want = 1
			}
			d.made(want)
		})
	}
}

// A fault does not affect later calls.
func TestFaultPasses(t *testing.T) {
	d := start(t, emulator.Options{Faults: []faults.Rule{
		{Operation: "CreateEnhancedConnection", Nth: 1, Fault: faults.Fault{Kind: faults.DropAnswer}},
	}})
	if o := d.try("POST", connectionsA, createBody("c")); o.err == nil {
		t.Errorf("the first create has a response: %d %s", o.status, o.body)
	}
	d.do("POST", connectionsA, createBody("c")).rejected(400, "DLI.0006", "The object exists.")
	if diff := cmp.Diff([]string{"c"}, names(t, d.do("GET", connectionsA, ""))); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}

// Errors are damaged like successes.
func TestFaultsOfErrors(t *testing.T) {
	d := faulted(t, faults.Fault{Kind: faults.TruncatedBody})
	o := d.try("POST", connectionsA, "{")
	if o.status != 400 || !errors.Is(o.err, io.ErrUnexpectedEOF) || !strings.HasPrefix(o.body, `{"error_code":"DLI.0001"`) {
		t.Errorf("%d %s, %v", o.status, o.body, o.err)
	}
	d.made(0)
}

// Faults come before authentication, but what a fault executes is authenticated.
func TestFaultsDoNotBypassAuthentication(t *testing.T) {
	d := start(t, emulator.Options{Identities: iam.Identities{Tokens: []string{"token"}}, Faults: []faults.Rule{
		{Operation: "*", Nth: 1, Fault: faults.Fault{Kind: faults.Status, Status: 503}},
		{Operation: "*", Fault: faults.Fault{Kind: faults.DelayAnswer, Delay: 1}},
	}})
	if o := d.try("POST", connectionsA, createBody("c")); o.status != 503 {
		t.Errorf("status %d, want 503", o.status)
	}
	if o := d.try("POST", connectionsA, createBody("c")); o.status != 401 {
		t.Errorf("status %d, want 401", o.status)
	}
	d.made(0)
}

func TestEndlessBody(t *testing.T) {
	for _, commit := range []bool{false, true} {
		d := faulted(t, faults.Fault{Kind: faults.EndlessBody, Commit: commit})
		r, err := http.NewRequestWithContext(t.Context(), "POST", d.url+connectionsA, strings.NewReader(createBody("c")))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := d.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		// Any bound would do: what is shown is that the bound is the reader's.
		n, err := io.CopyN(io.Discard, resp.Body, 8<<20)
		if n != 8<<20 || err != nil || resp.StatusCode != http.StatusCreated {
			t.Errorf("status %d, %d bytes, %v", resp.StatusCode, n, err)
		}
		resp.Body.Close()
		want := 0
		if commit {
			want = 1
		}
		d.made(want)
	}
}

// A large request does not fail because the response does not need its body.
func TestLargeRequestsAreReadBeforeTheResponse(t *testing.T) {
	d := faulted(t, faults.Fault{Kind: faults.Status, Status: 503})
	padded := createBody("c") + strings.Repeat(" ", 4<<20)
	for range 5 {
		if o := d.try("POST", connectionsA, padded); o.err != nil || o.status != 503 {
			t.Errorf("%d, %v, want 503", o.status, o.err)
		}
	}
	d = faulted(t, faults.Fault{Kind: faults.Latency, Delay: 1})
	if o := d.try("POST", connectionsA, padded); o.status != http.StatusCreated {
		t.Errorf("%d %s, %v", o.status, o.body, o.err)
	}
	if o := d.try("POST", connectionsA, strings.Repeat(" ", 12<<20+1)); o.status != http.StatusRequestEntityTooLarge {
		t.Errorf("more than 12 MB: %d, %v", o.status, o.err)
	}
}
