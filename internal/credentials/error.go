package credentials

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Kind is the kind of an Error.
type Kind int

// The kinds of Error.
const (
	CallerToken Kind = iota + 1 // pass-through, and the caller brought no token, or one that cannot travel
	Unavailable                 // no connection, no whole answer, 408, 429 or 5xx: repeating may help
	Refused                     // 401: the user, the password or the access key is wrong
	Denied                      // another 4xx: these credentials get nothing for this project
	Malformed                   // the answer is none of IAM's or of the metadata service's
	Unreadable                  // a secret cannot be read, or not be used
	Timeout                     // the caller's deadline passed while it waited
	Cancelled                   // the caller cancelled while it waited
	Closed                      // the Provider is closed
)

var kindNames = [...]string{
	CallerToken: "caller_token", Unavailable: "unavailable", Refused: "refused",
	Denied: "denied", Malformed: "malformed", Unreadable: "unreadable",
	Timeout: "timeout", Cancelled: "cancelled", Closed: "closed",
}

// String returns the kind as a word, as for a metric or a log.
func (k Kind) String() string {
	if k < CallerToken || int(k) >= len(kindNames) {
		return "kind(" + strconv.Itoa(int(k)) + ")"
	}
	return kindNames[k]
}

// An Error is that there are no credentials for a call. Nothing was sent to DLI.
type Error struct {
	Kind       Kind
	Source     string        // the field of the configuration, as in iam_password
	HTTPStatus int           // of IAM's or the metadata service's answer; 0 without one
	Code       string        // IAM's error code, as in IAM.0007; empty where it gave none
	RequestID  string        // IAM's ID of the request
	RetryAfter time.Duration // until it makes sense to ask again; 0 where that is not known
	Err        error         // the cause; may be nil. It holds nothing of what was received
}

// Causes of an Error that have no other.
var (
	errNoToken    = errors.New("the call bears no X-Auth-Token")
	errBadToken   = errors.New("the call's X-Auth-Token is not printable ASCII without spaces, of at most 64 KiB")
	errBroken     = errors.New("the connection broke")
	errProtocol   = errors.New("the answer is no HTTP")
	errTooLarge   = errors.New("the answer is over the limit of 1 MiB")
	errNotJSON    = errors.New("the answer is not the JSON that is documented")
	errNoSubject  = errors.New("the answer bears no usable X-Subject-Token")
	errNoKey      = errors.New("the answer bears no usable access key")
	errNoEnd      = errors.New("the answer does not say until when it is valid")
	errExpired    = errors.New("what came has expired already")
	errUnexpected = errors.New("the status is none that is documented")
)

// Error says what happened, in one line.
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
		b.WriteString(", not asked again for " + e.RetryAfter.Round(time.Second).String())
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// after returns a copy of e, of its own for each caller, that says when to ask again.
func (e *Error) after(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// waited is the Error of a caller that did not wait for the end.
func waited(ctx context.Context, source string) *Error {
	e := &Error{Kind: Cancelled, Source: source, Err: ctx.Err()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Kind = Timeout
	}
	return e
}
