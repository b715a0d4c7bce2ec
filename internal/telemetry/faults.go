package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// quiet is how long a kind of fault is not logged again.
const quiet = time.Minute

// maxLoggedFault is the longest text of a fault in the log, in bytes: an exporter
// quotes what a collector answers.
const maxLoggedFault = 512

// faultKinds are where a fault can be.
func faultKinds() []string { return []string{"traces", "opentelemetry", "resource"} }

// faults are those of telemetry itself. A collector that is down fails every few
// seconds, for hours: it is logged once a minute, and counted.
type faults struct {
	log *slog.Logger

	mu      sync.Mutex
	kinds   map[string]*fault
	counter metric.Int64Counter // nil while there is no meter
}

type fault struct {
	logged time.Time
	since  int // faults that were not logged since
}

func newFaults(log *slog.Logger) *faults {
	f := &faults{log: log, kinds: map[string]*fault{}}
	for _, kind := range faultKinds() {
		f.kinds[kind] = &fault{}
	}
	return f
}

// count counts faults from now on.
func (f *faults) count(meter metric.Meter) error {
	counter, err := meter.Int64Counter("connsvc.telemetry.faults",
		metric.WithDescription("Faults of telemetry itself, as of a collector that cannot be reached."))
	if err != nil {
		return err
	}
	for _, kind := range faultKinds() {
		counter.Add(context.Background(), 0, metric.WithAttributes(attribute.String("kind", kind)))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counter = counter
	return nil
}

// note logs a fault, unless one of its kind was of late.
func (f *faults) note(ctx context.Context, kind string, err error) {
	f.mu.Lock()
	counter, one := f.counter, f.kinds[kind]
	unlogged := one.since
	loud := one.logged.IsZero() || time.Since(one.logged) >= quiet
	if loud {
		one.logged, one.since = time.Now(), 0
	} else {
		one.since++
	}
	f.mu.Unlock()
	if counter != nil {
		counter.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", kind)))
	}
	if !loud {
		return
	}
	text := err.Error()
	if len(text) > maxLoggedFault {
		end := maxLoggedFault
		for end > 0 && !utf8.RuneStart(text[end]) {
			end-- // not within a rune
		}
		text = text[:end] + "..."
	}
	f.log.WarnContext(ctx, "telemetry is not complete", "kind", kind, "error", text, "unlogged", unlogged)
}
