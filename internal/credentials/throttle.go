package credentials

import (
	"context"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// laneRate is how many requests a second each of the two lanes of an upstream sends to
	// IAM: together fewer than ten.
	laneRate = 4.5
	// maxTurn is the longest wait for a turn: the response must come within patience, too.
	maxTurn = 1500 * time.Millisecond
	// doubtInterval is the time between two first requests while nothing shows that the
	// secret is right.
	doubtInterval = 5 * time.Second
	// doubtAfter is how many projects IAM must reject, without accepting one, to make the
	// secret doubtful.
	doubtAfter = 3
	// maxTrialPause bounds, in doubtIntervals, how long a caller leaves trials to others.
	maxTrialPause = 12
	// maxTrials limits concurrent requests by a secret that IAM has not accepted yet: it
	// commonly locks a user after five wrong passwords in a quarter of an hour.
	maxTrials = 2
	// maxFirsts limits the first requests that one caller has under way: callers choose
	// projects, and one who tries many must leave turns to the others.
	maxFirsts = 4
	// minThrottled is the pause after a 429 without Retry-After.
	minThrottled = time.Second
)

// A request asks IAM for a token.
type request struct {
	project, caller string // caller is the origin of a call; empty if unknown
	version         int    // of the secret
	known           bool   // the project had a token before
}

// A throttle decides when one upstream asks IAM, so that no project or caller affects
// another one. Renewals have a lane of their own, which projects that never had a token
// cannot fill. Only a 429, or IAM's statement that the secret is wrong, pauses all.
type throttle struct {
	source string
	now    func() time.Time
	trials chan struct{} // has an element for each trial

	mu               sync.Mutex
	renewals, firsts *rate.Limiter
	callers          map[string]int // first requests under way
	until            time.Time      // when the pause of all requests ends
	cause            *Error         // of the pause

	version  int // of the secret; the fields below are about it
	accepted bool
	rejected map[string]bool      // projects
	tried    map[string]time.Time // when the callers of trials of a doubtful secret may try again
	wrong    backoff
}

func newThrottle(source string, now func() time.Time) *throttle {
	return &throttle{
		source: source, now: now, trials: make(chan struct{}, maxTrials),
		renewals: rate.NewLimiter(laneRate, 1), firsts: rate.NewLimiter(laneRate, 1),
		callers: make(map[string]int), rejected: make(map[string]bool),
		tried: make(map[string]time.Time),
	}
}

// admit returns how long a request must wait for its turn, or why there is none soon.
// leave must follow.
func (t *throttle) admit(q request) (time.Duration, *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.paused(q.version); err != nil {
		return 0, err
	}
	lane, now := t.renewals, t.now()
	if !q.known {
		if lane = t.firsts; q.caller != "" && t.callers[q.caller] >= maxFirsts {
			return 0, &Error{Kind: Busy, Source: t.source, RetryAfter: time.Second, Err: errManyProjects}
		}
		if pause := t.tried[q.caller].Sub(now); pause > 0 {
			return 0, &Error{Kind: Busy, Source: t.source, RetryAfter: pause, Err: errManyRequests}
		}
	}
	turn := lane.ReserveN(now, 1)
	delay := turn.DelayFrom(now)
	if delay > maxTurn {
		turn.CancelAt(now)
		return 0, &Error{Kind: Busy, Source: t.source, RetryAfter: delay, Err: errManyRequests}
	}
	if !q.known {
		t.callers[q.caller]++
		if q.caller != "" && len(t.rejected) >= doubtAfter {
			t.leaveTrials(q.caller, now)
		}
	}
	return delay, nil
}

// leaveTrials has a caller leave one trial to each other caller who tries, and one more.
// t.mu is held.
func (t *throttle) leaveTrials(caller string, now time.Time) {
	maps.DeleteFunc(t.tried, func(_ string, until time.Time) bool { return !now.Before(until) })
	t.tried[caller] = now.Add(doubtInterval * time.Duration(min(len(t.tried)+2, maxTrialPause)))
}

// paused returns why no request is allowed now. t.mu is held.
func (t *throttle) paused(version int) *Error {
	if version > t.version {
		t.version, t.accepted, t.wrong = version, false, backoff{}
		t.calm()
		if t.cause != nil && t.cause.Kind == Rejected {
			t.until = time.Time{}
		}
	}
	if pause := t.until.Sub(t.now()); pause > 0 {
		return t.cause.after(pause)
	}
	return nil
}

// calm ends the doubt about the secret.
func (t *throttle) calm() {
	clear(t.rejected)
	clear(t.tried)
	t.firsts.SetLimitAt(t.now(), laneRate)
}

// enter is called when the turn has come. It waits while too many requests try a secret
// that IAM has not accepted yet, and returns what ends the request.
func (t *throttle) enter(ctx context.Context, version int) (exit func(), err *Error) {
	t.mu.Lock()
	accepted := t.accepted && version == t.version
	t.mu.Unlock()
	exit = func() {}
	if !accepted {
		select {
		case t.trials <- struct{}{}:
			exit = func() { <-t.trials }
		case <-ctx.Done():
			return exit, &Error{Kind: Unavailable, Source: t.source, Err: errSlow}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return exit, t.paused(version)
}

// leave records the result of a request that was admitted.
func (t *throttle) leave(q request, err *Error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !q.known {
		if t.callers[q.caller]--; t.callers[q.caller] == 0 {
			delete(t.callers, q.caller)
		}
	}
	now := t.now()
	switch {
	case err != nil && err.throttled():
		t.pause(now.Add(max(err.RetryAfter, minThrottled)), err)
	case q.version != t.version:
	case err == nil:
		t.accepted, t.wrong = true, backoff{}
		t.calm()
	case err.secretIsWrong:
		t.accepted = false
		t.wrong.fail(now, 5*time.Minute, time.Hour, 0)
		t.pause(t.wrong.until, err)
		err.RetryAfter = t.wrong.pause(now)
	case err.Kind == Rejected && !t.accepted && len(t.rejected) < doubtAfter:
		if t.rejected[q.project] = true; len(t.rejected) == doubtAfter {
			t.firsts.SetLimitAt(now, rate.Every(doubtInterval))
		}
	}
}

func (t *throttle) pause(until time.Time, cause *Error) {
	if until.After(t.until) {
		t.until, t.cause = until, cause
	}
}
