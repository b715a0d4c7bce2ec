package create

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

const (
	// lookupFor limits the search for the connection that has a name, where it only adds
	// details to an error.
	lookupFor = 2 * time.Second
	// The clocks of DLI's machines may differ by knownClockSlack. Where DLI's clock is not
	// known, it and this machine's may differ by unknownClockSlack.
	knownClockSlack   = 250 * time.Millisecond
	unknownClockSlack = 5 * time.Second
)

// reconcile searches for the connection of a POST whose outcome is unknown. Lists lag,
// so the search goes on until the connection is found, or its time is over.
func (n *creation) reconcile(ctx context.Context, unknown error) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	var named, ours []*connsvcv1.EnhancedConnection
	var unsure error // whether what was found last is ours
	n.poll(ctx, n.reconcileFor, func(ctx context.Context) bool {
		found, err := n.list(ctx)
		if err != nil || len(found) == 0 {
			return false
		}
		named = found
		ours, unsure = n.ours(ctx, found)
		return unsure == nil && len(ours) > 0
	})
	switch {
	case len(ours) > 0:
		return n.decide(ctx, ours, adopted)
	case len(named) > 0 && unsure == nil:
		return nil, n.takenBy(ctx, named, apierror.New(connsvcv1.ErrorReason_NAME_TAKEN, "", unknown))
	default:
		n.outcomes.add(ctx, notFound)
		return nil, unknown
	}
}

// ours are the connections of the name that this create made: those with its
// request_id, or else the single one that is as requested and not older than the POST.
func (n *creation) ours(ctx context.Context, named []*connsvcv1.EnhancedConnection) ([]*connsvcv1.EnhancedConnection, error) {
	if n.tag != nil {
		return n.list(ctx, n.tag)
	}
	since := n.onDLIsClock(n.began)
	ours := slices.DeleteFunc(slices.Clone(named), func(conn *connsvcv1.EnhancedConnection) bool {
		return conn.GetCreateTime().AsTime().Before(since) || len(differences(n.req, conn)) > 0
	})
	if len(ours) != 1 {
		return nil, nil
	}
	return ours, nil
}

// onDLIsClock is the earliest that DLI's clock may have shown at t.
func (n *creation) onDLIsClock(t time.Time) time.Time {
	t = t.Truncate(time.Millisecond) // the resolution of DLI's times
	if ahead, known := n.dli.Skew(); known {
		return t.Add(ahead - knownClockSlack)
	}
	return t.Add(-unknownClockSlack)
}

// nameTaken is the outcome of a POST that DLI rejected for its name: with a request_id,
// an earlier call may have made the connection that has it.
func (n *creation) nameTaken(ctx context.Context, taken error) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if n.tag == nil {
		return nil, n.takenBy(ctx, n.lookup(ctx), taken)
	}
	var named, ours []*connsvcv1.EnhancedConnection
	var err error
	n.poll(ctx, n.reconcileFor, func(ctx context.Context) bool {
		// The tag comes second: it must not miss what the name showed.
		if named, err = n.list(ctx); err != nil || len(named) == 0 {
			return false
		}
		ours, err = n.list(ctx, n.tag)
		return err == nil
	})
	switch {
	case len(ours) > 0:
		return n.decide(ctx, ours, replayed)
	case err != nil:
		return nil, err // it may be ours: the caller finds out by a retry
	case len(named) == 0:
		return nil, apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", taken)
	default:
		return nil, n.takenBy(ctx, named, taken)
	}
}

// lookup returns the connections of the name; none where DLI does not show them.
func (n *creation) lookup(ctx context.Context) (named []*connsvcv1.EnhancedConnection) {
	n.poll(ctx, min(lookupFor, n.reconcileFor), func(ctx context.Context) bool {
		var err error
		named, err = n.list(ctx)
		return err != nil || len(named) > 0
	})
	return named
}

// decide returns the connection that has the request_id, or that the POST made: the
// oldest of several, as every replica does.
func (n *creation) decide(ctx context.Context, ours []*connsvcv1.EnhancedConnection, how outcome) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if len(differences(n.req, ours[0])) > 0 {
		return nil, n.takenBy(ctx, ours[:1], apierror.New(connsvcv1.ErrorReason_NAME_TAKEN,
			"request_id was already used with different content", nil))
	}
	for _, other := range ours[1:] {
		// Which create made it is not known here, so it is not deleted.
		n.outcomes.add(ctx, leftBehind)
		n.addWarning("connection %s, younger, has the same request_id: delete it unless it is in use", other.GetId())
	}
	return n.found(ctx, ours[0], how), nil
}

// takenBy adds to NAME_TAKEN the connection that has the name and the fields in which
// it differs; of several the one that differs least.
func (n *creation) takenBy(ctx context.Context, named []*connsvcv1.EnhancedConnection, taken error) error {
	e := apierror.From(taken)
	if len(named) == 0 {
		return e
	}
	conn := slices.MinFunc(named, func(a, b *connsvcv1.EnhancedConnection) int {
		return cmp.Compare(len(differences(n.req, a)), len(differences(n.req, b)))
	})
	fields := differences(n.req, conn)
	e.Resource = &apierror.Resource{Type: apierror.TypeConnection, Name: conn.GetId(), Description: "has the name " + conn.GetName()}
	e.Metadata = map[string]string{
		"existing_connection_id": conn.GetId(),
		"same_spec":              strconv.FormatBool(len(fields) == 0),
	}
	if len(fields) > 0 {
		e.Metadata["differs"] = strings.Join(fields, ",")
	}
	n.outcomes.add(ctx, differs)
	return e
}
