package config

import (
	"context"
	"os"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// settleTime is how long a change must last before it is taken: an editor or a copy
// may have written half of it, and half of a list is a list.
const settleTime = time.Second

// A Result is what became of a reload.
type Result string

// All results.
const (
	Applied   Result = "applied"
	Unchanged Result = "unchanged" // the file says what runs already
	Refused   Result = "refused"   // what ran goes on
)

// Results returns all results, for metrics that start at 0.
func Results() []Result { return []Result{Applied, Unchanged, Refused} }

// A Reloaded is a reload and what became of it.
type Reloaded struct {
	Result  Result
	Changed []string // of Applied: the keys, as in "limits.max_calls"
	Err     error    // of Refused: all problems, each a line
}

// WatchOptions are what Watch needs; all but Signals are required.
type WatchOptions struct {
	// Signals has the file read at once (SIGHUP). It is never closed; may be nil.
	Signals <-chan os.Signal
	// Apply puts a configuration in the place of the one that runs: whole, or not at
	// all with an error.
	Apply func(*configv1.Config) error
	// Observe is told of each reload, on the goroutine of Watch.
	Observe func(Reloaded)
}

// Watch reads the file again at each signal and, unless reload.disable_watch says
// otherwise, when its content changes, until ctx ends. A content that is not usable
// is refused once, not at every look. It is called once.
func (f *File) Watch(ctx context.Context, o WatchOptions) {
	w := &watcher{File: f, WatchOptions: o, judged: f.opened, found: f.opened}
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.Signals:
			w.judge(look(f.path), true)
		case <-w.next():
			w.poll(look(f.path))
		}
	}
}

type watcher struct {
	*File
	WatchOptions
	judged  mark   // what was applied or refused last
	found   mark   // at the last look
	pending string // why judged, which is well formed, could not be applied; empty if it was
}

// next returns a channel for the time of the next look, nil for never.
func (w *watcher) next() <-chan time.Time {
	reload := w.Config().GetReload()
	interval := reload.GetInterval().AsDuration()
	switch {
	case reload.GetDisableWatch():
		return nil
	case w.found != w.judged:
		return time.After(min(interval, settleTime))
	default:
		return time.After(interval)
	}
}

// poll judges a content that is new and was the same at the last look.
func (w *watcher) poll(content content) {
	m := content.mark()
	settled := m == w.found
	w.found = m
	// What could not be applied may be so now: a secret that was missing is there.
	if settled && (m != w.judged || w.pending != "") {
		w.judge(content, false)
	}
}

// judge applies a content or refuses it. A failure that is known is not told of
// again, unless someone asked.
func (w *watcher) judge(content content, asked bool) {
	m, pending := content.mark(), w.pending
	known := m == w.judged && pending != "" && !asked
	w.judged, w.found, w.pending = m, m, ""
	reloaded := w.reload(content)
	if known && w.pending == pending {
		return
	}
	w.Observe(reloaded)
}

func (w *watcher) reload(content content) Reloaded {
	cfg, err := w.parse(content)
	if err != nil {
		return Reloaded{Result: Refused, Err: err}
	}
	changed := changes(w.Config().ProtoReflect(), cfg.ProtoReflect())
	if len(changed) == 0 {
		return Reloaded{Result: Unchanged}
	}
	if err := w.Apply(cfg); err != nil {
		w.pending = err.Error()
		return Reloaded{Result: Refused, Err: err}
	}
	w.running.Store(cfg)
	return Reloaded{Result: Applied, Changed: keys(changed)}
}
