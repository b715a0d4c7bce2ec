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
	p.all.mu.Lock()
	p.cancel = nil
	if err == errMoved { //nolint:errorlint // it is not wrapped
		p.move(r.dli.CallersOwn())
		p.all.mu.Unlock()
		return
	}
	if abandoned := len(p.subs) == 0 && apierror.ReasonOf(err) == connsvcv1.ErrorReason_CALLER_CANCELLED; !abandoned {
		p.all.metrics.count(changed, err)
	}
	for _, v := range r.viewers {
		if _, stays := p.subs[v.sub]; stays {
			v.sub.verdicts = v.verdicts
		}
	}
	for s := range p.subs {
		if permanent(apierror.ReasonOf(err), next.read > s.after) {
			s.err = err
			p.drop(s)
		}
	}
	var wait time.Duration
	if err != nil {
		wait = min(apierror.From(err).RetryAfter, longestWait)
	}
	next.waits = time.Now().Add(wait)
	p.publish(next)
	p.all.mu.Unlock()

	var cfg *configv1.Polling
	if r.dli != nil {
		cfg = r.dli.Polling()
	}
	p.schedule(cfg, err == nil && (changed || r.late || len(r.open) > 0 || r.creating(next)), wait)
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
