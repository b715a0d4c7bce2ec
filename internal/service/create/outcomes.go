package create

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// An outcome is how a create ended where the response to its POST did not decide it.
type outcome string

// The outcomes. A call can have several: shared, and that of what it shared.
const (
	// adopted: the POST had no response, and the connection that it made was found.
	adopted outcome = "adopted"
	// replayed: an earlier create with the same request_id had made the connection.
	replayed outcome = "replayed"
	// differs: the name, or the request_id, belongs to another connection.
	differs outcome = "differs"
	// notFound: the POST had no response, and no connection was found in time, or a
	// panic ended the search.
	notFound outcome = "not_found"
	// shared: the call waited for an identical create.
	shared outcome = "shared"
	// leftBehind: a race made a second connection that could not be deleted.
	leftBehind outcome = "left_behind"
)

// outcomes counts creates by outcome.
type outcomes struct {
	counter metric.Int64Counter
	options map[outcome]metric.MeasurementOption
}

func newOutcomes(meter metric.Meter) (outcomes, error) {
	counter, err := meter.Int64Counter("connsvc.create.reconciles",
		metric.WithDescription("Creates that the response to their POST did not decide, by outcome."))
	if err != nil {
		return outcomes{}, err
	}
	o := outcomes{counter, map[outcome]metric.MeasurementOption{}}
	for _, each := range []outcome{adopted, replayed, differs, notFound, shared, leftBehind} {
		o.options[each] = metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", string(each))))
		counter.Add(context.Background(), 0, o.options[each])
	}
	return o, nil
}

func (o outcomes) add(ctx context.Context, what outcome) { o.counter.Add(ctx, 1, o.options[what]) }
