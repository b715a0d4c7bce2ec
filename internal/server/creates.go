package server

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// NewCreateObserver counts what became of creates that DLI did not answer, or that
// repeat another: it is the observer of service.WithObserver.
func NewCreateObserver(t *telemetry.Telemetry) (func(context.Context, service.CreateOutcome), error) {
	counter, err := t.Meter.Int64Counter("connsvc.create.reconciles",
		metric.WithDescription("Creates whose end another call than their POST told, by outcome."))
	if err != nil {
		return nil, err
	}
	options := map[service.CreateOutcome]metric.MeasurementOption{}
	for _, outcome := range service.CreateOutcomes() {
		options[outcome] = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", string(outcome))))
		counter.Add(context.Background(), 0, options[outcome])
	}
	return func(ctx context.Context, outcome service.CreateOutcome) {
		if with, ok := options[outcome]; ok {
			counter.Add(ctx, 1, with)
		}
	}, nil
}
