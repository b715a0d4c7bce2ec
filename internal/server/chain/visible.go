package chain

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// defaultPage is DLI's default for limit (dli_02_0190).
const defaultPage = 100

// list lists the connections that the caller may see: those that the policy lets it get.
func (a api) list(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	c := callFrom(ctx)
	if c.guard == nil || c.guard.Policy == nil || c.guard.Policy.Shadow() {
		return a.service.ListEnhancedConnections(ctx, req)
	}
	visible := c.guard.Policy.Filter(ctx, a.input(c, req))
	switch {
	case visible == nil:
		return a.service.ListEnhancedConnections(ctx, req)
	case c.Record.Unpaginated:
		return a.listVisible(ctx, req, visible)
	}
	// A page may have fewer connections than limit: its token leads on all the same.
	resp, err := a.service.ListEnhancedConnections(ctx, req)
	if err != nil {
		return nil, err
	}
	resp.Connections = slices.DeleteFunc(resp.GetConnections(), func(c *connsvcv1.EnhancedConnection) bool { return !visible(c) })
	resp.Count = int32(len(resp.GetConnections())) //nolint:gosec // fits into memory
	return resp, nil
}

// listVisible is a list without page tokens: limit and offset count the visible
// connections, because clients continue at the number of those that they got.
func (a api) listVisible(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest, visible func(*connsvcv1.EnhancedConnection) bool) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	limit := defaultPage
	if req.Limit != nil {
		limit = int(req.GetLimit()) // 0: all
	}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true}
	page := proto.CloneOf(req)
	page.Limit, page.Offset = proto.Int32(defaultPage), 0
	for skip := int(req.GetOffset()); ; {
		got, err := a.service.ListEnhancedConnections(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, c := range got.GetConnections() {
			switch {
			case !visible(c):
			case skip > 0:
				skip--
			default:
				resp.Connections = append(resp.Connections, c)
			}
			if limit > 0 && len(resp.GetConnections()) == limit {
				break
			}
		}
		// DLI may have a smaller limit of its own, so only an empty page is the last.
		n := len(got.GetConnections())
		if n == 0 || limit > 0 && len(resp.GetConnections()) >= limit {
			resp.Count = int32(len(resp.GetConnections())) //nolint:gosec // fits into memory
			return resp, nil
		}
		page.Offset += int32(n) //nolint:gosec // as above
	}
}
