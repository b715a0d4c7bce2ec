package apply

import (
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// recentFor is how long a change is recent, unless DLI's lists may lag longer.
	recentFor = time.Minute
	// maxRecent limits the connections that are remembered.
	maxRecent = 10_000
)

// recent are the connections that this process has changed a moment ago: a list may show
// them as they were, and so as wanted where they are not. The zero value is ready for use.
type recent struct {
	mu    sync.Mutex
	until map[string]time.Time // by project and ID
	all   time.Time            // until then each connection counts as changed
}

// add adds a connection, for as long as lists lag, and a minute at least.
func (r *recent) add(project, id string, lag time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	until := time.Now().Add(max(recentFor, lag))
	if len(r.until) >= maxRecent {
		for _, at := range r.until {
			if at.After(r.all) {
				r.all = at
			}
		}
		r.until = nil
	}
	if r.until == nil {
		r.until = make(map[string]time.Time)
	}
	r.until[keyOf(project, id)] = until
}

// has reports whether one of the connections of a project was changed.
func (r *recent) has(project string, ids ...string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	return now.Before(r.all) || slices.ContainsFunc(ids, func(id string) bool { return now.Before(r.until[keyOf(project, id)]) })
}

// keyOf is the key of a connection.
func keyOf(project, id string) string { return project + "/" + strings.ToLower(id) }
