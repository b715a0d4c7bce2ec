package apply

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// maxConfirmed is how many connections a comparison reads by their IDs, to confirm that they
// differ: lists lag. Of more that differ, the list's word counts, unless they are recent:
// these cost less than their changes did.
const maxConfirmed = 50

// Compare compares connections with how they are wanted. One list shows them all, if DLI
// returns it whole.
func (a *Applier) Compare(ctx context.Context, req *connsvcv1.CompareEnhancedConnectionRequest) (*connsvcv1.CompareEnhancedConnectionResponse, error) {
	c := &comparison{byName: make(map[string]*compared, len(req.GetConnections()))}
	for _, spec := range req.GetConnections() {
		c.byName[spec.GetName()] = &compared{
			target: a.target(ctx, req.GetProjectId(), spec), shown: (&found{}).difference(spec.GetName()),
		}
	}
	if err := c.list(ctx, req, a.rpcs); err != nil {
		return nil, err
	}
	resp := &connsvcv1.CompareEnhancedConnectionResponse{IsSuccess: true}
	confirmed := 0
	for _, spec := range req.GetConnections() {
		each := c.byName[spec.GetName()]
		recent := each.recent.has(req.GetProjectId(), each.ids...)
		if len(each.ids) > 0 && (recent || confirmed < maxConfirmed && each.shown.GetKind() != connsvcv1.ConnectionDifference_SAME) {
			if !recent {
				confirmed += len(each.ids)
			}
			f, err := each.confirm(ctx, each.ids)
			if err != nil {
				return nil, err
			}
			each.shown = f.difference(spec.GetName())
		}
		d := each.shown
		resp.Differences = append(resp.Differences, d)
		resp.Different = resp.GetDifferent() || d.GetKind() != connsvcv1.ConnectionDifference_SAME
	}
	return resp, nil
}

// A comparison reads lists. It keeps of each connection how it differs, and not its hosts.
type comparison struct {
	byName  map[string]*compared
	missing int
}

type compared struct {
	*target

	ids   []string                        // that lists have shown
	shown *connsvcv1.ConnectionDifference // last
}

// list reads the list: whole, as DLI returns it with limit 0, or in batches where that is
// too large. Where a name is missing, it goes on until a batch is empty: DLI may have a
// limit of its own.
func (c *comparison) list(ctx context.Context, req *connsvcv1.CompareEnhancedConnectionRequest, rpcs RPCs) error {
	batch := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: req.GetProjectId(), Status: connsvcv1.EnhancedConnection_ACTIVE, Limit: proto.Int32(0)}
	if len(req.GetConnections()) == 1 {
		batch.Name, batch.Limit = req.GetConnections()[0].GetName(), nil
	}
	c.missing = len(c.byName)
	for offset := int32(0); ; {
		resp, err := rpcs.ListFrom(ctx, batch, offset)
		if batch.GetName() == "" && Shrink(batch, err) {
			continue
		}
		if err != nil {
			return err
		}
		for _, conn := range resp.GetConnections() {
			if err := c.add(ctx, conn); err != nil {
				return err
			}
		}
		whole := batch.GetLimit() == 0 && c.missing == 0
		if len(resp.GetConnections()) == 0 || whole || batch.GetName() != "" {
			return nil
		}
		offset += count(resp.GetConnections())
	}
}

// Shrink reports whether err says that a batch of a list is too large and a smaller one can be
// asked for, whose limit batch then has.
func Shrink(batch *connsvcv1.ListEnhancedConnectionsRequest, err error) bool {
	limit := batch.GetLimit()
	if apierror.ReasonOf(err) != connsvcv1.ErrorReason_ANSWER_TOO_LARGE || limit == 1 {
		return false
	}
	if limit /= 10; limit == 0 {
		limit = 100
	}
	batch.Limit = proto.Int32(limit)
	return true
}

func (c *comparison) add(ctx context.Context, conn *connsvcv1.EnhancedConnection) error {
	each := c.byName[conn.GetName()]
	if each == nil || !each.is(conn) || slices.Contains(each.ids, conn.GetId()) {
		return nil
	}
	if each.ids = append(each.ids, conn.GetId()); len(each.ids) > 1 {
		each.shown = (&found{ids: each.ids}).difference(conn.GetName())
		return nil
	}
	c.missing--
	changes, err := each.inspect(ctx, conn)
	switch {
	case gone(err):
		return nil // it stays MISSING, which is confirmed
	case err != nil:
		return err
	}
	each.shown = changes.difference(conn.GetName(), conn.GetId())
	return nil
}
