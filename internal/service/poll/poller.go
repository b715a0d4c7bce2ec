package poll

import (
	"context"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/config"
)

// growth is what the interval is multiplied by after a poll that found no change.
const growth = 1.5

// A poller reads one project for all of its subscriptions.
type poller struct {
	all  *Pollers
	key  key
	wake chan struct{} // has one element when the next poll may have to begin earlier

	// The fields below are guarded by all.mu.
	subs    map[*Subscription]struct{}
	state   *State
	changed chan struct{}      // closed with the next state
	begun   uint64             // number of rounds that have begun
	cancel  context.CancelFunc // ends the round in progress; nil: there is none
	next    time.Time          // when the next round begins
	soonest time.Time          // when it may begin for a caller who came meanwhile
	// rejected is when calls were rejected, by the origin that they were made for.
	rejected map[string]time.Time

	// The fields below belong to the goroutine of run.
	interval time.Duration
	pageSize int32 // of lists; 0: all at once
}

func newPoller(all *Pollers, k key) *poller {
	return &poller{
		all: all, key: k, wake: make(chan struct{}, 1),
		subs: make(map[*Subscription]struct{}), state: &State{}, changed: make(chan struct{}),
		rejected: make(map[string]time.Time),
	}
}

// run polls until nobody is interested any more. A panic ends those who are, with an error:
// on this goroutine it would end the process.
func (p *poller) run() {
	p.all.metrics.pollers.Add(context.Background(), 1)
	defer p.all.metrics.pollers.Add(context.Background(), -1)
	defer func() {
		if v := recover(); v != nil {
			p.all.metrics.count(false, true)
			p.all.mu.Lock()
			defer p.all.mu.Unlock()
			p.cancel = nil
			p.end(apierror.New(connsvcv1.ErrorReason_INTERNAL, "", call.Recovered(v)))
			delete(p.all.byKey, p.key)
		}
	}()
	for p.pause() {
		p.poll()
	}
}

// pause waits until the next round is due. It returns false when the poller has ended:
// nobody has been interested since the next round could have begun, so that callers who
// come and go do not shorten the interval, or connsvc stops.
func (p *poller) pause() bool {
	for {
		due, ended := p.due()
		if ended {
			return false
		}
		wait := time.Until(due)
		if wait <= 0 {
			return true
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-p.wake:
		case <-p.all.ctx.Done():
		}
		timer.Stop()
	}
}

// due returns when the next round begins.
func (p *poller) due() (at time.Time, ended bool) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	if p.all.ctx.Err() != nil {
		p.end(Stopping())
	}
	if len(p.subs) == 0 {
		if ended = !time.Now().Before(p.soonest); ended || p.all.closed {
			delete(p.all.byKey, p.key)
			return time.Time{}, true
		}
		return p.soonest, false
	}
	for s := range p.subs {
		if s.urgent || s.after == p.begun {
			return p.soonest, false
		}
	}
	return p.next, false
}

// wakeUp has pause look again when the next round begins.
func (p *poller) wakeUp() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// drop removes a subscription. all.mu must be held, as for the following functions.
func (p *poller) drop(s *Subscription) {
	if _, stays := p.subs[s]; !stays {
		return
	}
	delete(p.subs, s)
	origin := s.interest.Caller.Origin
	if p.all.load[origin]--; p.all.load[origin] == 0 {
		delete(p.all.load, origin)
	}
	if len(p.subs) == 0 {
		if p.cancel != nil {
			p.cancel()
		}
		p.wakeUp()
	}
}

// end ends all subscriptions with an error.
func (p *poller) end(err error) {
	for s := range p.subs {
		s.err = err
		p.drop(s)
	}
	p.publish(p.state)
}

// publish replaces the state.
func (p *poller) publish(next *State) {
	p.state = next
	close(p.changed)
	p.changed = make(chan struct{})
}

// move gives all subscriptions to pollers of other keys: a reload has changed whether
// calls are made with callers' own credentials.
func (p *poller) move(own bool) {
	for s := range p.subs {
		p.drop(s)
		p.all.place(s, own)
	}
	p.publish(p.state)
}

// schedule decides when the next round begins. wait is how long DLI asked to wait, and own
// how long to wait where no further caller comes meanwhile.
func (p *poller) schedule(cfg *configv1.Polling, fast bool, wait, own time.Duration) {
	shortest, longest := cfg.GetMinInterval().AsDuration(), cfg.GetMaxInterval().AsDuration()
	if cfg == nil {
		shortest, longest = config.DefaultMinInterval, config.DefaultMaxInterval
	}
	if p.interval = time.Duration(float64(p.interval) * growth); fast {
		p.interval = 0
	}
	p.interval = min(max(p.interval, shortest), max(longest, shortest))
	now := time.Now()
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	p.soonest = now.Add(max(shortest, wait))
	p.next = now.Add(max(p.interval, wait, own))
}
