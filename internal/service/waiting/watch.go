package waiting

import (
	"context"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/poll"
)

const (
	// heartbeatInterval is the longest time without an event.
	heartbeatInterval = 15 * time.Second
	// watchMargin is the part of a watch's time in which RECONNECT reaches the caller.
	watchMargin = 2 * time.Second
)

// A Stream takes the events of a watch. Send blocks while the reader is slow.
type Stream interface {
	Context() context.Context
	Send(*connsvcv1.WatchEnhancedConnectionsResponse) error
}

// Watch sends what exists and what changes, until the call ends. Its errors are
// *apierror.Error.
func (w *Waits) Watch(req *connsvcv1.WatchEnhancedConnectionsRequest, stream Stream) error {
	defer count(w.watching)()
	sent, err := readToken(req)
	if err != nil {
		return err
	}
	n := &watch{req: req, stream: stream, sent: sent}
	interest := poll.Interest{Project: req.GetProjectId(), All: !n.single(), IDs: slices.Collect(maps.Keys(sent))}
	if n.single() {
		interest.IDs = []string{req.GetConnectionId()}
	}
	if n.sub, err = w.join(stream.Context(), interest); err != nil {
		return err
	}
	defer n.sub.Leave()
	return n.run(stream.Context())
}

// A watch is one call of Watch. What it holds does not grow while its reader is slow.
type watch struct {
	req    *connsvcv1.WatchEnhancedConnectionsRequest
	stream Stream
	sub    *poll.Subscription
	sent   map[string]*poll.Entry                      // what the reader has, by ID; with held
	held   *connsvcv1.WatchEnhancedConnectionsResponse // not sent yet: it may be the last of a view
	synced bool
	ended  bool        // nothing can change any more
	silent *time.Timer // fires after heartbeatInterval without an event
}

// single reports whether the watch is of one connection.
func (n *watch) single() bool { return n.req.GetConnectionId() != "" }

func (n *watch) run(ctx context.Context) error {
	n.silent = time.NewTimer(heartbeatInterval)
	defer n.silent.Stop()
	var tooOld <-chan time.Time
	if at, bounded := call.RespondBy(ctx, watchMargin); bounded {
		left := time.Until(at)
		// Watches that began together do not all come back at once.
		timer := time.NewTimer(left - time.Duration(rand.Int64N(int64(max(left/10, 1))))) //nolint:gosec // no secret
		defer timer.Stop()
		tooOld = timer.C
	}
	stopping := call.From(ctx).Stopping
	for {
		v, err := n.sendChanges()
		if err != nil || n.ended {
			return err
		}
		select {
		case <-v.Changed:
		case <-n.silent.C:
			err = n.send(connsvcv1.WatchEnhancedConnectionsResponse_HEARTBEAT, nil, v.AsOf)
		case <-tooOld:
			return n.send(connsvcv1.WatchEnhancedConnectionsResponse_RECONNECT, nil, v.AsOf)
		case <-stopping:
			return n.send(connsvcv1.WatchEnhancedConnectionsResponse_RECONNECT, nil, v.AsOf)
		case <-ctx.Done():
			err = ended(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// sendChanges sends what differs from what the reader has, each connection as it is when
// it is sent, and returns the view that the reader then has.
func (n *watch) sendChanges() (poll.View, error) {
	for {
		v := n.sub.View()
		if v.Err != nil || !v.Read() {
			return v, v.Err
		}
		newer, err := n.sendExisting(v)
		var open bool
		if err == nil && !newer {
			newer, open, err = n.sendDeleted(v)
		}
		if err == nil {
			err = n.sendHeld(true)
		}
		switch {
		case err != nil:
			return v, err
		case newer:
			continue
		}
		if !n.synced && !open && (!n.single() || len(n.sent) > 0 || n.ended) {
			n.synced = true
			if !n.single() {
				n.sub.Resolve(slices.Collect(maps.Keys(n.sent))...) // lists show them
			}
			return v, n.send(connsvcv1.WatchEnhancedConnectionsResponse_SYNCED, nil, v.AsOf)
		}
		return v, nil
	}
}

// sendExisting sends the connections that are new to the reader or differ, until all are
// sent or there is a newer view.
func (n *watch) sendExisting(v poll.View) (newer bool, err error) {
	for e := range n.of(v) {
		id := e.Conn.GetId()
		known := n.sent[id]
		n.sent[id] = e
		switch {
		case known == nil:
			err = n.send(connsvcv1.WatchEnhancedConnectionsResponse_ADDED, e, v.AskedFor(e))
		case !known.Same(e):
			err = n.send(connsvcv1.WatchEnhancedConnectionsResponse_MODIFIED, e, v.AskedFor(e))
		default:
			if known.Conn.IsPrivis != nil && e.Conn.IsPrivis == nil {
				n.sent[id] = known // the reader knows more
			}
			continue
		}
		if err != nil || n.sub.View().State != v.State {
			return true, err
		}
	}
	return false, nil
}

// of returns the connections of a view that the watch is of.
func (n *watch) of(v poll.View) iter.Seq[*poll.Entry] {
	if !n.single() {
		return v.Entries
	}
	return func(yield func(*poll.Entry) bool) {
		if e := v.Entry(n.req.GetConnectionId()); e != nil {
			yield(e)
		}
	}
}

// sendDeleted sends the connections that the reader has and that do not exist any more,
// until all are sent or there is a newer view. Those of which that is not proven are left
// open.
func (n *watch) sendDeleted(v poll.View) (newer, open bool, err error) {
	if n.single() && v.Gone(n.req.GetConnectionId()) && !n.ended {
		if len(n.sent) == 0 {
			return false, false, apierror.ConnectionNotFound(n.req.GetConnectionId())
		}
		n.ended = true
	}
	for id, e := range n.sent {
		switch {
		case v.Entry(id) != nil:
			continue
		case !v.Gone(id):
			n.sub.Ask(id)
			open = true
			continue
		}
		delete(n.sent, id)
		n.sub.Resolve(id)
		if err = n.send(connsvcv1.WatchEnhancedConnectionsResponse_DELETED, e, v.AsOf); err != nil || n.sub.View().State != v.State {
			return true, open, err
		}
	}
	return false, open, nil
}

// send sends an event. Those of connections have a resume_token after SYNCED, but only the
// last of each view: a token is as large as all that the reader has.
func (n *watch) send(what connsvcv1.WatchEnhancedConnectionsResponse_Type, e *poll.Entry, asOf time.Time) error {
	if err := n.sendHeld(false); err != nil {
		return err
	}
	n.held = &connsvcv1.WatchEnhancedConnectionsResponse{Type: what}
	if e != nil {
		n.held.Connection = e.Conn
	}
	if !asOf.IsZero() {
		n.held.AsOf = timestamppb.New(asOf)
	}
	if n.synced && e != nil && !n.single() {
		return nil
	}
	return n.sendHeld(e == nil || n.single())
}

// sendHeld sends the event that is held, if there is one.
func (n *watch) sendHeld(withToken bool) error {
	event := n.held
	if n.held = nil; event == nil {
		return nil
	}
	if withToken {
		event.ResumeToken = newToken(n.req, n.sent)
	}
	if err := n.stream.Send(event); err != nil {
		return apierror.From(err)
	}
	n.silent.Reset(heartbeatInterval)
	return nil
}
