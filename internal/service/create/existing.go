package create

import (
	"context"
	"slices"
	"strings"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// sameness is whether a connection was made by the same request.
type sameness int

const (
	unproven sameness = iota
	sameRequest
	otherRequest // with other content
)

// hidden is the error's text where the connection may be the caller's own or another's.
const hidden = "a connection with this name may be of this request, but the policy of connsvc does not let you get it: ask its operator"

// existing returns a connection that exists already as the outcome: the oldest of ours,
// as every replica does.
func (n *creation) existing(ctx context.Context, own *connsvcv1.EnhancedConnection, rivalsShown bool, how outcome) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if !n.sees(own) {
		return nil, n.unknown(ctx, apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, hidden, nil))
	}
	if n.tag != nil {
		switch n.compare(ctx, own) {
		case unproven:
			return nil, n.unknown(ctx, nil)
		case otherRequest:
			return nil, n.requestIDUsed(ctx, own)
		}
		if !rivalsShown {
			n.warn(uncheckedRivals)
		}
	}
	for _, other := range n.ours() {
		if other.GetId() != own.GetId() {
			// Which create made it is not known here, so it is not deleted.
			n.outcomes.Add(ctx, leftBehind)
			if !n.sees(other) {
				n.warn(uncheckedRivals)
				continue
			}
			n.warn("connection %s, younger, has the same request_id: delete it unless it is in use", other.GetId())
		}
	}
	return n.found(ctx, own, how), nil
}

// compare reports whether conn, which has the request_id, was made by this request. DLI
// shows neither its tags nor its route table, and others may have been changed: what it was
// made with, the hash shows. What is not proven but as requested, the caller gets with a
// warning.
func (n *creation) compare(ctx context.Context, conn *connsvcv1.EnhancedConnection) sameness {
	fields := differences(n.req, conn)
	if differsForGood(fields) {
		return otherRequest
	}
	request, noHash := n.compareHash(ctx, conn.GetId())
	differing := strings.Join(fields, ", ")
	switch {
	case request == sameRequest && len(fields) > 0:
		n.warn("the connection was changed since this request created it: it differs in %s", differing)
	case request == sameRequest:
	case request == otherRequest && len(fields) > 0:
		return otherRequest
	case request == otherRequest:
		n.warn("request_id was already used with different content: the connection is as requested in all that DLI shows, but its tags or routetable_id may not be")
	case len(fields) == 0:
		n.warn("whether the connection has the tags and the routetable_id of this request could not be checked")
	case noHash:
		n.warn("the connection differs from this request in %s: it was changed since, or request_id was already used with different content", differing)
	default:
		return unproven
	}
	return sameRequest
}

// differsForGood reports whether a connection cannot have been changed to differ so.
func differsForGood(fields []string) bool {
	return slices.ContainsFunc(fields, func(field string) bool {
		return field == "dest_vpc_id" || field == "dest_network_id" || field == "name"
	})
}

// compareHash compares the hash that a connection with the request_id has in its tags.
// noHash is true if it is proven to have none of this version.
func (n *creation) compareHash(ctx context.Context, id string) (request sameness, noHash bool) {
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		listed := time.Now()
		same, err := n.list(ctx, n.tag, n.hashTag)
		switch {
		case err != nil:
			return false
		case contains(same, id):
			request = sameRequest
			return true
		case !n.mustShow(id, listed):
			return false
		}
		hashed, err := n.list(ctx, n.tag, n.versionTag)
		if contains(hashed, id) {
			request = otherRequest
		}
		noHash = err == nil && request == unproven
		return err == nil
	})
	return request, noHash
}

// requestIDUsed is the error where conn has the request_id, but not the content.
func (n *creation) requestIDUsed(ctx context.Context, conn *connsvcv1.EnhancedConnection) error {
	e := apierror.New(connsvcv1.ErrorReason_NAME_TAKEN, "request_id was already used with different content", nil)
	return n.takenBy(ctx, []*connsvcv1.EnhancedConnection{conn}, e)
}
