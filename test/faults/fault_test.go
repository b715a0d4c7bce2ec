package faults_test

import (
	"slices"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// The times of a case. What is short is far below the time that an attempt may
// take, and what is long is above it.
const (
	attemptTime   = time.Second
	reconcileTime = time.Second
	short         = 10 * time.Millisecond
	long          = attemptTime + 300*time.Millisecond
	tooLong       = 2 * (attemptTime + reconcileTime)
)

// A fate is what a fault leaves of a call.
type fate int

const (
	undone fate = iota // DLI does not execute it
	done               // DLI executes it before the caller can ask again
	late               // DLI executes it after the caller was told
)

// A fault is a way in which DLI fails, and what must be told of it.
type fault struct {
	name  string
	first []faults.Fault // kinds that change how the call is done
	kind  *faults.Fault  // the kind that decides; nil: none
	fate  fate
	// reason is what is told of a call that it is the last word on; OK: success.
	reason string
	// retryAfter is what the answer must ask to wait at least.
	retryAfter time.Duration
	// repeated are the classes of call that are sent again after it.
	repeated class
	// definite: after reason, the call was not executed.
	definite bool
	// lies: DLI says the one and does the other.
	lies bool
	slow bool
	only []string // RPCs; nil: all
	// instead are what is told of an RPC in place of reason.
	instead map[string][]string
}

// A class says after what a call may be sent again (docs/reliability.md). Each
// class includes those before it.
type class int

const (
	nobody   class = iota // no call, not even a read
	reads                 // only what changes nothing
	harmless              // also what leaves the same when it is done twice
	refused               // also what may be done once only, for DLI has not done it
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

// allFaults are all ways in which DLI fails.
func allFaults() []fault {
	faults := slices.Concat(waits(), breaks(), statuses(), refusals(), garbage(), effects())
	return faults
}

func waits() []fault {
	longAnswer, hang := delayed(faults.DelayAnswer, long), faults.Fault{Kind: faults.Hang}
	return []fault{
		{name: "latency", first: []faults.Fault{delayed(faults.Latency, short)}, fate: done, reason: ok},
		{name: "delayed answer", kind: new(delayed(faults.DelayAnswer, short)), fate: done, reason: ok},
		{name: "long latency", first: []faults.Fault{delayed(faults.Latency, long)}, reason: timeout, slow: true},
		{name: "long latency, done all the same", first: []faults.Fault{*committed(delayed(faults.Latency, long))}, fate: done, reason: timeout, slow: true},
		{name: "very long latency, done all the same", first: []faults.Fault{*committed(delayed(faults.Latency, tooLong))}, fate: late, reason: timeout, slow: true},
		{name: "very late answer", kind: &longAnswer, fate: done, reason: timeout, slow: true},
		{name: "hang", kind: &hang, reason: timeout, slow: true},
		{name: "done, then hang", kind: committed(hang), fate: done, reason: timeout, slow: true},
	}
}

func breaks() []fault {
	return []fault{
		{name: "reset before the request was read", kind: of(faults.ResetBefore), reason: unavailable, repeated: reads},
		{name: "reset after the request was read", kind: of(faults.ResetAfter), reason: unavailable, repeated: reads},
		{name: "done, then reset", kind: of(faults.DropAnswer), fate: done, reason: unavailable, repeated: reads},
		{name: "done, answer cut off", kind: of(faults.TruncatedBody), fate: done, reason: unavailable, repeated: reads},
		{name: "done, answer of wrong length", kind: of(faults.WrongLength), fate: done, reason: faulty},
	}
}

func statuses() []fault {
	text := faults.Fault{Kind: faults.Status, Status: 503, Body: "no healthy upstream"}
	var faults []fault
	for _, f := range []fault{
		{name: "500", kind: new(status(500)), reason: faulty},
		{name: "502", kind: new(status(502)), reason: unavailable, repeated: harmless},
		{name: "503", kind: new(status(503)), reason: unavailable, repeated: harmless},
		{name: "503 as text", kind: &text, reason: unavailable, repeated: harmless},
		{name: "504", kind: new(status(504)), reason: timeout, repeated: harmless},
	} {
		executed := f
		executed.name, executed.kind, executed.fate = "done, then "+f.name, committed(*f.kind), done
		faults = append(faults, f, executed)
	}
	return faults
}

func refusals() []fault {
	wait := faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: faults.Duration(7 * time.Second)}
	date := wait
	date.RetryAfterDate = true
	return []fault{
		{name: "429", kind: new(status(429)), reason: throttled, definite: true, repeated: refused},
		{name: "429 with Retry-After", kind: &wait, reason: throttled, definite: true, retryAfter: 7 * time.Second},
		{name: "429 with a date", kind: &date, reason: throttled, definite: true, retryAfter: 5 * time.Second},
		{name: "is_success=false", kind: of(faults.Unsuccessful), reason: "UPSTREAM_REFUSED", definite: true},
		{name: "done, then is_success=false", kind: committed(faults.Fault{Kind: faults.Unsuccessful}), fate: done, reason: "UPSTREAM_REFUSED", lies: true},
		{name: "401 of the gateway", kind: of(faults.ExpiredToken), reason: "UPSTREAM_CREDENTIALS", definite: true},
		{name: "401 of DLI", kind: &faults.Fault{Kind: faults.ExpiredToken, Code: "DLI.0013"}, reason: "UPSTREAM_CREDENTIALS", definite: true},
		{name: "403 of the gateway", kind: coded(403, "APIGW.0302"), reason: "UPSTREAM_DENIED", definite: true},
		{name: "403 of DLI", kind: coded(403, "DLI.0003"), reason: "UPSTREAM_DENIED", definite: true},
		{name: "400 about a parameter", kind: coded(400, "DLI.0001"), reason: "VALIDATION_FAILED", definite: true},
		{name: "400 not available", kind: coded(400, "DLI.0012"), reason: "RESOURCE_UNAVAILABLE", definite: true, instead: map[string][]string{"DeleteEnhancedConnection": {busy}}},
		{name: "400 quota", kind: coded(400, "DLI.1028"), reason: "UPSTREAM_QUOTA", definite: true},
	}
}

func garbage() []fault {
	page, badPage := faults.Fault{Kind: faults.HTML}, faults.Fault{Kind: faults.HTML, Status: 502}
	invalid, endless := faults.Fault{Kind: faults.InvalidJSON}, faults.Fault{Kind: faults.EndlessBody}
	// A list can be too large in earnest: less is asked for, and the caller may too.
	lists := map[string][]string{"ListEnhancedConnections": {"ANSWER_TOO_LARGE", ok}}
	return []fault{
		{name: "a page", kind: &page, reason: faulty},
		{name: "done, then a page", kind: committed(page), fate: done, reason: faulty},
		{name: "502 as a page", kind: &badPage, reason: unavailable, repeated: harmless},
		{name: "done, then 502 as a page", kind: committed(badPage), fate: done, reason: unavailable, repeated: harmless},
		{name: "invalid JSON", kind: &invalid, reason: faulty},
		{name: "done, then invalid JSON", kind: committed(invalid), fate: done, reason: faulty},
		{name: "endless answer", kind: &endless, reason: faulty, instead: lists},
		{name: "done, then an endless answer", kind: committed(endless), fate: done, reason: faulty, instead: lists},
	}
}

// effects are faults of what a call does, alone and with an answer that is lost.
func effects() []fault {
	stuck := delayed(faults.StuckCreating, short)
	lag, longLag := delayed(faults.SlowList, reconcileTime/4), delayed(faults.SlowList, 2*reconcileTime)
	creates := []string{create}
	return []fault{
		{name: "stuck CREATING", first: []faults.Fault{stuck}, fate: done, reason: ok, only: []string{create, "AssociateQueues"}},
		{name: "a list that lags", first: []faults.Fault{lag}, fate: done, reason: ok, only: creates},
		{name: "a list that lags, and a lost answer", first: []faults.Fault{lag}, kind: of(faults.DropAnswer), fate: done, reason: unavailable, only: creates},
		{name: "a list that lags long", first: []faults.Fault{longLag}, fate: done, reason: ok, slow: true, only: creates},
		{name: "a list that lags long, and a lost answer", first: []faults.Fault{longLag}, kind: of(faults.DropAnswer), fate: late, reason: unavailable, slow: true, only: creates},
	}
}

// repeats reports whether a call of an operation is sent again after the fault.
func (f *fault) repeats(op operation) bool { return op.class != nobody && op.class <= f.repeated }

// rules are those that make a fault happen to an RPC: to its first call, or to each.
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
