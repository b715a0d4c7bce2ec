package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is the kind of an Error.
type Kind int

// The kinds of Error.
const (
	CallerToken Kind = iota + 1 // pass-through, and the caller sent no token or an invalid one
	Unavailable                 // no connection, no complete response, 408, 429 or 5xx: a retry may help
	Rejected                    // 401: the user, the password or the access key is wrong, or has no access to this project
	Denied                      // another 4xx: these credentials have no access to this project
	Malformed                   // the response is not as IAM or the metadata service document it
	Unreadable                  // a secret cannot be read or used
	Timeout                     // the caller's deadline passed while it waited
	Cancelled                   // the caller cancelled while it waited
	Closed                      // the Provider is closed
	Busy                        // too many callers wait for credentials, or too many requests for IAM's turn: none was sent
)

var kindNames = [...]string{
	CallerToken: "caller_token", Unavailable: "unavailable", Rejected: "rejected",
	Denied: "denied", Malformed: "malformed", Unreadable: "unreadable",
	Timeout: "timeout", Cancelled: "cancelled", Closed: "closed", Busy: "busy",
}

// String returns the kind as a word for metrics and logs.
func (k Kind) String() string {
	if k < CallerToken || int(k) >= len(kindNames) {
		return "kind(" + strconv.Itoa(int(k)) + ")"
	}
	return kindNames[k]
}

// An Error reports that a call has no credentials. Nothing was sent to DLI.
type Error struct {
	Kind       Kind
	Source     string        // the field of the configuration, as in iam_password
	HTTPStatus int           // of the response of IAM or the metadata service; 0 without one
	Code       string        // IAM's error code, as in IAM.0007; may be empty
	RequestID  string        // IAM's ID of the request
	RetryAfter time.Duration // until the next request makes sense; 0 if unknown
	Err        error         // the cause; may be nil. It quotes nothing that was received

	secretIsWrong bool // IAM says so
}

// ErrNoToken is the cause of an Error: pass-through, and the caller sent no token.
var ErrNoToken = errors.New("the call has no X-Auth-Token")

// Causes of an Error.
var (
	errBadToken   = errors.New("the call's X-Auth-Token is not printable ASCII without spaces, of at most 64 KiB")
	errBroken     = errors.New("the connection broke")
	errProtocol   = errors.New("the response is not HTTP")
	errTooLarge   = errors.New("the response exceeds the limit of 1 MiB")
	errNotJSON    = errors.New("the response is not the documented JSON")
	errNoSubject  = errors.New("the response has no usable X-Subject-Token")
	errNoSession  = errors.New("the response has no usable session token")
	errNoKey      = errors.New("the response has no usable access key")
	errNoEnd      = errors.New("the response has no valid expiry")
	errExpired    = errors.New("the credentials have expired already")
	errUnexpected = errors.New("the status is not documented")
	errSlow       = fmt.Errorf("no response in time: %w", context.DeadlineExceeded)

	errManyCallers  = errors.New("too many calls wait for credentials")
	errManyRequests = errors.New("too many requests wait for their turn at IAM")
	errManyProjects = errors.New("the caller asks for too many new projects at once")
)

// Error describes the error in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("getting credentials by " + e.Source + ": " + e.Kind.String())
	if e.HTTPStatus != 0 {
		b.WriteString(", http status " + strconv.Itoa(e.HTTPStatus))
	}
	if e.Code != "" {
		b.WriteString(", code " + e.Code)
	}
	if e.RequestID != "" {
		b.WriteString(", request " + e.RequestID)
	}
	if e.RetryAfter > 0 {
		b.WriteString(", no further request for " + e.RetryAfter.Round(time.Second).String())
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// throttled reports whether IAM asks for a pause of all requests.
func (e *Error) throttled() bool {
	return e.HTTPStatus == http.StatusTooManyRequests || e.HTTPStatus == http.StatusServiceUnavailable && e.RetryAfter > 0
}

// after returns a copy of e with another RetryAfter.
func (e *Error) after(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// waited returns the Error of a caller whose context ended while it waited.
func waited(ctx context.Context, source string) *Error {
	e := &Error{Kind: Cancelled, Source: source, Err: ctx.Err()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind = Timeout
	}
	return e
}
