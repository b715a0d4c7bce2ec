package emulator

import (
	"slices"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// defaultLimit is the limit of a list that asks for none (dli_02_0190).
const defaultLimit = 100

// listEnhancedConnections is dli_02_0190. It lists the project's own connections,
// not those of others on which it was granted something.
func (e *Emulator) listEnhancedConnections(c call) (proto.Message, error) {
	req := &connsvcv1.ListEnhancedConnectionsRequest{}
	if err := c.decodeQuery(req, e.listFields...); err != nil {
		return nil, err
	}
	if err := e.checkList(req); err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	var matching []*connection
	for _, conn := range e.store.project(c.project).connections {
		if !now.Before(conn.listed) && e.visible(conn, now) && e.matches(conn, req) {
			matching = append(matching, conn)
		}
	}
	if e.options.Quirks.NewestFirst {
		slices.Reverse(matching)
	}
	page := pageOf(matching, req)
	resp := &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true, Count: count(page)}
	if e.options.Quirks.CountIsTotal {
		resp.Count = count(matching)
	}
	for _, conn := range page {
		resp.Connections = append(resp.Connections, e.view(conn, now))
	}
	return resp, nil
}

// count is the length of a list as DLI's count has it.
func count[T any](list []T) int32 {
	return int32(len(list)) //nolint:gosec // what fits into memory fits
}

// pageOf returns the connections that limit and offset ask for; limit 0 is all.
func pageOf(matching []*connection, r *connsvcv1.ListEnhancedConnectionsRequest) []*connection {
	page := matching[min(int(r.GetOffset()), len(matching)):]
	limit := defaultLimit
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	if limit == 0 {
		return page
	}
	return page[:min(limit, len(page))]
}

func (e *Emulator) checkList(r *connsvcv1.ListEnhancedConnectionsRequest) error {
	most := e.options.Quirks.MaxLimit
	switch {
	case r.GetLimit() < 0:
		return refuse(codeParameter, "limit: the value cannot be negative.")
	case most > 0 && r.GetLimit() > most:
		return refuse(codeParameter, "limit: the value cannot be larger than %d.", most)
	case r.GetOffset() < 0:
		return refuse(codeParameter, "offset: the value cannot be negative.")
	}
	return checkTags(r.GetTags())
}

// matches reports whether c passes all filters of r, each exactly.
func (e *Emulator) matches(c *connection, r *connsvcv1.ListEnhancedConnectionsRequest) bool {
	status := connsvcv1.EnhancedConnection_ACTIVE
	if !c.deleted.IsZero() {
		status = connsvcv1.EnhancedConnection_DELETED
	}
	switch r.GetStatus() {
	case status:
	case connsvcv1.EnhancedConnection_STATUS_UNSPECIFIED:
		if e.options.Quirks.ListHidesDeleted && status == connsvcv1.EnhancedConnection_DELETED {
			return false
		}
	default:
		return false
	}
	if r.GetName() != "" && r.GetName() != c.name {
		return false
	}
	return !slices.ContainsFunc(r.GetTags(), func(t *connsvcv1.Tag) bool {
		value, ok := c.tags[t.GetKey()]
		return !ok || value != t.GetValue()
	})
}
