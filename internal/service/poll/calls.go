package poll

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
)

const (
	// maxGets is the most GETs of a round with a list: where a list is wrong about many,
	// the next list is worth more than asking for each.
	maxGets = 10
	// maxTokenGets is the most GETs of a round for connections that only resume tokens name.
	maxTokenGets = 3
	// callTimeout ends a call, with its retries, that DLI does not respond to; shortTimeout
	// where a list was read, and the GET has failed before: others wait for the round.
	callTimeout, shortTimeout = time.Minute, 5 * time.Second
	// firstPageSize is the size of pages where one list is too large.
	firstPageSize = 100
)

// get reads a connection by its ID. That it does not exist is no error, and that it alone
// cannot be read is none of the round.
func (r *round) get(ctx context.Context, id, asked string) error {
	timeout := callTimeout
	if r.listed != nil && r.prev.failed[id].round > 0 {
		timeout = shortTimeout
	}
	about := apierror.Subject{Project: r.poller.key.project, ConnectionID: asked}
	resp := &connsvcv1.EnhancedConnection{}
	err := r.call(ctx, timeout, connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName, about,
		&connsvcv1.GetEnhancedConnectionRequest{ProjectId: r.poller.key.project, ConnectionId: asked}, resp)
	switch {
	case apierror.ReasonOf(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND,
		err == nil && fold(resp.GetId()) == id && resp.GetStatus() == connsvcv1.EnhancedConnection_DELETED:
		r.got[id] = nil
	case err != nil && ofRound(err):
		return err
	case err != nil:
		r.fail(id, err)
		return nil
	case fold(resp.GetId()) != id:
		r.fail(id, apierror.New(connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI returned another connection than the requested one", nil))
		return nil
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
	var err error
	wrong := false // the list does not show a connection that exists
	slow := false  // a GET took its time to fail: the next round begins with the others
	doubts := r.doubts()
	for len(doubts) > 0 && err == nil && !slow {
		id := doubts[0]
		doubts = doubts[1:]
		err = r.get(ctx, id, r.idOf(id))
		wrong = wrong || r.listed[id] == nil && r.got[id] != nil
		switch apierror.ReasonOf(r.failed[id].err) {
		case connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE:
			slow = true
		}
	}
	r.stuck = len(r.failed) > 0 && len(r.got) == 0
	r.late = (r.late || slow && len(doubts) > 0) && !r.stuck
	r.decideByLists(err == nil && !wrong && !r.stuck)
	return err
}

// undecided reports whether something can be found out soon that the list does not decide.
func (r *round) undecided(next *State) bool {
	for id := range r.open {
		if _, failed := next.failed[id]; !failed && !r.stuck {
			return true
		}
	}
	return false
}

// decideByLists decides that connections do not exist any more which no list has shown for
// the lag of lists: but none whose GET fails. Where each GET of this round has failed, or one
// contradicts its list, the list is not trusted: it is only recorded since when they are
// missing.
func (r *round) decideByLists(trusted bool) {
	r.missing = make(map[string]time.Time)
	failed := r.failures()
	for id := range r.open {
		_, decided := r.got[id]
		if _, fails := failed[id]; decided || fails || r.listed[id] != nil || r.asks[id].direct {
			continue
		}
		since := r.at
		if at, known := r.prev.missing[id]; known {
			since = at
		} else if gone := r.prev.gone[id]; gone.round > 0 {
			since = gone.at
		}
		if !trusted || r.at.Sub(since) < r.lag {
			r.missing[id] = since
			continue
		}
		r.got[id] = nil
		delete(r.open, id)
	}
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

// doubts returns the connections, by folded ID, that this round gets: first those that
// callers ask for, then those that are known, up to maxGets, and up to maxTokenGets that only
// resume tokens name, as anyone can write one. It adds to r.open what the list does not
// decide, and sets r.late if the round cannot get all that are asked for or known.
func (r *round) doubts() []string {
	var asked, known, named []string
	for id, a := range r.asks {
		listed, entry := r.listed[id], r.prev.entries[id]
		unproven := r.prev.gone[id].round <= a.after
		confirmed := entry != nil && entry.got.round > a.after && listed != nil && entry.Same(listed)
		switch {
		case listed == nil && entry == nil && unproven && !a.direct:
			named = append(named, id)
			r.open[id] = true
		case a.direct && listed == nil && (entry != nil || unproven),
			listed != nil && r.prev.gone[id].round > 0 && unproven:
			asked = append(asked, id)
			r.open[id] = true
		case listed != nil && a.confirm && Settled(listed.Conn) && !confirmed:
			asked = append(asked, id)
		}
	}
	for id := range r.prev.entries {
		if r.listed[id] == nil && !r.open[id] {
			known = append(known, id)
			r.open[id] = true
		}
	}
	for id, listed := range r.listed {
		entry, gone := r.prev.entries[id], r.prev.gone[id]
		switch {
		case r.open[id]:
		case gone.round > 0 && r.at.Sub(gone.at) >= r.lag,
			entry != nil && entry.got.round > 0 && r.at.Sub(entry.got.at) < r.lag && !entry.Same(listed):
			if r.open[id] = true; !slices.Contains(asked, id) {
				known = append(known, id)
			}
		}
	}
	first, named := slices.DeleteFunc(slices.Concat(asked, known), r.paused), slices.DeleteFunc(named, r.paused)
	// What has failed before comes last.
	slices.SortStableFunc(first, func(a, b string) int { return cmp.Compare(r.prev.failed[a].round, r.prev.failed[b].round) })
	r.late = len(first) > maxGets
	first = first[:min(len(first), maxGets)]
	return append(first, named[:min(len(named), maxTokenGets)]...)
}

// list reads all connections of the project. If they are too large for one response, it
// reads them in pages, of a size that the poller remembers.
func (r *round) list(ctx context.Context) error {
	for {
		err := r.listPages(ctx)
		if apierror.ReasonOf(err) != connsvcv1.ErrorReason_ANSWER_TOO_LARGE || r.poller.pageSize == 1 {
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
		if err := r.call(ctx, callTimeout, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, about, &connsvcv1.ListEnhancedConnectionsRequest{
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

// call makes one call within the budget, on behalf of one of the callers.
func (r *round) call(ctx context.Context, timeout time.Duration, method string, about apierror.Subject, req, resp proto.Message) error {
	for {
		err := r.try(call.NewContext(ctx, r.record), timeout, method, about, req, resp)
		if !rejected(err) || !r.asNext() {
			return err
		}
	}
}

func (r *round) try(ctx context.Context, timeout time.Duration, method string, about apierror.Subject, req, resp proto.Message) error {
	if err := r.dli.AwaitPoll(ctx); err != nil {
		return apierror.From(err)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return apierror.FromDLI(r.dli.Call(ctx, method, req, resp), about)
}
