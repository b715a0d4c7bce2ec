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

// logInterval is the shortest time between two log lines of one kind of fault.
const logInterval = time.Minute

// maxLoggedFault limits the text of a fault in the log, in bytes: an exporter quotes
// the response of a collector.
const maxLoggedFault = 512

// faultKinds returns the parts of telemetry that can fail.
func faultKinds() []string { return []string{"traces", "opentelemetry", "resource"} }

// faults counts and logs faults of telemetry itself. An unreachable collector causes
// one every few seconds, so each kind is logged once a minute at most.
type faults struct {
	logger *slog.Logger

	mu      sync.Mutex
	kinds   map[string]*fault
	counter metric.Int64Counter // nil before count
}

type fault struct {
	logged time.Time
	since  int // number of faults since then
}

func newFaults(log *slog.Logger) *faults {
	f := &faults{logger: log, kinds: map[string]*fault{}}
	for _, kind := range append(faultKinds(), "scrape") { // promhttp counts that one itself
		f.kinds[kind] = &fault{}
	}
	return f
}

// count starts counting.
func (f *faults) count(meter metric.Meter) error {
	counter, err := meter.Int64Counter("connsvc.telemetry.faults",
		metric.WithDescription("Faults of telemetry itself, for example an unreachable collector."))
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

// record counts a fault and logs it.
func (f *faults) record(ctx context.Context, kind string, err error) {
	f.mu.Lock()
	counter := f.counter
	f.mu.Unlock()
	if counter != nil {
		counter.Add(ctx, 1, metric.WithAttributes(attribute.String("kind", kind)))
	}
	f.log(ctx, kind, err.Error())
}

// log logs a fault, unless one of its kind was logged recently.
func (f *faults) log(ctx context.Context, kind, text string) {
	f.mu.Lock()
	one := f.kinds[kind]
	unlogged := one.since
	loud := one.logged.IsZero() || time.Since(one.logged) >= logInterval
	if loud {
		one.logged, one.since = time.Now(), 0
	} else {
		one.since++
	}
	f.mu.Unlock()
	if !loud {
		return
	}
	if len(text) > maxLoggedFault {
		end := maxLoggedFault
		for end > 0 && !utf8.RuneStart(text[end]) {
			end-- // do not split a rune
		}
		text = text[:end] + "..."
	}
	f.logger.WarnContext(ctx, "telemetry is incomplete", "kind", kind, "error", text, "unlogged", unlogged)
}
