package emulator

import (
	"slices"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// defaultLimit is the limit of a list without one (dli_02_0190).
const defaultLimit = 100

// listEnhancedConnections is dli_02_0190. It lists the project's own connections,
// not those on which it has a privilege.
func (e *Emulator) listEnhancedConnections(c call) (any, error) {
	req, err := wire.ReadList(c.query)
	if err != nil {
		return nil, err
	}
	if err := req.Check(e.options.Quirks.MaxLimit); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	asOf := c.effects.AsOf(c.now)
	var matching []*connection
	for _, conn := range e.store.project(c.project).connections {
		if asOf.Before(conn.listed) || len(req.Tags) > 0 && asOf.Before(conn.tagged) {
			continue
		}
		if conn = conn.asOf(asOf); e.visible(conn, asOf) && e.matches(conn, req) {
			matching = append(matching, conn)
		}
	}
	if e.options.Quirks.NewestFirst {
		slices.Reverse(matching)
	}
	page := pageOf(matching, req)
	resp := wire.ListResponse{Result: wire.Success(""), Count: len(page), Connections: make([]wire.Connection, len(page))}
	if e.options.Quirks.CountIsTotal {
		resp.Count = len(matching)
	}
	for i, conn := range page {
		resp.Connections[i] = e.view(conn, asOf)
	}
	return resp, nil
}

// pageOf returns the connections within limit and offset; limit 0 is all.
func pageOf(matching []*connection, r *wire.ListRequest) []*connection {
	page := matching[min(r.Offset, len(matching)):]
	limit := defaultLimit
	if r.Limit != nil {
		limit = *r.Limit
	}
	if limit == 0 {
		return page
	}
	return page[:min(limit, len(page))]
}

// matches reports whether c passes all filters, each exactly.
func (e *Emulator) matches(c *connection, r *wire.ListRequest) bool {
	switch status := c.status(); {
	case r.Status != "" && r.Status != status,
		r.Status == "" && e.options.Quirks.ListHidesDeleted && status == wire.StatusDeleted,
		r.Name != "" && r.Name != c.name:
		return false
	}
	return !slices.ContainsFunc(r.Tags, func(t wire.Tag) bool {
		value, ok := c.tags[t.Key]
		return !ok || value != *t.Value
	})
}
