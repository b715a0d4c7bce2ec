package emulator_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// raw sends text over TCP, and returns what came back and the error at its end.
func (d *dli) raw(text string) (string, error) {
	d.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(d.t.Context(), "tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		d.t.Fatal(err)
	}
	response, err := io.ReadAll(conn)
	return string(response), err
}

func requestText(body string, length int) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: dli\r\nContent-Length: %d\r\n\r\n%s", connectionsA, length, body)
}

// Resets are resets, not ends, and the one before reading does not wait for the
// body.
func TestResetsOnTheWire(t *testing.T) {
	d := faulted(t, faults.Fault{Kind: faults.ResetBefore})
	if response, err := d.raw(requestText("{", 1000)); response != "" || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("before: %q, %v", response, err)
	}
	for _, kind := range []faults.Kind{faults.ResetAfter, faults.DropAnswer} {
		d = faulted(t, faults.Fault{Kind: kind})
		body := createBody("c")
		if response, err := d.raw(requestText(body, len(body))); response != "" || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %q, %v", kind, response, err)
		}
	}
}

func TestWrongLengthOnTheWire(t *testing.T) {
	d := faulted(t, faults.Fault{Kind: faults.WrongLength})
	body := createBody("c")
	response, err := d.raw(requestText(body, len(body)))
	head, got, _ := strings.Cut(response, "\r\n\r\n")
	if err != nil || got != created || !strings.HasPrefix(head, "HTTP/1.1 201 Created\r\n") {
		t.Errorf("%q, %v", response, err)
	}
	if want := fmt.Sprintf("Content-Length: %d\r\n", len(created)/2); !strings.Contains(head+"\r\n", want) {
		t.Errorf("no %q in %q", want, head)
	}
}

// Over TLS a reset is a TCP reset too, and over HTTP/2 it ends the stream.
func TestResetsOverTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		e := emulator.New(emulator.Options{Faults: []faults.Rule{{Operation: "*", Fault: faults.Fault{Kind: faults.DropAnswer}}}})
		server := httptest.NewUnstartedServer(e)
		server.EnableHTTP2 = http2
		server.StartTLS()
		t.Cleanup(server.Close)
		d := &dli{Emulator: e, t: t, url: server.URL, client: server.Client()}
		o := d.try("POST", connectionsA, createBody("c"))
		if o.err == nil || errors.Is(o.err, syscall.ECONNRESET) == http2 {
			t.Errorf("HTTP/2 %t: %d %s, %v", http2, o.status, o.body, o.err)
		}
		d.made(1)
	}
}

// serve calls an emulator without a network, and reports whether it aborted.
func serve(ctx context.Context, t *testing.T, e *emulator.Emulator) (w *httptest.ResponseRecorder, aborted bool) {
	t.Helper()
	w = httptest.NewRecorder()
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			aborted = true
		default:
			panic(p)
		}
	}()
	e.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", connectionsA, strings.NewReader(createBody("c"))))
	return w, aborted
}

// Times, by a clock that runs only while all wait: how long a call takes, and
// whether it is executed when its caller goes after a minute.
func TestTimes(t *testing.T) {
	const hour = faults.Duration(time.Hour)
	for name, test := range map[string]struct {
		faults      []faults.Fault
		patient     bool // the caller stays
		took        time.Duration
		status      int // 200 where nothing was written
		aborts      bool
		connections int
	}{
		"latency":                       {faults: []faults.Fault{{Kind: faults.Latency, Delay: hour}}, patient: true, took: time.Hour, status: 201, connections: 1},
		"latencies add up":              {faults: []faults.Fault{{Kind: faults.Latency, Delay: hour}, {Kind: faults.Latency, Delay: 2 * hour}}, patient: true, took: 3 * time.Hour, status: 201, connections: 1},
		"latency, impatient":            {faults: []faults.Fault{{Kind: faults.Latency, Delay: hour}}, took: time.Minute, status: 200},
		"committed latency, impatient":  {faults: []faults.Fault{{Kind: faults.Latency, Delay: hour, Commit: true}}, took: time.Hour, status: 201, connections: 1},
		"latency and a status":          {faults: []faults.Fault{{Kind: faults.Latency, Delay: hour}, {Kind: faults.Status, Status: 503}}, patient: true, took: time.Hour, status: 503},
		"hang, impatient":               {faults: []faults.Fault{{Kind: faults.Hang}}, took: time.Minute, status: 200, aborts: true},
		"bounded hang":                  {faults: []faults.Fault{{Kind: faults.Hang, Delay: hour}}, patient: true, took: time.Hour, status: 200, aborts: true},
		"committed hang, impatient":     {faults: []faults.Fault{{Kind: faults.Hang, Commit: true}}, took: time.Minute, status: 200, aborts: true, connections: 1},
		"delayed response":              {faults: []faults.Fault{{Kind: faults.DelayAnswer, Delay: hour}}, patient: true, took: time.Hour, status: 201, connections: 1},
		"delayed response, impatient":   {faults: []faults.Fault{{Kind: faults.DelayAnswer, Delay: hour}}, took: time.Minute, status: 200, connections: 1},
		"reset without a connection":    {faults: []faults.Fault{{Kind: faults.ResetBefore}}, patient: true, status: 200, aborts: true},
		"wrong length without one":      {faults: []faults.Fault{{Kind: faults.WrongLength}}, patient: true, status: 200, aborts: true, connections: 1},
		"latency before a reset before": {faults: []faults.Fault{{Kind: faults.Latency, Delay: hour}, {Kind: faults.ResetBefore}}, patient: true, took: time.Hour, status: 200, aborts: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var rules []faults.Rule
				for _, f := range test.faults {
					rules = append(rules, faults.Rule{Operation: "*", Fault: f})
				}
				e := emulator.New(emulator.Options{Faults: rules})
				ctx := t.Context()
				if !test.patient {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, time.Minute)
					defer cancel()
				}
				began := time.Now()
				w, aborted := serve(ctx, t, e)
				if took := time.Since(began); took != test.took || w.Code != test.status || aborted != test.aborts {
					t.Errorf("status %d, aborted %t after %v, want %d, %t, %v", w.Code, aborted, took, test.status, test.aborts, test.took)
				}
				if got := len(e.Connections(projectA)); got != test.connections {
					t.Errorf("%d connections, want %d", got, test.connections)
				}
			})
		})
	}
}

// A caller that goes frees the call that was held for it.
func TestHangEndsWithItsCaller(t *testing.T) {
	e := emulator.New(emulator.Options{Faults: []faults.Rule{{Operation: "*", Fault: faults.Fault{Kind: faults.Hang}}}})
	entered, left := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		close(entered)
		e.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, "POST", server.URL+connectionsA, strings.NewReader(createBody("c")))
	if err != nil {
		t.Fatal(err)
	}
	if resp, err := server.Client().Do(r); err == nil {
		t.Errorf("there is a response: %d", resp.StatusCode)
	}
	<-left // or the test never ends
}
