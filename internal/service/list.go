package service

import (
	"context"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/apply"
	"github.com/connsvc/connsvc/internal/validation"
)

const (
	// maxPageBytes limits a page: gRPC clients accept 4 MiB by default, of which the rest
	// of the message and its frame take a part.
	maxPageBytes = 3840 << 10
	// defaultLimit is DLI's default for limit (dli_02_0190).
	defaultLimit = 100
)

// ListEnhancedConnections lists the connections of a project (dli_02_0190), in
// the order of DLI. In the BASIC view they have no hosts. The response is one page of
// at most maxPageBytes, unless the call is unpaginated.
func (s *Service) ListEnhancedConnections(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	offset, err := offsetOf(req)
	if err != nil {
		return nil, err
	}
	if name := req.GetName(); name != "" && !validation.IsConnectionName(name) {
		return &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true}, nil
	}
	list := s.listFrom
	if call.From(ctx).Visible != nil {
		list = s.listVisible
	}
	resp, err := list(ctx, req, offset)
	if err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	if req.GetView() == connsvcv1.EnhancedConnectionView_BASIC {
		clearHosts(resp.GetConnections())
	}
	if !call.From(ctx).Unpaginated {
		paginate(req, offset, resp)
	}
	resp.Count = int32(len(resp.GetConnections())) //nolint:gosec // fits into memory
	return resp, nil
}

func clearHosts(connections []*connsvcv1.EnhancedConnection) {
	for _, c := range connections {
		c.Hosts = nil
	}
}

// listVisible lists the connections that the caller may see. Limit, offset and page tokens
// count these alone: in DLI's own numbers there would be gaps where others are hidden.
func (s *Service) listVisible(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest, offset int32) (_ *connsvcv1.ListEnhancedConnectionsResponse, err error) {
	caller, batch := call.From(ctx), proto.CloneOf(req)
	batch.Limit = proto.Int32(defaultLimit)
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	skip, limit := int(offset), limitOf(req)
	held := caller.NewHolder() // of what the response keeps of all batches
	defer func() {
		if err == nil {
			caller.Hold(held)
		} else {
			held.Release()
		}
	}()
	for next := int32(0); ; {
		got, err := s.listFrom(ctx, batch, next)
		if apply.Shrink(batch, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if next == 0 {
			resp.Message = got.Message
		}
		listed := len(got.GetConnections())
		visible := slices.DeleteFunc(got.GetConnections(), func(c *connsvcv1.EnhancedConnection) bool { return !caller.Sees(c) })
		passed := min(skip, len(visible))
		skip -= passed
		if visible = visible[passed:]; req.GetView() == connsvcv1.EnhancedConnectionView_BASIC {
			clearHosts(visible) // which take most of the memory
		}
		for _, c := range visible {
			if err := held.Reserve(int64(proto.Size(c))); err != nil {
				return nil, err
			}
		}
		resp.Connections = append(resp.Connections, visible...)
		// DLI may have a smaller limit of its own, so only an empty batch is the last.
		if full := limit > 0 && len(resp.GetConnections()) >= limit; full || listed == 0 {
			if full {
				resp.Connections = resp.GetConnections()[:limit]
			}
			return resp, nil
		}
		next += int32(listed) //nolint:gosec // fits into memory
	}
}

// limitOf returns how many connections the caller wants at most; 0: all.
func limitOf(req *connsvcv1.ListEnhancedConnectionsRequest) int {
	if req.Limit == nil {
		return defaultLimit
	}
	return int(req.GetLimit())
}

func (s *Service) listFrom(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest, offset int32) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	err := s.call(ctx, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, apierror.Subject{Operation: apierror.ListConnections, Project: req.GetProjectId()},
		&connsvcv1.ListEnhancedConnectionsRequest{
			ProjectId: req.GetProjectId(),
			Limit:     req.Limit,
			Offset:    offset,
			Status:    req.GetStatus(),
			Name:      req.GetName(),
			Tags:      req.GetTags(),
		}, resp)
	return resp, err
}

// paginate cuts the response to a page, and sets its token where more may follow.
func paginate(req *connsvcv1.ListEnhancedConnectionsRequest, offset int32, resp *connsvcv1.ListEnhancedConnectionsResponse) {
	limit := limitOf(req)
	all := len(resp.GetConnections())
	fitting := fittingPrefix(resp.GetConnections())
	clear(resp.GetConnections()[fitting:])
	resp.Connections = resp.GetConnections()[:fitting]
	if next := int64(offset) + int64(fitting); fitting < all || limit > 0 && all >= limit {
		if next <= math.MaxInt32 {
			token := newPageToken(uint32(next)) //nolint:gosec // in range
			resp.NextPageToken = &token
		}
	}
}

// fittingPrefix counts the first connections that fit into a page: at least one.
func fittingPrefix(connections []*connsvcv1.EnhancedConnection) int {
	size := 0
	for i, c := range connections {
		size += 1 + protowire.SizeBytes(proto.Size(c))
		if size > maxPageBytes && i > 0 {
			return i
		}
	}
	return len(connections)
}
