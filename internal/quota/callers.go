package quota

import (
	"cmp"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

const (
	// maxCallers bounds the table. Callers beyond it share one entry.
	maxCallers = 10_000
	// sweepInterval is how often a full table is searched for idle callers.
	sweepInterval = time.Second
	// networkBits is the part of an IPv6 address that one caller has: any host chooses the
	// rest as it likes.
	networkBits = 64
)

// A Key identifies a caller: by its name, or without one by its address.
type Key struct {
	name string
	addr netip.Addr
}

// KeyOf returns the key of the caller with a name, which may be empty, and an address with
// a port.
func KeyOf(name, peer string) Key {
	if name != "" {
		return Key{name: name}
	}
	return KeyOfAddr(peer)
}

// KeyOfAddr returns the key of whoever has an address with a port.
func KeyOfAddr(peer string) Key {
	at, err := netip.ParseAddrPort(peer)
	if err != nil {
		return Key{}
	}
	addr := at.Addr().Unmap().WithZone("")
	if addr.Is6() {
		if network, err := addr.Prefix(networkBits); err == nil {
			addr = network.Addr()
		}
	}
	return Key{addr: addr}
}

// String names the caller in an error.
func (k Key) String() string {
	if k.name != "" || !k.addr.IsValid() {
		return "caller:" + k.name
	}
	return "address:" + k.addr.String()
}

// A caller is what one caller holds.
type caller struct {
	name  string // Key.String
	bytes atomic.Int64

	// Guarded by callers.mu.
	calls, creates, long, waiting, connections, auxiliary int64

	callRate, createRate *rate.Limiter // nil: unlimited
}

// hold adds to the bytes of the caller, if there is one, and returns them.
func (c *caller) hold(n int64) int64 {
	if c == nil {
		return 0
	}
	return c.bytes.Add(n)
}

// idle reports whether forgetting the caller loses nothing. It is called with callers.mu
// held.
func (c *caller) idle() bool {
	full := func(l *rate.Limiter) bool { return l == nil || l.Tokens() >= float64(l.Burst()) }
	return c.calls+c.long+c.waiting+c.connections+c.auxiliary == 0 && c.bytes.Load() == 0 && full(c.callRate) && full(c.createRate)
}

// callers is a table of bounded size.
type callers struct {
	quota *configv1.CallerLimits // may be nil

	mu    sync.Mutex
	byKey map[Key]*caller
	rest  *caller // those for whom there is no place
	swept time.Time
}

// of returns the caller with a key. It is called with mu held.
func (t *callers) of(key Key) *caller {
	if c := t.byKey[key]; c != nil {
		return c
	}
	if len(t.byKey) >= maxCallers && !t.sweep() {
		if t.rest == nil {
			t.rest = t.newCaller(Key{name: "others"})
		}
		return t.rest
	}
	c := t.newCaller(key)
	t.byKey[key] = c
	return c
}

// sweep forgets idle callers, and reports whether there is room now.
func (t *callers) sweep() bool {
	if now := time.Now(); now.Sub(t.swept) >= sweepInterval {
		t.swept = now
		for key, c := range t.byKey {
			if c.idle() {
				delete(t.byKey, key)
			}
		}
	}
	return len(t.byKey) < maxCallers
}

func (t *callers) newCaller(key Key) *caller {
	return &caller{
		name:       key.String(),
		callRate:   newRate(t.quota.GetCallsPerSecond(), time.Second, t.quota.GetCallsBurst()),
		createRate: newRate(t.quota.GetCreatesPerMinute(), time.Minute, t.quota.GetCreatesBurst()),
	}
}

// newRate limits to n in each period, and to burst at once. It returns nil for no limit.
func newRate(n int32, period time.Duration, burst int32) *rate.Limiter {
	if n <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(n)/period.Seconds()), int(cmp.Or(burst, n)))
}

// take takes one call of a rate, or returns how long to wait for it.
func take(l *rate.Limiter, now time.Time) time.Duration {
	if l == nil {
		return 0
	}
	r := l.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}
