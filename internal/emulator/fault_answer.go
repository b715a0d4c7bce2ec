package emulator

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A dialect writes an error as a service does: DLI or IAM.
type dialect func(w http.ResponseWriter, f *refusal)

// A faulty is the handler of an operation behind the rules: it does with its calls
// what they say, and hands the others on. It stands in front of authentication: a
// gateway that is down does not ask who calls.
type faulty struct {
	e         *Emulator
	operation string
	success   int // status
	say       dialect
	next      http.Handler
}

func (h *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := h.e.faults.plan(h.operation)
	if p == (plan{}) {
		h.next.ServeHTTP(w, r)
		return
	}
	if p.answer == nil || p.answer.Kind != ResetBefore {
		readAhead(r)
	}
	if p.latency > 0 {
		ctx := r.Context()
		if p.late {
			ctx = context.WithoutCancel(ctx)
		}
		if !wait(ctx, p.latency) {
			return
		}
	}
	r = r.WithContext(withEffects(r.Context(), p.effects))
	if p.answer == nil {
		h.next.ServeHTTP(w, r)
		return
	}
	h.answerBadly(w, r, p.answer)
}

// readAhead reads the body: the server notices that a caller went away only then,
// and closes the connection on one that is still sending when it is answered.
func readAhead(r *http.Request) {
	head, _ := io.ReadAll(io.LimitReader(r.Body, maxBodyBytes))
	// Who reads on meets what remains, or the error, again.
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), r.Body), r.Body}
}

func (h *faulty) answerBadly(w http.ResponseWriter, r *http.Request, f *Fault) {
	var done *recording
	if f.executes() {
		done = record(w.Header(), r, h.next)
	}
	switch f.Kind {
	case ResetBefore, ResetAfter, DropAnswer:
		reset(w)
	case Hang:
		hold(r.Context(), time.Duration(f.Delay))
		reset(w)
	case DelayAnswer:
		if wait(r.Context(), time.Duration(f.Delay)) {
			done.replay(w)
		}
	case TruncatedBody:
		truncate(w, done)
	case WrongLength:
		misstateLength(w, done)
	case EndlessBody:
		writeEndlessly(w, r, h.success)
	default:
		h.answerInstead(w, f)
	}
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

// answerInstead answers the kinds that are whole answers, but the wrong ones.
func (h *faulty) answerInstead(w http.ResponseWriter, f *Fault) {
	switch f.Kind {
	case Status:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", h.e.retryAfter(f))
		}
		if f.Body != "" {
			writeAs(w, "text/plain; charset=utf-8", f.Status, []byte(f.Body))
			return
		}
		h.say(w, statusRefusal(f.Status, f.Code))
	case HTML:
		page := "<!DOCTYPE html>\n<html><head><title>Gateway</title></head><body><h1>The service is not here.</h1></body></html>\n"
		writeAs(w, "text/html; charset=utf-8", max(f.Status, http.StatusOK), []byte(page))
	case InvalidJSON:
		write(w, h.success, []byte(`{"is_success":true,"message":"","connec`))
	case Unsuccessful:
		write(w, h.success, []byte(`{"is_success":false,"message":"The operation did not succeed."}`))
	case ExpiredToken:
		if f.Code == codeUnauthorized {
			h.say(w, &refusal{status: http.StatusUnauthorized, code: codeUnauthorized, message: "User authentication errors occur."})
			return
		}
		h.say(w, unauthorized(reasonBadToken))
	}
}

// retryAfter is written by the emulator's clock, which a caller may not share.
func (e *Emulator) retryAfter(f *Fault) string {
	seconds := (time.Duration(f.RetryAfter) + time.Second - 1) / time.Second
	if !f.RetryAfterDate {
		return strconv.FormatInt(int64(seconds), 10)
	}
	// A date has no fractions: it must not be earlier than what was asked for.
	at := e.options.Now().Add(time.Duration(f.RetryAfter) + time.Second - 1).UTC()
	return at.Format(http.TimeFormat)
}

// statusRefusal is what the gateway or, where a code says so, DLI answers with a
// status.
func statusRefusal(status int, code string) *refusal {
	if code != "" {
		return &refusal{status: status, code: code, message: http.StatusText(status)}
	}
	switch status {
	case http.StatusTooManyRequests:
		return gatewayRefusal(status, codeGatewayThrottled, "The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute")
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return gatewayRefusal(status, codeGatewayNoBackend, "Backend unavailable")
	case http.StatusGatewayTimeout:
		return gatewayRefusal(status, codeGatewayTimeout, "Backend timeout")
	default:
		return &refusal{status: status, code: codeInternal, message: "Server-side errors occur."}
	}
}

// wait waits, and reports whether ctx outlasted it.
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

// hold is wait, but without an end where d is 0.
func hold(ctx context.Context, d time.Duration) {
	if d == 0 {
		d = forever
	}
	wait(ctx, d)
}
