package poll

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

const (
	// maxGets is the most GETs of a round with a list: where a list is wrong about many,
	// the next list is worth more than asking for each.
	maxGets = 10
	// callTimeout ends a call, with its retries, that DLI does not respond to.
	callTimeout = time.Minute
	// firstPageSize is the size of pages where one list is too large.
	firstPageSize = 100
)

// get reads a connection by its ID. That it does not exist is no error.
func (r *round) get(ctx context.Context, id, asked string) error {
	about := apierror.Subject{Project: r.poller.key.project, ConnectionID: asked}
	resp := &connsvcv1.EnhancedConnection{}
	err := r.call(ctx, connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName, about,
		&connsvcv1.GetEnhancedConnectionRequest{ProjectId: r.poller.key.project, ConnectionId: asked}, resp)
	switch {
	case reasonOf(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND,
		err == nil && fold(resp.GetId()) == id && resp.GetStatus() == connsvcv1.EnhancedConnection_DELETED:
		r.got[id] = nil
	case err != nil:
		return err
	case fold(resp.GetId()) != id:
		return apierror.New(connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI returned another connection than the requested one", nil)
	default:
		e := r.see(id, resp)
		e.got = r.mark
		r.got[id] = e
	}
	delete(r.open, id)
	return nil
}

// listAndGet lists the project, and gets what the list does not decide.
func (r *round) listAndGet(ctx context.Context) error {
	if err := r.list(ctx); err != nil {
		return err
	}
	doubts := r.doubts()
	for _, id := range doubts {
		r.open[id] = true
	}
	var fault error // of one connection: it does not keep callers from the others
	for _, id := range doubts[:min(len(doubts), maxGets)] {
		switch err := r.get(ctx, id, r.idOf(id)); {
		case reasonOf(err) == connsvcv1.ErrorReason_UPSTREAM_FAULT:
			fault = err
		case err != nil:
			return err
		}
	}
	return fault
}

// idOf returns an ID as DLI writes it, or as the caller does.
func (r *round) idOf(id string) string {
	switch {
	case r.listed[id] != nil:
		return r.listed[id].Conn.GetId()
	case r.prev.entries[id] != nil:
		return r.prev.entries[id].Conn.GetId()
	default:
		return r.asks[id].id
	}
}

// doubts returns the connections, by folded ID, that the list does not decide. Those that
// callers ask for come first.
func (r *round) doubts() []string {
	var first, others []string
	for id, a := range r.asks {
		listed, known := r.listed[id], r.prev.entries[id]
		unproven := r.prev.gone[id].round <= a.after
		confirmed := known != nil && known.got.round > a.after && listed != nil && known.Same(listed)
		switch {
		case listed == nil && (known != nil || unproven),
			listed != nil && r.prev.gone[id].round > 0 && unproven,
			listed != nil && a.confirm && Settled(listed.Conn) && !confirmed:
			first = append(first, id)
		}
	}
	add := func(id string) {
		if !slices.Contains(first, id) {
			others = append(others, id)
		}
	}
	for id := range r.prev.entries {
		if r.listed[id] == nil {
			add(id)
		}
	}
	for id, listed := range r.listed {
		known, gone := r.prev.entries[id], r.prev.gone[id]
		switch {
		case gone.round > 0 && r.at.Sub(gone.at) >= r.lag,
			known != nil && known.got.round > 0 && r.at.Sub(known.got.at) < r.lag && !known.Same(listed):
			add(id)
		}
	}
	return append(first, others...)
}

// list reads all connections of the project. If they are too large for one response, it
// reads them in pages, of a size that the poller remembers.
func (r *round) list(ctx context.Context) error {
	for {
		err := r.listPages(ctx)
		if reasonOf(err) != connsvcv1.ErrorReason_ANSWER_TOO_LARGE || r.poller.pageSize == 1 {
			return err
		}
		if r.poller.pageSize /= 4; r.poller.pageSize == 0 {
			r.poller.pageSize = firstPageSize
		}
	}
}

func (r *round) listPages(ctx context.Context) error {
	listed := make(map[string]*Entry)
	about := apierror.Subject{Operation: apierror.ListConnections, Project: r.poller.key.project}
	for offset := int32(0); ; {
		resp := &connsvcv1.ListEnhancedConnectionsResponse{}
		if err := r.call(ctx, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, about, &connsvcv1.ListEnhancedConnectionsRequest{
			ProjectId: r.poller.key.project, Status: connsvcv1.EnhancedConnection_ACTIVE,
			Limit: proto.Int32(r.poller.pageSize), Offset: offset,
		}, resp); err != nil {
			return err
		}
		for _, c := range resp.GetConnections() {
			if id := fold(c.GetId()); id != "" && c.GetStatus() != connsvcv1.EnhancedConnection_DELETED {
				listed[id] = r.see(id, c)
			}
		}
		offset += int32(len(resp.GetConnections())) //nolint:gosec // fits into memory
		// DLI may have a smaller limit of its own, so only an empty page is the last.
		if len(resp.GetConnections()) == 0 || r.poller.pageSize == 0 && resp.GetCount() <= offset {
			r.listed = listed
			return nil
		}
	}
}

// call makes one call within the budget.
func (r *round) call(ctx context.Context, method string, about apierror.Subject, req, resp proto.Message) error {
	if err := r.dli.AwaitPoll(ctx); err != nil {
		return apierror.From(err)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return apierror.FromDLI(r.dli.Call(ctx, method, req, resp), about)
}

// reasonOf is the reason of an error of call; apierror.NoReason for nil.
func reasonOf(err error) connsvcv1.ErrorReason {
	if err == nil {
		return apierror.NoReason
	}
	return apierror.From(err).Reason
}
