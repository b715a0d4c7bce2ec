package faults_test

import (
	"slices"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// The delays of the cases: short is far below the timeout of an attempt, long is
// above it.
const (
	attemptTime   = time.Second
	reconcileTime = time.Second
	listLag       = reconcileTime / 2 // the lists of the emulator lag less, except by longLag
	short         = 10 * time.Millisecond
	long          = 2 * attemptTime
	tooLong       = long + 2*reconcileTime
)

// An effect is what DLI does with a call that a fault meets.
type effect int

const (
	notExecuted  effect = iota
	executed            // before the caller can retry
	executedLate        // after the caller has its response
)

// A fault is a way in which DLI fails, and the outcome that a caller must get.
type fault struct {
	name   string
	first  []faults.Fault // change how the call is executed
	kind   *faults.Fault  // decides the response; nil: a good one
	effect effect
	// reason is the outcome of a call that is not retried after it; OK: success.
	reason string
	// retryAfter is the least delay that the error must ask for.
	retryAfter time.Duration
	// retried are the classes of calls that connsvc retries after it.
	retried class
	// definite: after reason, the call was not executed.
	definite bool
	// misreports: DLI reports an error and executes the call.
	misreports bool
	slow       bool
	only       []string // RPCs; nil: all
	// instead are the outcomes of an RPC that are allowed beside reason.
	instead map[string][]string
}

// A class says after which faults connsvc may retry a call (docs/reliability.md). Each
// class includes those before it.
type class int

const (
	never      class = iota // no call
	readOnly                // calls that change nothing
	idempotent              // calls that leave the same when executed twice
	rejected                // calls that are retried only if DLI has not executed them
)

// of makes a fault of one kind.
func of(kind faults.Kind) *faults.Fault { return &faults.Fault{Kind: kind} }

func committed(f faults.Fault) *faults.Fault {
	f.Commit = true
	return &f
}

func delayed(kind faults.Kind, d time.Duration) faults.Fault {
	return faults.Fault{Kind: kind, Delay: faults.Duration(d)}
}

func status(code int) faults.Fault { return faults.Fault{Kind: faults.Status, Status: code} }

func coded(status int, code string) *faults.Fault {
	return &faults.Fault{Kind: faults.Status, Status: status, Code: code}
}

// allFaults returns all ways in which DLI fails.
func allFaults() []fault {
	return slices.Concat(waits(), breaks(), statuses(), rejections(), garbage(), effects())
}

func waits() []fault {
	// Without a request_id nothing tells a connection made so late from another caller's.
	late := map[string][]string{create: {unknown}}
	longResponse, hang := delayed(faults.DelayAnswer, long), faults.Fault{Kind: faults.Hang}
	return []fault{
		{name: "latency", first: []faults.Fault{delayed(faults.Latency, short)}, effect: executed, reason: ok},
		{name: "delayed response", kind: new(delayed(faults.DelayAnswer, short)), effect: executed, reason: ok},
		{name: "long latency", first: []faults.Fault{delayed(faults.Latency, long)}, reason: timeout, slow: true},
		{name: "long latency, executed all the same", first: []faults.Fault{*committed(delayed(faults.Latency, long))}, effect: executed, reason: timeout, slow: true, instead: late},
		{name: "very long latency, executed all the same", first: []faults.Fault{*committed(delayed(faults.Latency, tooLong))}, effect: executedLate, reason: timeout, slow: true},
		{name: "very late response", kind: &longResponse, effect: executed, reason: timeout, slow: true},
		{name: "hang", kind: &hang, reason: timeout, slow: true},
		{name: "executed, then hang", kind: committed(hang), effect: executed, reason: timeout, slow: true},
	}
}

func breaks() []fault {
	// A retry of a delete is rejected, and that response is cut off, too.
	deletes := map[string][]string{"DeleteEnhancedConnection": {faulty}, "DeleteRoute": {faulty}}
	return []fault{
		{name: "reset before the request was read", kind: of(faults.ResetBefore), reason: unavailable, retried: idempotent},
		{name: "reset after the request was read", kind: of(faults.ResetAfter), reason: unavailable, retried: idempotent},
		{name: "executed, then reset", kind: of(faults.DropAnswer), effect: executed, reason: unavailable, retried: idempotent},
		{name: "executed, response cut off", kind: of(faults.TruncatedBody), effect: executed, reason: unavailable, retried: idempotent, instead: deletes},
		{name: "executed, response of wrong length", kind: of(faults.WrongLength), effect: executed, reason: faulty},
	}
}

func statuses() []fault {
	text := faults.Fault{Kind: faults.Status, Status: 503, Body: "no healthy upstream"}
	var faults []fault
	for _, f := range []fault{
		{name: "500", kind: new(status(500)), reason: faulty},
		{name: "502", kind: new(status(502)), reason: unavailable, retried: idempotent},
		{name: "503", kind: new(status(503)), reason: unavailable, retried: idempotent},
		{name: "503 as text", kind: &text, reason: unavailable, retried: idempotent},
		{name: "504", kind: new(status(504)), reason: timeout, retried: idempotent},
	} {
		after := f
		after.name, after.kind, after.effect = "executed, then "+f.name, committed(*f.kind), executed
		faults = append(faults, f, after)
	}
	return faults
}

func rejections() []fault {
	wait := faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: faults.Duration(7 * time.Second)}
	date := wait
	date.RetryAfterDate = true
	return []fault{
		{name: "429", kind: new(status(429)), reason: throttled, definite: true, retried: rejected},
		{name: "429 with Retry-After", kind: &wait, reason: throttled, definite: true, retryAfter: 7 * time.Second},
		{name: "429 with a date", kind: &date, reason: throttled, definite: true, retryAfter: 5 * time.Second},
		{name: "is_success=false", kind: of(faults.Unsuccessful), reason: "UPSTREAM_REFUSED", definite: true},
		{name: "executed, then is_success=false", kind: committed(faults.Fault{Kind: faults.Unsuccessful}), effect: executed, reason: "UPSTREAM_REFUSED", misreports: true},
		{name: "401 of the gateway", kind: of(faults.ExpiredToken), reason: "UPSTREAM_CREDENTIALS", definite: true},
		{name: "401 of DLI", kind: &faults.Fault{Kind: faults.ExpiredToken, Code: "DLI.0013"}, reason: "UPSTREAM_CREDENTIALS", definite: true},
		{name: "403 of the gateway", kind: coded(403, "APIGW.0302"), reason: "UPSTREAM_DENIED", definite: true},
		{name: "403 of DLI", kind: coded(403, "DLI.0003"), reason: "UPSTREAM_DENIED", definite: true},
		{name: "400 invalid parameter", kind: coded(400, "DLI.0001"), reason: "VALIDATION_FAILED", definite: true},
		{name: "400 unavailable object", kind: coded(400, "DLI.0012"), reason: "RESOURCE_UNAVAILABLE", definite: true, instead: map[string][]string{"DeleteEnhancedConnection": {busy}}},
		{name: "400 quota", kind: coded(400, "DLI.1028"), reason: "UPSTREAM_QUOTA", definite: true},
	}
}

func garbage() []fault {
	page, badPage := faults.Fault{Kind: faults.HTML}, faults.Fault{Kind: faults.HTML, Status: 502}
	invalid, endless := faults.Fault{Kind: faults.InvalidJSON}, faults.Fault{Kind: faults.EndlessBody}
	// A list can really be too large: the caller can ask for less.
	lists := map[string][]string{"ListEnhancedConnections": {"ANSWER_TOO_LARGE"}}
	return []fault{
		{name: "an HTML page", kind: &page, reason: faulty},
		{name: "executed, then an HTML page", kind: committed(page), effect: executed, reason: faulty},
		{name: "502 as an HTML page", kind: &badPage, reason: unavailable, retried: idempotent},
		{name: "executed, then 502 as an HTML page", kind: committed(badPage), effect: executed, reason: unavailable, retried: idempotent},
		{name: "invalid JSON", kind: &invalid, reason: faulty},
		{name: "executed, then invalid JSON", kind: committed(invalid), effect: executed, reason: faulty},
		{name: "endless response", kind: &endless, reason: faulty, instead: lists},
		{name: "executed, then an endless response", kind: committed(endless), effect: executed, reason: faulty, instead: lists},
	}
}

// effects are faults in what a call does, alone and with a lost response.
func effects() []fault {
	stuck := delayed(faults.StuckCreating, short)
	lag, longLag := delayed(faults.SlowList, reconcileTime/4), delayed(faults.SlowList, 2*reconcileTime)
	late, veryLate := delayed(faults.LateCommit, reconcileTime/4), delayed(faults.LateCommit, 2*reconcileTime)
	creates := []string{create}
	return []fault{
		{name: "stuck CREATING", first: []faults.Fault{stuck}, effect: executed, reason: ok, only: []string{create, "AssociateQueues"}},
		{name: "a list that lags", first: []faults.Fault{lag}, effect: executed, reason: ok, only: creates},
		{name: "a list that lags, and a lost response", first: []faults.Fault{lag}, kind: of(faults.DropAnswer), effect: executed, reason: unavailable, only: creates},
		{name: "a list that lags long", first: []faults.Fault{longLag}, effect: executed, reason: ok, slow: true, only: creates},
		{name: "a list that lags long, and a lost response", first: []faults.Fault{longLag}, kind: of(faults.DropAnswer), effect: executedLate, reason: unavailable, slow: true, only: creates},
		{name: "reset, executed late", kind: &late, effect: executed, reason: unavailable, only: creates},
		{name: "reset, executed very late", kind: &veryLate, effect: executedLate, reason: unavailable, slow: true, only: creates},
	}
}

// retries reports whether connsvc retries an operation after the fault.
func (f *fault) retries(op operation) bool { return op.class != never && op.class <= f.retried }

// rules returns the emulator's rules for a fault of an RPC: at its first calls, or at
// all if times is 0.
func (f *fault) rules(rpc string, times int) []faults.Rule {
	var rules []faults.Rule
	for _, first := range f.first {
		rules = append(rules, faults.Rule{Operation: rpc, Times: times, Fault: first})
	}
	if f.kind != nil {
		rules = append(rules, faults.Rule{Operation: rpc, Times: times, Fault: *f.kind})
	}
	return rules
}
