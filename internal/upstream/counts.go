package upstream

import (
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/connsvc/connsvc/internal/credentials"
)

// counts is what happened at the upstreams of one name. It outlives their clients,
// so that a reload makes no counter fall.
type counts struct {
	attempts map[string]*[lastOutcome]atomic.Int64 // by full method: the keys do not change
	retries  atomic.Int64
	shared   atomic.Int64
	refused  [lastRefusal]atomic.Int64
	renewals [lastRenewal]atomic.Int64
	inFlight atomic.Int64
	// writes counts the calls that may have changed something and have ended. It is
	// here because a reload must not reset it: see flightKey.
	writes atomic.Uint64
}

// An outcome is what became of an attempt.
type outcome int

const (
	outcomeOK outcome = iota
	outcomeUnreachable
	outcomeBroken
	outcomeTimeout
	outcomeCancelled
	outcomeRefused
	outcomeMalformed
	outcomeTooLarge
	outcome4xx
	outcome429
	outcome5xx
	lastOutcome
)

var outcomeNames = [lastOutcome]string{
	outcomeOK: "ok", outcomeUnreachable: "unreachable", outcomeBroken: "broken", outcomeTimeout: "timeout",
	outcomeCancelled: "cancelled", outcomeRefused: "refused", outcomeMalformed: "malformed", outcomeTooLarge: "too_large",
	outcome4xx: "status_4xx", outcome429: "status_429", outcome5xx: "status_5xx",
}

func outcomeOf(err *Error) outcome {
	if err == nil {
		return outcomeOK
	}
	switch err.Kind {
	case Unreachable:
		return outcomeUnreachable
	case Broken:
		return outcomeBroken
	case Timeout:
		return outcomeTimeout
	case Cancelled:
		return outcomeCancelled
	case Refused:
		return outcomeRefused
	case TooLarge:
		return outcomeTooLarge
	case Status:
		switch {
		case err.HTTPStatus == http.StatusTooManyRequests:
			return outcome429
		case err.HTTPStatus < http.StatusInternalServerError:
			return outcome4xx
		default:
			return outcome5xx
		}
	default:
		return outcomeMalformed
	}
}

// What refuses a call that is not sent.
const (
	refusedByBreaker = iota
	refusedByLimit
	lastRefusal
)

var refusalNames = [lastRefusal]string{refusedByBreaker: "breaker", refusedByLimit: "limit"}

// lastRenewal is the number of results that an attempt to get credentials can have:
// 0 for success, or a credentials.Kind.
const lastRenewal = credentials.Closed + 1

func renewalName(result int) string {
	if result == 0 {
		return "ok"
	}
	return credentials.Kind(result).String()
}

func renewalResult(err error) credentials.Kind {
	var e *credentials.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e) && e.Kind > 0 && e.Kind < lastRenewal:
		return e.Kind
	default:
		return credentials.Unavailable
	}
}

func newCounts() *counts {
	c := &counts{attempts: make(map[string]*[lastOutcome]atomic.Int64)}
	for method := range repeats {
		c.attempts[method] = new([lastOutcome]atomic.Int64)
	}
	return c
}

func (c *counts) attempt(fullMethod string, err *Error) {
	if n := c.attempts[fullMethod]; n != nil {
		n[outcomeOf(err)].Add(1)
	}
}

// renewed returns what counts the renewals of an upstream's credentials and passes
// them on to observe.
func (c *counts) renewed(upstream string, observe func(string, credentials.Renewal)) func(credentials.Renewal) {
	return func(r credentials.Renewal) {
		c.renewals[renewalResult(r.Err)].Add(1)
		if observe != nil {
			observe(upstream, r)
		}
	}
}
