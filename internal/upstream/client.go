package upstream

import (
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
)

// A client makes the calls to one upstream.
type client struct {
	endpoint
	config      *configv1.Upstream // what it was made of; see clientConfig
	options     Options
	credentials credentials.Provider
	retry       retry
	budget      *budget
	breaker     *breaker
	limit       *limit
	flights     flights
	counts      *counts
	clock       atomic.Pointer[clock]

	users atomic.Int64 // calls, and the table
	ended func()       // called when there are none any more
}

// clientConfig returns the part of the configuration that a client is made of.
func clientConfig(u *configv1.Upstream) *configv1.Upstream {
	c := proto.CloneOf(u)
	c.Projects, c.Idempotency = nil, nil
	return c
}

func newClient(u *configv1.Upstream, o Options, all countsByName, ended func(), p *problem) *client {
	c := &client{endpoint: newEndpoint(u, p), config: clientConfig(u), options: o, ended: ended}
	c.users.Store(1)
	c.counts = all.of(c.name)
	c.retry = newRetry(u.GetRetry())
	c.budget = newBudget(u.GetRetry().GetBudgetPercent())
	c.breaker = newBreaker(u.GetProtection())
	c.limit = newLimit(u.GetProtection())
	var err error
	c.credentials, err = credentials.New(u, credentials.Options{Secret: o.Secret, Now: o.Now, Observe: c.renewed})
	if err != nil {
		p.addAll(err)
	}
	return c
}

func (c *client) renewed(r credentials.Renewal) {
	c.counts.renewals[renewalResult(r.Err)].Add(1)
	if c.options.Renewed != nil {
		c.options.Renewed(c.name, r)
	}
}

// acquire begins a use. It returns false if the client is closed.
func (c *client) acquire() bool {
	for n := c.users.Load(); n > 0; n = c.users.Load() {
		if c.users.CompareAndSwap(n, n+1) {
			return true
		}
	}
	return false
}

// release ends a use, and the client with the last one.
func (c *client) release() {
	if c.users.Add(-1) > 0 {
		return
	}
	if c.credentials != nil {
		c.credentials.Close()
	}
	if c.transport != nil {
		c.transport.close()
	}
	c.ended()
}

// A clock is what DLI's last Date says.
type clock struct {
	text string
	date time.Time
	skew time.Duration
}

// note notes DLI's clock, and returns it; zero if DLI did not tell. Most answers
// come within the second of the one before.
func (c *client) note(h http.Header) time.Time {
	text := h.Get("Date")
	if last := c.clock.Load(); last != nil && last.text == text {
		return last.date
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	c.clock.Store(&clock{text, date, date.Sub(c.options.Now())})
	return date
}
