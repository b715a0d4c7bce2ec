package upstream

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/upstream/exchange"
)

// Kind is the kind of an Error.
type Kind int

// The kinds of Error.
const (
	NotConfigured Kind = iota + 1 // no upstream serves the project
	Unreachable                   // no connection, or no IAM to get credentials from: nothing was sent
	Broken                        // the connection broke, or the response is incomplete
	Timeout                       // the deadline passed
	Cancelled                     // the caller cancelled
	Status                        // DLI responded with an HTTP error status
	Unsuccessful                  // DLI responded 2xx with is_success=false
	Malformed                     // the response is none of DLI's
	TooLarge                      // the response is larger than the limit
	Invalid                       // the request cannot be a DLI call: nothing was sent
	Unauthorized                  // there are no credentials for the call: nothing was sent
	BreakerOpen                   // the upstream is down: nothing was sent
	Shed                          // the limit of calls in flight is reached: nothing was sent
	NoRoom                        // the response is more than may be held now: Err says whose limit it is
)

var kindNames = [...]string{
	NotConfigured: "not_configured", Unreachable: "unreachable", Broken: "broken",
	Timeout: "timeout", Cancelled: "cancelled", Status: "status", Unsuccessful: "refused",
	Malformed: "malformed", TooLarge: "too_large", Invalid: "invalid",
	Unauthorized: "unauthorized", BreakerOpen: "breaker_open", Shed: "shed",
	NoRoom: "no_room",
}

// String returns the kind as a word, as for a metric or a log.
func (k Kind) String() string {
	if k < NotConfigured || int(k) >= len(kindNames) {
		return "kind(" + strconv.Itoa(int(k)) + ")"
	}
	return kindNames[k]
}

// Causes for errors that wrap no error of a library.
var (
	errUnknownMethod = errors.New("no such RPC")
	errPathValue     = errors.New("a path parameter would change the path")
	errWhiteSpace    = errors.New("the response has more than 64 KiB of white space in a row")
	errTooLarge      = errors.New("the response is larger than the limit")
	errRedirect      = errors.New("DLI does not redirect")
	errProtocol      = errors.New("the status is not one of a response")
	errClosed        = errors.New("the client is closed")
)

// ErrHTTP2 is the cause of a Malformed Error: the endpoint speaks HTTP/2 only.
var ErrHTTP2 = exchange.ErrHTTP2

// An Error is a call to DLI that did not succeed. Each is of one call alone.
type Error struct {
	Kind       Kind
	Method     string        // the RPC's full method
	HTTPStatus int           // status of the response; 0 without one
	Code       string        // DLI.0001, APIGW.0308; may be empty
	Message    string        // error_msg or message of a well-formed response, printable; may be empty
	RequestID  string        // DLI's request ID; may be empty
	RetryAfter time.Duration // as DLI, IAM, the breaker or the limit asks; 0 if none does
	Date       time.Time     // DLI's clock at the response, in whole seconds; may be zero
	Sent       bool          // bytes of the request may have reached DLI
	// MayHaveExecuted says that DLI may have executed an earlier attempt of the call: it
	// may be why something is missing or exists already.
	MayHaveExecuted bool
	// CallersOwn says that the credentials of the call are the caller's own
	// (pass_through): if they are missing or rejected, it is for the caller to fix.
	CallersOwn bool
	Err        error // the cause, for logs only; may be nil
}

// Error describes the failure in one line, without any text of the upstream's: the cause
// is included only if nothing was sent, so that it cannot be an echo.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("calling DLI")
	if e.Method != "" {
		b.WriteString(" for " + e.Method[strings.LastIndexByte(e.Method, '/')+1:])
	}
	b.WriteString(": " + e.Kind.String())
	if e.HTTPStatus != 0 {
		b.WriteString(", http status " + strconv.Itoa(e.HTTPStatus))
	}
	if e.Code != "" {
		b.WriteString(", code " + e.Code)
	}
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	if e.Err != nil && !e.Sent {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// credentialsRejected reports whether connsvc has no valid credentials for the call.
func (e *Error) credentialsRejected() bool {
	return !e.CallersOwn && (e.Kind == Unauthorized || e.HTTPStatus == http.StatusUnauthorized)
}

// withoutCredentials reports whether the call was not sent because there are none.
func (e *Error) withoutCredentials() bool {
	var cause *credentials.Error
	return errors.As(e.Err, &cause)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// transportError is the Error of a call without a complete response.
func transportError(ctx context.Context, err error, sent bool) *Error {
	kind := Broken
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded), deadlinePassed(ctx):
		kind = Timeout
	case ctx.Err() != nil:
		kind = Cancelled
	case errors.Is(err, ErrHTTP2):
		kind = Malformed
	case !sent:
		kind = Unreachable
	}
	return &Error{Kind: kind, Sent: sent, Err: err}
}

// deadlinePassed reports whether the deadline of ctx has passed before ctx has ended: a
// connection with the same deadline may notice first.
func deadlinePassed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && ctx.Err() == nil && !time.Now().Before(deadline)
}
