package auth

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/call"
)

// metrics count by kind and result: a principal would be an unbounded label.
type metrics struct {
	calls   metric.Int64Counter
	reloads metric.Int64Counter
	ok      map[call.Kind]metric.MeasurementOption
	failed  map[Failure]metric.MeasurementOption
}

func newMetrics(meter metric.Meter) (*metrics, error) {
	var errs [2]error
	m := &metrics{ok: map[call.Kind]metric.MeasurementOption{}, failed: map[Failure]metric.MeasurementOption{}}
	m.calls, errs[0] = meter.Int64Counter("connsvc.auth.calls",
		metric.WithDescription("Calls whose caller was authenticated, by kind, or not, by failure."))
	m.reloads, errs[1] = meter.Int64Counter("connsvc.auth.reloads",
		metric.WithDescription("Changes of callers' secrets: ok, or failed if the previous ones stay active."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	ctx := context.Background()
	for _, kind := range call.Kinds { // so that each starts at 0
		m.ok[kind] = metric.WithAttributeSet(attribute.NewSet(attribute.String("kind", string(kind)), attribute.String("result", "ok")))
		m.calls.Add(ctx, 0, m.ok[kind])
	}
	for _, failure := range failures {
		m.failed[failure] = metric.WithAttributeSet(attribute.NewSet(attribute.String("result", string(failure))))
		m.calls.Add(ctx, 0, m.failed[failure])
	}
	return m, nil
}

func (m *metrics) count(ctx context.Context, p *call.Principal, err *Error) {
	if err != nil {
		m.calls.Add(ctx, 1, m.failed[err.Kind])
		return
	}
	m.calls.Add(ctx, 1, m.ok[p.Kind])
}

// start creates the series of a section's reloads.
func (m *metrics) start(section string) {
	for _, ok := range []bool{true, false} {
		m.reloads.Add(context.Background(), 0, reload(section, ok))
	}
}

func (m *metrics) reloaded(ctx context.Context, section string, ok bool) {
	m.reloads.Add(ctx, 1, reload(section, ok))
}

func reload(section string, ok bool) metric.MeasurementOption {
	result := "ok"
	if !ok {
		result = "failed"
	}
	return metric.WithAttributes(attribute.String("section", section), attribute.String("result", result))
}
