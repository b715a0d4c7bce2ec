// Package faults makes calls of the emulator go wrong by rules, which say which
// calls, and how.
package faults

import (
	"fmt"
	"time"
)

// A Rule says which calls go wrong, and how. Of nth, every and probability at most
// one is given; with none of them every matching call goes wrong.
//
// Rules are asked in their order, until one decides what becomes of the call; those
// behind it do not see the call. Kinds that only change how the call is done
// (latency, stuck_creating, slow_list) do not decide, so they come first and
// combine with what follows.
type Rule struct {
	// Operation is the name of the RPC, as in CreateEnhancedConnection, or * for all
	// of them; iam for IAM's tokens; metadata for the keys of the metadata service.
	Operation string `json:"operation"`
	// Nth is the one call that goes wrong, counted from 1 since the rules were set.
	Nth int `json:"nth,omitzero"`
	// Every makes each call wrong whose number is a multiple of it.
	Every int `json:"every,omitzero"`
	// Probability is the part of the calls that go wrong, above 0 and at most 1.
	Probability float64 `json:"probability,omitzero"`
	// Times is the most calls that go wrong; 0: any number. Alone it means the next
	// calls.
	Times int `json:"times,omitzero"`
	// Seed makes the calls that Probability chooses repeatable; 0: Options.Seed and
	// the place among the rules do, where there is an Options.Seed.
	Seed uint64 `json:"seed,omitzero"`
	// Fault is what goes wrong.
	Fault Fault `json:"fault"`
}

// A Fault is what goes wrong with a call. A field that its kind has no use for is
// refused.
type Fault struct {
	Kind Kind `json:"kind"`
	// Delay is how long a latency, hang, delay_answer, stuck_creating or slow_list
	// lasts. A hang and a stuck_creating without one last for ever.
	Delay Duration `json:"delay,omitzero"`
	// Status is the HTTP status: 400 to 599 of a status, 200 to 599 of html (200 by
	// default).
	Status int `json:"status,omitzero"`
	// Code is the error code of a status or of expired_token (APIGW.0301 by default,
	// or DLI.0013). IAM's errors have none.
	Code string `json:"code,omitzero"`
	// Body is the plain text that a status has for a body; empty: an error as DLI or
	// IAM writes it.
	Body string `json:"body,omitzero"`
	// RetryAfter is the Retry-After of a status, in whole seconds, rounded up;
	// RetryAfterDate writes it as an HTTP date by the emulator's clock.
	RetryAfter     Duration `json:"retry_after,omitzero"`
	RetryAfterDate bool     `json:"retry_after_date,omitzero"`
	// Commit executes the call before it goes wrong, or, for latency, although the
	// caller has gone meanwhile. The kinds whose answer is garbled always execute it.
	Commit bool `json:"commit,omitzero"`
}

// A Kind is a way in which a call goes wrong. A reset is a TCP RST where the
// connection is TCP, with TLS or without; over HTTP/2 it is RST_STREAM, and for a
// ResponseWriter that cannot be hijacked it is the panic http.ErrAbortHandler.
type Kind string

// The kinds.
const (
	// Latency waits before the call is executed. It is not, if the caller goes
	// meanwhile, but for Commit.
	Latency Kind = "latency"
	// Hang holds the call until the caller goes or Delay has passed, then resets.
	Hang Kind = "hang"
	// ResetBefore resets when the headers, but not the body, have been read.
	ResetBefore Kind = "reset_before"
	// ResetAfter resets when the request has been read, without executing it.
	ResetAfter Kind = "reset_after"
	// DropAnswer executes the call and resets in place of an answer.
	DropAnswer Kind = "drop_answer"
	// DelayAnswer executes the call and answers after Delay.
	DelayAnswer Kind = "delay_answer"
	// TruncatedBody executes the call and closes after half of the body.
	TruncatedBody Kind = "truncated_body"
	// EndlessBody answers without an end, until the caller goes.
	EndlessBody Kind = "endless_body"
	// WrongLength executes the call and gives half of the body's length for its
	// Content-Length, while the whole body follows.
	WrongLength Kind = "wrong_length"
	// Status answers with an error status.
	Status Kind = "status"
	// HTML answers with a page, as a proxy or a captive portal does.
	HTML Kind = "html"
	// InvalidJSON answers with success and a body that breaks off, of right length.
	InvalidJSON Kind = "invalid_json"
	// Unsuccessful answers with success and is_success false. Not for IAM.
	Unsuccessful Kind = "unsuccessful"
	// ExpiredToken answers 401 as if the credentials were no longer valid.
	ExpiredToken Kind = "expired_token"
	// StuckCreating keeps the peerings that this call makes in CREATING, for ever or
	// until Delay has passed.
	StuckCreating Kind = "stuck_creating"
	// SlowList leaves the connection that this call makes out of lists until Delay
	// has passed. GET has it at once.
	SlowList Kind = "slow_list"
)

// The operations that rules name, beside the RPCs.
const (
	AnyOperation      = "*" // each RPC
	IAMOperation      = "iam"
	MetadataOperation = "metadata"

	createOperation = "CreateEnhancedConnection"
	bindOperation   = "AssociateQueues"
)

// A Duration is a time.Duration that JSON has as text, as in "1.5s".
type Duration time.Duration

// String returns the text, as in 1.5s.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText returns the text.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is no duration, as in 1.5s", text)
	}
	*d = Duration(parsed)
	return nil
}
