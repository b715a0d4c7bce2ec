package service

// A CreateOutcome is how a create came to its end when DLI's answer to the POST
// was not the whole of it.
type CreateOutcome string

// The outcomes. A call can have several: Shared, and that of what it shared.
const (
	// Adopted: the POST had no answer, and the connection that it made was found.
	Adopted CreateOutcome = "adopted"
	// Replayed: an earlier create with the same request_id had made the connection.
	Replayed CreateOutcome = "replayed"
	// Differs: the name, or the request_id, belongs to another connection.
	Differs CreateOutcome = "differs"
	// NotFound: the POST had no answer, and no connection was found in time, or a
	// panic kept it from being looked for.
	NotFound CreateOutcome = "not_found"
	// Shared: an identical create was under way, and its answer is this one's too.
	Shared CreateOutcome = "shared"
	// LeftBehind: a race made a second connection that could not be deleted.
	LeftBehind CreateOutcome = "left_behind"
)

// CreateOutcomes are all outcomes, as for the label of a metric.
func CreateOutcomes() []CreateOutcome {
	return []CreateOutcome{Adopted, Replayed, Differs, NotFound, Shared, LeftBehind}
}
