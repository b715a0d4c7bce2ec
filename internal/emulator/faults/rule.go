// Package faults makes calls of the emulator go wrong by rules, which say which
// calls, and how.
package faults

import (
	"fmt"
	"time"
)

// A Rule says which calls go wrong, and how. At most one of nth, every and
// probability is given; with none of them every matching call goes wrong.
//
// Rules are applied in their order. The first that decides the response ends the
// search; later rules do not see the call. Kinds without a response of their own
// (latency, shifted_date, short_life, stuck_creating and all of lists) do not end it, so they
// come first and combine with what follows.
type Rule struct {
	// Operation is the name of the RPC, as in CreateEnhancedConnection, or * for all
	// of them; iam for IAM's tokens; metadata for the keys of the metadata service.
	Operation string `json:"operation"`
	// Project is the project that calls are of, or the start of its ID and *; empty: any. A
	// request for a token is of the project that the token is for.
	Project string `json:"project,omitzero"`
	// Nth is the one call that goes wrong, counted from 1 since the rules were set.
	Nth int `json:"nth,omitzero"`
	// Every selects each call whose number is a multiple of it.
	Every int `json:"every,omitzero"`
	// Probability is the part of the calls that go wrong, above 0 and at most 1.
	Probability float64 `json:"probability,omitzero"`
	// Times is the most calls that go wrong; 0: any number. Alone it means the next
	// calls.
	Times int `json:"times,omitzero"`
	// Seed makes the choice of Probability repeatable; 0: the seed of the emulator, if
	// it has one, and the place of the rule do.
	Seed uint64 `json:"seed,omitzero"`
	// Fault is what goes wrong.
	Fault Fault `json:"fault"`
}

// A Fault is what goes wrong with a call. A field that its kind does not use is an
// error.
type Fault struct {
	Kind Kind `json:"kind"`
	// Delay is a duration of most kinds; see there. A hang and a stuck_creating without
	// one have no end. That of a shifted_date may be negative.
	Delay Duration `json:"delay,omitzero"`
	// Status is the HTTP status: 400 to 599 of a status, 200 to 599 of html (200 by
	// default).
	Status int `json:"status,omitzero"`
	// Code is the error code of a status or of expired_token (APIGW.0301 by default,
	// or DLI.0013). IAM's errors have none.
	Code string `json:"code,omitzero"`
	// Body is the plain text of a status; empty: an error as DLI or IAM writes it.
	Body string `json:"body,omitzero"`
	// RetryAfter is the Retry-After of a status, in whole seconds, rounded up;
	// RetryAfterDate writes it as an HTTP date by the emulator's clock.
	RetryAfter     Duration `json:"retry_after,omitzero"`
	RetryAfterDate bool     `json:"retry_after_date,omitzero"`
	// Commit executes the call before it goes wrong, or, for latency, although the
	// caller has gone. Kinds that damage the regular response always execute it.
	Commit bool `json:"commit,omitzero"`
}

// A Kind is a way in which a call goes wrong. A reset is a TCP RST, with TLS or
// without; over HTTP/2 it is RST_STREAM, and for a ResponseWriter that cannot be
// hijacked the panic http.ErrAbortHandler.
type Kind string

// The kinds that decide the response, and latency.
const (
	// Latency waits before the call is executed. A caller that goes meanwhile prevents
	// that, without Commit.
	Latency Kind = "latency"
	// Hang holds the call until the caller goes or Delay has passed, then resets.
	Hang Kind = "hang"
	// ResetBefore resets after the headers were read, but not the body.
	ResetBefore Kind = "reset_before"
	// ResetAfter resets after the request was read, without executing it.
	ResetAfter Kind = "reset_after"
	// DropAnswer executes the call, then resets.
	DropAnswer Kind = "drop_answer"
	// DelayAnswer executes the call and responds after Delay.
	DelayAnswer Kind = "delay_answer"
	// LateCommit resets and executes the call after Delay. Not for IAM.
	LateCommit Kind = "late_commit"
	// TruncatedBody executes the call and closes after half of the body.
	TruncatedBody Kind = "truncated_body"
	// EndlessBody responds without an end, until the caller goes.
	EndlessBody Kind = "endless_body"
	// WrongLength executes the call and sends the whole body with half of its length
	// as Content-Length.
	WrongLength Kind = "wrong_length"
	// Status responds with an error status.
	Status Kind = "status"
	// HTML responds with a page, as a proxy or a captive portal does.
	HTML Kind = "html"
	// InvalidJSON responds with success and an incomplete JSON text.
	InvalidJSON Kind = "invalid_json"
	// Unsuccessful responds with success and is_success false. Not for IAM.
	Unsuccessful Kind = "unsuccessful"
	// ExpiredToken responds with 401 as if the credentials had expired.
	ExpiredToken Kind = "expired_token"
)

// The kinds that change what a call does or shows, and its Date. Delays of lists do
// not affect GET and other operations.
const (
	// StuckCreating keeps the peerings that a call makes in CREATING, for Delay.
	StuckCreating Kind = "stuck_creating"
	// SlowList hides what a create or a delete does from lists, for Delay.
	SlowList Kind = "slow_list"
	// SlowTags hides a new connection from lists that filter by tags, for Delay.
	SlowTags Kind = "slow_tags"
	// OldList shows in a list the state of Delay ago. With Every: 2 it is the slower one
	// of two replicas that serve lists in turn.
	OldList Kind = "old_list"
	// SnapshotList shows in a list the state of the last full Delay of the clock: a
	// snapshot that is renewed each time that Delay has passed.
	SnapshotList Kind = "snapshot_list"
	// ShortLife issues tokens that are valid for Delay. For IAM only.
	ShortLife Kind = "short_life"
	// ShiftedDate adds Delay to the clock for the Date header, which otherwise has the
	// time of the machine, while create_time has that of the emulator's clock.
	ShiftedDate Kind = "shifted_date"
)

// The operations that rules name, beside the RPCs.
const (
	AnyOperation      = "*" // each RPC
	IAMOperation      = "iam"
	MetadataOperation = "metadata"
)

// The RPCs that only some kinds are for.
const (
	createOperation = "CreateEnhancedConnection"
	deleteOperation = "DeleteEnhancedConnection"
	listOperation   = "ListEnhancedConnections"
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
