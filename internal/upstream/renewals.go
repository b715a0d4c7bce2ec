package upstream

import (
	"log/slog"
	"sync"
	"time"

	"github.com/connsvc/connsvc/internal/credentials"
)

// logInterval is the shortest time between two log lines of one result of renewals:
// callers choose projects, and so how many are rejected.
const logInterval = time.Minute

// renewed returns what counts and logs the renewals of an upstream's credentials.
func (c *counts) renewed(log *slog.Logger, now func() time.Time) func(credentials.Renewal) {
	var mu sync.Mutex
	var logged [lastRenewal]time.Time
	var unlogged [lastRenewal]int
	return func(r credentials.Renewal) {
		result := renewalResult(r.Err)
		c.renewals[result].Add(1)
		mu.Lock()
		defer mu.Unlock()
		if t := now(); t.Sub(logged[result]) >= logInterval {
			logged[result] = t
		} else {
			unlogged[result]++
			return
		}
		log := log.With("source", r.Source, "project", r.Project, "unlogged", unlogged[result])
		unlogged[result] = 0
		if r.Err != nil {
			log.Warn("credentials were not renewed; the previous ones stay in use", "error", r.Err.Error())
			return
		}
		if !r.Expires.IsZero() {
			log = log.With("expires", r.Expires)
		}
		log.Info("credentials were renewed")
	}
}
