package create

import (
	"context"
	"strings"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// sameness is whether a connection with the request_id was made by the same request.
type sameness int

const (
	unknownRequest sameness = iota
	sameRequest
	changedSince // by the same request, and changed since
	otherRequest // with other content
)

// existing returns a connection that exists already as the outcome: the oldest of ours,
// as every replica does.
func (n *creation) existing(ctx context.Context, ours []*connsvcv1.EnhancedConnection, how outcome) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	switch n.compare(ctx, ours[0]) {
	case unknownRequest:
		return nil, n.unknown(ctx, nil)
	case otherRequest:
		return nil, n.requestIDUsed(ctx, ours[0])
	}
	for _, other := range ours[1:] {
		// Which create made it is not known here, so it is not deleted.
		n.outcomes.add(ctx, leftBehind)
		n.warn("connection %s, younger, has the same request_id: delete it unless it is in use", other.GetId())
	}
	return n.found(ctx, ours[0], how), nil
}

// compare reports whether conn, which has the request_id, was made by this request. Where
// it differs, the tag with the hash of the request decides. If it was changed since, the
// caller gets a warning.
func (n *creation) compare(ctx context.Context, conn *connsvcv1.EnhancedConnection) sameness {
	fields := strings.Join(differences(n.req, conn), ", ")
	switch {
	case fields == "":
		return sameRequest
	case n.hashTag == nil:
		n.warn("the connection differs from this request in %s: it was changed since, or request_id was already used with different content", fields)
		return changedSince
	}
	result := unknownRequest
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		listed := time.Now()
		shown, err := n.list(ctx, sightings{}, n.tag, n.hashTag)
		switch {
		case err != nil:
		case contains(shown, conn.GetId()):
			result = changedSince
		case n.mustShow(n.tagged[conn.GetId()], listed):
			result = otherRequest
		}
		return result != unknownRequest
	})
	if result == changedSince {
		n.warn("the connection was changed since this request created it: it differs in %s", fields)
	}
	return result
}

// requestIDUsed is the error where conn has the request_id, but not the content.
func (n *creation) requestIDUsed(ctx context.Context, conn *connsvcv1.EnhancedConnection) error {
	e := apierror.New(connsvcv1.ErrorReason_NAME_TAKEN, "request_id was already used with different content", nil)
	return n.takenBy(ctx, []*connsvcv1.EnhancedConnection{conn}, e)
}
