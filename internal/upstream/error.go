package upstream

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Kind is the kind of an Error.
type Kind int

// The kinds of Error.
const (
	NotConfigured Kind = iota + 1 // no upstream serves the project
	Unreachable                   // no connection, or no IAM to get credentials from: nothing was sent
	Broken                        // the connection broke, or an answer did not come whole
	Timeout                       // the deadline passed
	Cancelled                     // the caller cancelled
	Status                        // DLI answered with an HTTP error status
	Refused                       // DLI answered 2xx with is_success=false
	Malformed                     // the answer is no DLI answer
	TooLarge                      // the answer is larger than the limit
	Invalid                       // the request cannot be a DLI call: nothing was sent
	Unauthorized                  // there are no credentials for the call: nothing was sent
	BreakerOpen                   // the upstream is down: nothing was sent
	Shed                          // as many calls are in flight as the upstream can take: nothing was sent
)

var kindNames = [...]string{
	NotConfigured: "not_configured", Unreachable: "unreachable", Broken: "broken",
	Timeout: "timeout", Cancelled: "cancelled", Status: "status", Refused: "refused",
	Malformed: "malformed", TooLarge: "too_large", Invalid: "invalid",
	Unauthorized: "unauthorized", BreakerOpen: "breaker_open", Shed: "shed",
}

// String returns the kind as a word, as for a metric or a log.
func (k Kind) String() string {
	if k < NotConfigured || int(k) >= len(kindNames) {
		return "kind(" + strconv.Itoa(int(k)) + ")"
	}
	return kindNames[k]
}

// Causes of an Error that have no other.
var (
	errUnknownMethod = errors.New("no such RPC")
	errPathValue     = errors.New("a value of the path would name another path")
	errTooLarge      = errors.New("the answer is over the limit")
	errRedirect      = errors.New("DLI does not redirect")
	errProtocol      = errors.New("no status of an answer")
	errClosed        = errors.New("the client is closed")
)

// An Error is a call to DLI that did not succeed. Each is of one call alone.
type Error struct {
	Kind       Kind
	Method     string        // the RPC's full method
	HTTPStatus int           // status of the answer; 0 without one
	Code       string        // DLI.0001, APIGW.0308; empty where the answer has none
	Message    string        // error_msg or message of a well-formed answer, printable; empty otherwise
	RequestID  string        // DLI's request ID, if it gave one
	RetryAfter time.Duration // as DLI, IAM, the breaker or the limit asks; 0 where none does
	Date       time.Time     // DLI's clock when it answered, in whole seconds; zero where it did not tell
	Sent       bool          // bytes of the request may have reached DLI
	// Repeated says that an earlier attempt of the call may have been executed: that
	// something is missing, or is there already, may be its doing.
	Repeated bool
	// CallersOwn says that the credentials of the call are the caller's own
	// (pass_through): where DLI refuses them, or there are none, it is the caller's.
	CallersOwn bool
	Err        error // the cause, for logs only; may be nil
}

// Error says what happened, in one line without any text of the upstream's: the
// cause stands there only where nothing was sent, so that nothing can echo.
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

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
