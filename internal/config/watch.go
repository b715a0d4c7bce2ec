package config

import (
	"context"
	"crypto/sha256"
	"os"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

// A Result is the result of a reload, as the metric names it.
type Result string

// All results.
const (
	Applied   Result = "applied"
	Unchanged Result = "unchanged" // the file says what is active already
	Rejected  Result = "refused"   // the previous configuration stays active
)

// Results returns all results, for metrics that start at 0.
func Results() []Result { return []Result{Applied, Unchanged, Rejected} }

// A Reload reports a reload.
type Reload struct {
	Result  Result
	Changed []string // if applied: the keys, as in "limits.max_calls"
	Details []string // if applied: what changed, for people
	Err     error    // if rejected: all problems, one a line
}

// WatchOptions are the arguments of Watch. All but Signals are required.
type WatchOptions struct {
	// Signals has the file read at once (SIGHUP). It is never closed; may be nil.
	Signals <-chan os.Signal
	// Apply activates a configuration as a whole. If it fails, the previous one
	// stays active.
	Apply func(*configv1.Config) error
	// Observe gets each reload, on the goroutine of Watch.
	Observe func(Reload)
}

// Watch reloads the file at each signal and, unless reload.disable_watch is set,
// when its content changes, until ctx ends. It is called once.
//
// Rejected content is reported once. If only Apply failed, it is tried again at each
// reading: a secret that was missing may be there by then.
func (f *File) Watch(ctx context.Context, o WatchOptions) {
	type failure struct {
		sum [sha256.Size]byte
		err string
	}
	var last failure // of Apply
	watch.Watcher{
		Read: f.read,
		Interval: func() time.Duration {
			if f.Config().GetReload().GetDisableWatch() {
				return 0
			}
			return f.Config().GetReload().GetInterval().AsDuration()
		},
		Signals: o.Signals,
		Changed: func(content watch.Content, signalled bool) bool {
			reload, applyErr := f.reload(content, o.Apply)
			this := failure{content.Sum, applyErr}
			known := applyErr != "" && this == last
			last = this
			if signalled || !known {
				o.Observe(reload)
			}
			return applyErr != ""
		},
	}.Run(ctx, f.opened)
}

// reload activates the configuration in content. applyErr is set if only apply
// failed.
func (f *File) reload(content watch.Content, apply func(*configv1.Config) error) (r Reload, applyErr string) {
	cfg, err := f.parse(content)
	if err != nil {
		return Reload{Result: Rejected, Err: err}, ""
	}
	changed, details := changes(f.Config().ProtoReflect(), cfg.ProtoReflect()), describe(f.Config(), cfg)
	if len(changed) == 0 {
		return Reload{Result: Unchanged}, ""
	}
	if err := apply(cfg); err != nil {
		return Reload{Result: Rejected, Err: err}, err.Error()
	}
	f.active.Store(cfg)
	return Reload{Result: Applied, Changed: keys(changed), Details: details}, ""
}
