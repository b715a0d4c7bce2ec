package faults

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// An Operation is what a handler serves.
type Operation struct {
	Name       string // as rules name it
	Success    int    // the HTTP status of success
	WriteError func(http.ResponseWriter, *wire.Error)
	Serve      func(http.ResponseWriter, *http.Request, Effects)
	// Project returns the project of a call, of which it may read the body.
	Project func(r *http.Request, body func() []byte) string
}

// Handler serves an operation, and makes its calls go wrong as the rules say. It
// stands before authentication: a gateway that is down does not ask who calls.
func (s *Set) Handler(op Operation) http.Handler { return &handler{op, s} }

type handler struct {
	Operation
	set *Set
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := h.set.plan(h.Name, func() string { return h.Project(r, func() []byte { return readAhead(r) }) })
	if p == (plan{}) {
		h.execute(w, r, Effects{})
		return
	}
	if p.dateShift != 0 {
		w.Header().Set("Date", h.set.now().Add(p.dateShift).UTC().Format(http.TimeFormat))
	}
	if p.response == nil || p.response.Kind != ResetBefore {
		readAhead(r)
	}
	if p.latency > 0 {
		ctx := r.Context()
		if p.commit {
			ctx = context.WithoutCancel(ctx)
		}
		if !wait(ctx, p.latency) {
			return
		}
	}
	if p.response == nil {
		h.execute(w, r, p.effects)
		return
	}
	h.respondWrongly(w, r, p)
}

func (h *handler) execute(w http.ResponseWriter, r *http.Request, x Effects) {
	h.set.ExecuteLate()
	h.Serve(w, r, x)
}

// readAhead reads the body: only then does the server notice that a caller has gone,
// and a response before it would close the connection of one that still sends.
func readAhead(r *http.Request) []byte {
	head, _ := io.ReadAll(io.LimitReader(r.Body, wire.MaxBodyBytes))
	// The rest, or the error, is still there for the next reader.
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
	return head
}

func (h *handler) respondWrongly(w http.ResponseWriter, r *http.Request, p plan) {
	f := p.response
	var done *recording
	if f.executes() {
		done = record(w.Header(), func(w http.ResponseWriter) { h.execute(w, r, p.effects) })
	}
	switch f.Kind {
	case ResetBefore, ResetAfter, DropAnswer:
		reset(w)
	case LateCommit:
		h.executeLate(w, r, p)
		reset(w)
	case Hang:
		hang(r.Context(), time.Duration(f.Delay))
		reset(w)
	case DelayAnswer:
		if wait(r.Context(), time.Duration(f.Delay)) {
			done.replay(w)
		}
	case TruncatedBody:
		done.truncate(w)
	case WrongLength:
		done.misstateLength(w)
	case EndlessBody:
		writeEndlessly(w, r, h.Success)
	default:
		h.respondInstead(w, f)
	}
}

// executeLate has the call executed after its delay. Nobody reads the response.
func (h *handler) executeLate(w http.ResponseWriter, r *http.Request, p plan) {
	p.effects.Late = h.set.now().Add(time.Duration(p.response.Delay))
	header := w.Header().Clone()
	body, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxBodyBytes+1))
	if err != nil {
		return
	}
	r = r.WithContext(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	h.set.late.add(p.effects.Late, func() {
		record(header, func(w http.ResponseWriter) { h.Serve(w, r, p.effects) })
	})
}

// executes reports whether the call is executed before it goes wrong.
func (f *Fault) executes() bool {
	switch f.Kind {
	case DropAnswer, DelayAnswer, TruncatedBody, WrongLength:
		return true
	default:
		return f.Commit
	}
}

// respondInstead writes the complete responses that are none of the operation's.
func (h *handler) respondInstead(w http.ResponseWriter, f *Fault) {
	switch f.Kind {
	case Status:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", h.set.retryAfter(f))
		}
		if f.Body != "" {
			wire.Write(w, "text/plain; charset=utf-8", f.Status, []byte(f.Body))
			return
		}
		h.WriteError(w, statusError(f.Status, f.Code))
	case HTML:
		page := "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>The service is not here.</h1></body></html>\n"
		wire.Write(w, "text/html; charset=utf-8", max(f.Status, http.StatusOK), []byte(page))
	case InvalidJSON:
		wire.Write(w, wire.JSONType, h.Success, []byte(`{"is_success":true,"message":"","connec`))
	case Unsuccessful:
		wire.Write(w, wire.JSONType, h.Success, []byte(`{"is_success":false,"message":"The operation did not succeed."}`))
	case ExpiredToken:
		if f.Code == wire.CodeUnauthorized {
			h.WriteError(w, &wire.Error{Status: http.StatusUnauthorized, Code: f.Code, Message: "User authentication errors occur."})
			return
		}
		h.WriteError(w, wire.Unauthorized(wire.ReasonBadToken))
	}
}

// retryAfter uses the emulator's clock for a date, which may differ from the caller's.
func (s *Set) retryAfter(f *Fault) string {
	seconds := (time.Duration(f.RetryAfter) + time.Second - 1) / time.Second
	if !f.RetryAfterDate {
		return strconv.FormatInt(int64(seconds), 10)
	}
	// A date has no fractions, and must not be too early.
	at := s.now().Add(time.Duration(f.RetryAfter) + time.Second - 1).UTC()
	return at.Format(http.TimeFormat)
}

// statusError is the gateway's response with a status or, given a code, DLI's.
func statusError(status int, code string) *wire.Error {
	if code != "" {
		return &wire.Error{Status: status, Code: code, Message: http.StatusText(status)}
	}
	switch status {
	case http.StatusUnauthorized:
		return &wire.Error{Status: status, Code: wire.CodeUnauthorized, Message: "The request you have made requires authentication."}
	case http.StatusTooManyRequests:
		return wire.GatewayError(status, wire.CodeGatewayThrottled, "The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute")
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return wire.GatewayError(status, wire.CodeGatewayNoBackend, "Backend unavailable")
	case http.StatusGatewayTimeout:
		return wire.GatewayError(status, wire.CodeGatewayTimeout, "Backend timeout")
	default:
		return &wire.Error{Status: status, Code: wire.CodeInternal, Message: "Server-side errors occur."}
	}
}

// wait returns true after d, and false if ctx ends before.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hang waits for d, or without a limit where d is 0, while ctx lasts.
func hang(ctx context.Context, d time.Duration) {
	if d == 0 {
		d = forever
	}
	wait(ctx, d)
}
