package poll

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The results of rounds, as the metric names them.
const (
	resultChanged   = "changed"
	resultUnchanged = "unchanged"
	resultFailed    = "failed"
)

// metrics count rounds and pollers.
type metrics struct {
	rounds  metric.Int64Counter
	pollers metric.Int64UpDownCounter
	results map[string]metric.MeasurementOption
}

func (m *metrics) init(meter metric.Meter) error {
	var errs [2]error
	m.rounds, errs[0] = meter.Int64Counter("connsvc.polls", metric.WithDescription("Polls for callers who wait or watch, by result."))
	m.pollers, errs[1] = meter.Int64UpDownCounter("connsvc.pollers", metric.WithDescription("Projects that are polled."))
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("making the metrics of polls: %w", err)
	}
	m.results = make(map[string]metric.MeasurementOption)
	for _, result := range []string{resultChanged, resultUnchanged, resultFailed} {
		m.results[result] = metric.WithAttributeSet(attribute.NewSet(attribute.String("result", result)))
		m.rounds.Add(context.Background(), 0, m.results[result])
	}
	m.pollers.Add(context.Background(), 0)
	return nil
}

func (m *metrics) count(changed bool, err error) {
	result := resultUnchanged
	switch {
	case err != nil:
		result = resultFailed
	case changed:
		result = resultChanged
	}
	m.rounds.Add(context.Background(), 1, m.results[result])
}
