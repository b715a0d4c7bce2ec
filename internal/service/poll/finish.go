package poll

import (
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// longestWait is the longest time that a poller waits because DLI asks it to: what is longer
// may be an error of DLI, and would keep all callers of the project for as long.
const longestWait = time.Minute

// finish ends a round: it publishes the state, or ends the subscriptions for which polling
// cannot succeed, and decides when the next round begins.
func (p *poller) finish(r *round, next *State, changed bool, err error) {
	for _, v := range r.viewers {
		v.forget(next)
	}
	var wait, own time.Duration
	if err != nil {
		wait = min(apierror.From(err).RetryAfter, longestWait)
	}
	if rejected(err) { // which says nothing of a caller who comes meanwhile, or was not tried
		if !r.untried {
			own = wait
		}
		wait = 0
	}
	next.waits = time.Now().Add(wait)
	if r.listed == nil {
		for _, f := range r.failed {
			own = min(apierror.From(f.err).RetryAfter, longestWait)
		}
	}
	if !p.conclude(r, next, changed, err) {
		return
	}
	var cfg *configv1.Polling
	if r.dli != nil {
		cfg = r.dli.Polling()
	}
	p.schedule(cfg, r.succeeded(err) && (changed || r.late || r.undecided(next) || r.creating(next)), wait, own)
}

// conclude gives callers the result of a round. It returns false if they have another poller
// now.
func (p *poller) conclude(r *round, next *State, changed bool, err error) bool {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	p.cancel = nil
	if err == errMoved { //nolint:errorlint // it is not wrapped
		p.move(r.dli.CallersOwn())
		return false
	}
	if abandoned := len(p.subs) == 0 && apierror.ReasonOf(err) == connsvcv1.ErrorReason_CALLER_CANCELLED; !abandoned {
		p.all.metrics.count(changed, err != nil || len(r.failed) > 0)
	}
	for _, v := range r.viewers {
		if _, stays := p.subs[v.sub]; stays {
			v.sub.verdicts = v.verdicts
		}
	}
	for s := range p.subs {
		if own := r.errorFor(s, err); permanent(apierror.ReasonOf(own), next.read > s.after) {
			s.err = own
			p.drop(s)
		}
	}
	p.recordOrigins(r, err)
	p.publish(next)
	return true
}

// errorFor returns why a round failed for one caller: as a whole, or for the connection that
// it is interested in.
func (r *round) errorFor(s *Subscription, err error) error {
	switch {
	case s.after >= r.round: // it came meanwhile
		return nil
	case err != nil:
		return err
	case s.interest.All:
		return nil
	}
	for id := range s.ids {
		if f, failed := r.failed[id]; failed {
			return f.err
		}
	}
	return nil
}

// permanent reports whether polling cannot succeed for a caller. An operator may replace
// credentials that DLI rejects: a caller who has been served before waits for that.
func permanent(reason connsvcv1.ErrorReason, served bool) bool {
	switch reason {
	case connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED,
		connsvcv1.ErrorReason_UPSTREAM_DENIED,
		connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED,
		connsvcv1.ErrorReason_ANSWER_TOO_LARGE,
		connsvcv1.ErrorReason_INTERNAL:
		return true
	case connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS:
		return !served
	default:
		return false
	}
}
