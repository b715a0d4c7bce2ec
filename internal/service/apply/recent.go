package apply

import (
	"sync"
	"time"
)

const (
	// recentFor is how long a change is recent: longer than DLI's lists lag.
	recentFor = time.Minute
	// maxRecent limits the connections that are remembered.
	maxRecent = 10_000
)

// recent are the connections that this process has changed a moment ago: a list may show
// them as they were, and so as wanted where they are not. The zero value is ready for use.
type recent struct {
	mu    sync.Mutex
	until map[string]time.Time // by project and name
	all   time.Time            // until then each connection counts as changed
}

func (r *recent) add(project, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if len(r.until) >= maxRecent {
		r.until, r.all = nil, now.Add(recentFor)
	}
	if r.until == nil {
		r.until = make(map[string]time.Time)
	}
	r.until[project+"/"+name] = now.Add(recentFor)
}

func (r *recent) has(project, name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	return now.Before(r.all) || now.Before(r.until[project+"/"+name])
}
