package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// A Counter counts by the values of one attribute. It is safe for concurrent use.
type Counter[V ~string] struct {
	counter metric.Int64Counter
	options map[V]metric.MeasurementOption
}

// NewCounter returns a Counter of the values, which are all that there are. Each starts at 0,
// so that its first increase is visible.
func NewCounter[V ~string](meter metric.Meter, name, description, attributeKey string, values ...V) (Counter[V], error) {
	counter, err := meter.Int64Counter(name, metric.WithDescription(description))
	if err != nil {
		return Counter[V]{}, err
	}
	c := Counter[V]{counter, make(map[V]metric.MeasurementOption, len(values))}
	for _, value := range values {
		c.options[value] = metric.WithAttributeSet(attribute.NewSet(attribute.String(attributeKey, string(value))))
		counter.Add(context.Background(), 0, c.options[value])
	}
	return c, nil
}

// Add counts one.
func (c Counter[V]) Add(ctx context.Context, value V) { c.counter.Add(ctx, 1, c.options[value]) }
