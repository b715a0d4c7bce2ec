package service

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
	// lookupFor bounds the search for who has a name, where nothing hangs on it but
	// the details of an error.
	lookupFor = 2 * time.Second
	// The clocks of DLI's machines may be apart by so much. Where DLI has told no
	// time, its clock and this machine's may.
	knownClockSlack   = 250 * time.Millisecond
	unknownClockSlack = 5 * time.Second
)

// reconcile finds out what became of a POST without an answer. Lists can lag, so it
// goes on looking until it finds what the POST made, or its time is over.
func (c *creation) reconcile(ctx context.Context, unknown error) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	var named, ours []*connsvcv1.EnhancedConnection
	var unsure error // whether what was found last is ours
	c.search(ctx, func(ctx context.Context) bool {
		found, err := c.list(ctx)
		if err != nil || len(found) == 0 {
			return false
		}
		named = found
		ours, unsure = c.ours(ctx, found)
		return unsure == nil && len(ours) > 0
	})
	switch {
	case len(ours) > 0:
		return c.decide(ctx, ours, Adopted)
	case len(named) > 0 && unsure == nil:
		return nil, c.takenBy(ctx, named, apierror.New(connsvcv1.ErrorReason_NAME_TAKEN, "", unknown))
	default:
		c.service.observe(ctx, NotFound)
		return nil, unknown
	}
}

// ours returns which of the connections of the name this create made: those that
// bear its request_id, or else the one that is as asked for and not older than the
// POST. Of two such nobody can tell.
func (c *creation) ours(ctx context.Context, named []*connsvcv1.EnhancedConnection) ([]*connsvcv1.EnhancedConnection, error) {
	if c.tag != nil {
		return c.list(ctx, c.tag)
	}
	since := c.onDLIsClock(c.began)
	ours := slices.DeleteFunc(slices.Clone(named), func(conn *connsvcv1.EnhancedConnection) bool {
		return conn.GetCreateTime().AsTime().Before(since) || len(differences(c.req, conn)) > 0
	})
	if len(ours) != 1 {
		return nil, nil
	}
	return ours, nil
}

// onDLIsClock is the earliest that DLI's clock may have shown at t.
func (c *creation) onDLIsClock(t time.Time) time.Time {
	t = t.Truncate(time.Millisecond) // what DLI's times are told in
	if ahead, known := c.dli.Skew(); known {
		return t.Add(ahead - knownClockSlack)
	}
	return t.Add(-unknownClockSlack)
}

// nameTaken answers a POST that DLI refused because of its name: with a request_id
// the name may be that of a connection that an earlier call made.
func (c *creation) nameTaken(ctx context.Context, taken error) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if c.tag == nil {
		return nil, c.takenBy(ctx, c.lookup(ctx), taken)
	}
	var named, ours []*connsvcv1.EnhancedConnection
	var err error
	c.search(ctx, func(ctx context.Context) bool {
		// The tag comes second: it must not miss what the name showed.
		if named, err = c.list(ctx); err != nil || len(named) == 0 {
			return false
		}
		ours, err = c.list(ctx, c.tag)
		return err == nil
	})
	switch {
	case len(ours) > 0:
		return c.decide(ctx, ours, Replayed)
	case err != nil:
		return nil, err // it may be ours: the caller finds out by a repeat
	case len(named) == 0:
		// Lists lag, and do not show whose the name is: it may be ours.
		return nil, apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", taken)
	default:
		return nil, c.takenBy(ctx, named, taken)
	}
}

// lookup returns the connections of the name, none where DLI does not tell.
func (c *creation) lookup(ctx context.Context) (named []*connsvcv1.EnhancedConnection) {
	c.poll(ctx, min(lookupFor, c.reconcileFor), func(ctx context.Context) bool {
		var err error
		named, err = c.list(ctx)
		return err != nil || len(named) > 0
	})
	return named
}

// decide answers with the connection that bears the request_id or was found to be
// made by the POST: the oldest where there are several, as every replica does.
func (c *creation) decide(ctx context.Context, ours []*connsvcv1.EnhancedConnection, how CreateOutcome) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if len(differences(c.req, ours[0])) > 0 {
		return nil, c.takenBy(ctx, ours[:1], apierror.New(connsvcv1.ErrorReason_NAME_TAKEN,
			"request_id was used before, for a connection that is not as this request asks for", nil))
	}
	for _, other := range ours[1:] {
		// Whose it is nobody here can tell, so nobody here deletes it.
		c.service.observe(ctx, LeftBehind)
		c.addWarning("connection %s, younger, bears the same request_id: delete it unless it is in use", other.GetId())
	}
	return c.found(ctx, ours[0], how), nil
}

// takenBy adds to NAME_TAKEN which connection has the name and in what it differs;
// of several the one that differs least.
func (c *creation) takenBy(ctx context.Context, named []*connsvcv1.EnhancedConnection, taken error) error {
	e := apierror.From(taken)
	if len(named) == 0 {
		return e
	}
	conn := slices.MinFunc(named, func(a, b *connsvcv1.EnhancedConnection) int {
		return cmp.Compare(len(differences(c.req, a)), len(differences(c.req, b)))
	})
	differs := differences(c.req, conn)
	e.Resource = &apierror.Resource{Type: apierror.TypeConnection, Name: conn.GetId(), Description: "has the name " + conn.GetName()}
	e.Metadata = map[string]string{
		"existing_connection_id": conn.GetId(),
		"same_spec":              strconv.FormatBool(len(differs) == 0),
	}
	if len(differs) > 0 {
		e.Metadata["differs"] = strings.Join(differs, ",")
	}
	c.service.observe(ctx, Differs)
	return e
}

// list returns the existing connections of exactly the name that have the tags,
// the oldest first.
func (c *creation) list(ctx context.Context, tags ...*connsvcv1.Tag) ([]*connsvcv1.EnhancedConnection, error) {
	req := &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: c.req.GetProjectId(),
		Name:      c.req.GetName(),
		Status:    connsvcv1.EnhancedConnection_ACTIVE,
		Tags:      tags,
	}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	err := callTo(ctx, c.dli, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, apierror.Subject{Project: req.GetProjectId()}, req, resp)
	if err != nil {
		return nil, err
	}
	// DLI's filters are documented loosely; a wrong ID would be worse than none.
	found := slices.DeleteFunc(resp.GetConnections(), func(conn *connsvcv1.EnhancedConnection) bool {
		return conn.GetName() != req.GetName() || conn.GetStatus() == connsvcv1.EnhancedConnection_DELETED || conn.GetId() == ""
	})
	slices.SortFunc(found, byAge)
	return found, nil
}

// byAge orders connections as every replica does: the oldest first, of one age by ID.
func byAge(a, b *connsvcv1.EnhancedConnection) int {
	return cmp.Or(a.GetCreateTime().AsTime().Compare(b.GetCreateTime().AsTime()), cmp.Compare(a.GetId(), b.GetId()))
}
