package poll

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/telemetry"
)

// The results of rounds, as the metric names them.
const (
	resultChanged   = "changed"
	resultUnchanged = "unchanged"
	resultFailed    = "failed"
)

// metrics count rounds and pollers.
type metrics struct {
	rounds  telemetry.Counter[string]
	pollers metric.Int64UpDownCounter
}

func (m *metrics) init(meter metric.Meter) error {
	var errs [2]error
	m.rounds, errs[0] = telemetry.NewCounter(meter, "connsvc.polls", "Polls for callers who wait or watch, by result.", "result",
		resultChanged, resultUnchanged, resultFailed)
	m.pollers, errs[1] = meter.Int64UpDownCounter("connsvc.pollers", metric.WithDescription("Projects that are polled."))
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("making the metrics of polls: %w", err)
	}
	m.pollers.Add(context.Background(), 0)
	return nil
}

func (m *metrics) count(changed, failed bool) {
	result := resultUnchanged
	switch {
	case failed:
		result = resultFailed
	case changed:
		result = resultChanged
	}
	m.rounds.Add(context.Background(), result)
}
