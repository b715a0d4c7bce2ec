package create

import (
	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/telemetry"
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
type outcomes = telemetry.Counter[outcome]

func newOutcomes(meter metric.Meter) (outcomes, error) {
	return telemetry.NewCounter(meter, "connsvc.create.reconciles", "Creates that the response to their POST did not decide, by outcome.", "outcome",
		adopted, replayed, differs, notFound, shared, leftBehind)
}
