package apply

import (
	"context"
	"strconv"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/validation"
)

// maxOverwrites is how often a change of hosts is made, where somebody else overwrites it
// meanwhile.
const maxOverwrites = 4

// ListHosts returns the hosts of a connection and their etag.
func (a *Applier) ListHosts(ctx context.Context, req *connsvcv1.ListHostsRequest) (*connsvcv1.ListHostsResponse, error) {
	get := &connsvcv1.GetEnhancedConnectionRequest{ProjectId: req.GetProjectId(), ConnectionId: req.GetConnectionId()}
	conn, err := a.target(ctx, req.GetProjectId(), nil).permittedGet(ctx, get)
	if err != nil {
		return nil, err
	}
	return &connsvcv1.ListHostsResponse{IsSuccess: true, Count: count(conn.GetHosts()), Hosts: conn.GetHosts(), Etag: etagOf(conn.GetHosts())}, nil
}

// AddHosts adds hosts to those of a connection.
func (a *Applier) AddHosts(ctx context.Context, req *connsvcv1.AddHostsRequest) (*connsvcv1.AddHostsResponse, error) {
	names := make(map[string]bool)
	if req.GetReplaceNames() {
		for _, h := range req.GetHosts() {
			names[h.GetName()] = h.GetName() != ""
		}
	}
	added := make(map[host]bool, len(req.GetHosts()))
	for _, h := range req.GetHosts() {
		added[hostOf(h)] = true
	}
	result, err := a.changeHosts(ctx, hostChange{
		project: req.GetProjectId(), id: req.GetConnectionId(), etag: req.GetEtag(), allowEmpty: true, add: req.GetHosts(),
		removes: func(h *connsvcv1.Host) bool {
			return (req.GetRemoveOthers() || names[h.GetName()]) && !added[hostOf(h)]
		},
	})
	if err != nil {
		return nil, err
	}
	return &connsvcv1.AddHostsResponse{IsSuccess: true, Added: result.added, Removed: result.removed, Count: count(result.hosts), Etag: etagOf(result.hosts)}, nil
}

// RemoveHosts removes hosts from those of a connection.
func (a *Applier) RemoveHosts(ctx context.Context, req *connsvcv1.RemoveHostsRequest) (*connsvcv1.RemoveHostsResponse, error) {
	names := make(map[string]bool, len(req.GetNames()))
	for _, name := range req.GetNames() {
		names[name] = true
	}
	removed := make(map[host]bool, len(req.GetHosts()))
	for _, h := range req.GetHosts() {
		removed[hostOf(h)] = true
	}
	result, err := a.changeHosts(ctx, hostChange{
		project: req.GetProjectId(), id: req.GetConnectionId(), etag: req.GetEtag(), allowEmpty: req.GetAllowEmpty(),
		removes: func(h *connsvcv1.Host) bool { return names[h.GetName()] || removed[hostOf(h)] },
	})
	if err != nil {
		return nil, err
	}
	return &connsvcv1.RemoveHostsResponse{IsSuccess: true, Removed: result.removed, Count: count(result.hosts), Etag: etagOf(result.hosts)}, nil
}

// A hostChange is a change of a connection's hosts as a set.
type hostChange struct {
	project, id, etag string
	allowEmpty        bool
	add               []*connsvcv1.Host
	removes           func(*connsvcv1.Host) bool
}

type hostResult struct {
	added, removed int32
	hosts          []*connsvcv1.Host // after the change
}

// changeHosts reads the hosts, overwrites them with the changed ones, and reads them again.
// Where they are not so then, somebody else has overwritten them meanwhile, and the change
// is made once more. A change that DLI shows to be made already succeeds, whatever the etag:
// it is the repetition of one whose response was lost. Whoever may not change the hosts, or
// changes nothing, takes no turn from the others.
func (a *Applier) changeHosts(ctx context.Context, c hostChange) (hostResult, error) {
	turn := a.hostLocks.turn(keyOf(c.project, c.id))
	defer turn.end()
	t, get := a.target(ctx, c.project, nil), &connsvcv1.GetEnhancedConnectionRequest{ProjectId: c.project, ConnectionId: c.id}
	conn, err := t.permittedGet(ctx, get)
	if err != nil {
		return hostResult{}, err
	}
	var first hostResult
	for overwrites := 0; ; {
		next := c.of(conn.GetHosts())
		if next.added+next.removed == 0 {
			first.hosts = conn.GetHosts()
			return first, nil
		}
		update := &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: c.project, ConnectionId: c.id, Hosts: next.hosts}
		if err := t.caller.Permit(ctx, update, conn); err != nil {
			return hostResult{}, err
		}
		if err := c.check(conn.GetHosts(), next.hosts, overwrites); err != nil {
			return hostResult{}, err
		}
		if !turn.mine {
			missed, err := turn.wait(ctx)
			if err == nil && missed {
				conn, err = t.permittedGet(ctx, get)
			}
			if err != nil {
				return hostResult{}, err
			}
			if missed {
				continue
			}
		}
		if overwrites++; overwrites == 1 {
			first = next
		}
		failed := t.send(ctx, update)
		if failed != nil && !apierror.Sent(failed) {
			return hostResult{}, failed
		}
		if conn, err = a.rpcs.GetEnhancedConnection(ctx, get); err != nil {
			return hostResult{}, unread(failed, err)
		}
		if after := c.of(conn.GetHosts()); failed != nil && after.added+after.removed > 0 {
			return hostResult{}, failed
		}
	}
}

// permittedGet reads a connection whose hosts are listed or changed. Counts, etag and errors
// tell of it, so the caller must be allowed to get it.
func (t *target) permittedGet(ctx context.Context, get *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	conn, err := t.rpcs.GetEnhancedConnection(ctx, get)
	if err == nil {
		err = t.caller.Permit(ctx, get, conn)
	}
	return conn, err
}

// unread is the error where the hosts cannot be read after the change.
func unread(failed, err error) error {
	if failed != nil {
		return failed
	}
	e := *apierror.From(err)
	e.Message = "the hosts were changed, and could not be read again: " + e.Message
	return &e
}

// check returns an error if the hosts must not be changed so, after so many overwrites.
func (c *hostChange) check(hosts, next []*connsvcv1.Host, overwrites int) error {
	switch {
	case c.etag != "" && (overwrites > 0 || etagOf(hosts) != c.etag), overwrites == maxOverwrites:
		e := apierror.New(connsvcv1.ErrorReason_CONCURRENT_CHANGE, "", nil)
		e.Metadata = map[string]string{"etag": etagOf(hosts)}
		return e
	case len(next) > validation.MaxHosts:
		return apierror.Invalid("hosts", "repeated.max_items", "the connection would have "+strconv.Itoa(len(next))+" hosts, and DLI allows "+strconv.Itoa(validation.MaxHosts))
	case len(next) == 0 && !c.allowEmpty:
		return apierror.New(connsvcv1.ErrorReason_EMPTY_NOT_ALLOWED, "", nil)
	}
	return nil
}

// of changes hosts. What stays keeps its order; what is added comes last.
func (c *hostChange) of(hosts []*connsvcv1.Host) hostResult {
	var r hostResult
	there := make(map[host]bool, len(hosts))
	r.hosts = make([]*connsvcv1.Host, 0, len(hosts)+len(c.add))
	for _, h := range hosts {
		switch {
		case c.removes(h):
			r.removed++
		case !there[hostOf(h)]: // a repetition has no effect
			there[hostOf(h)] = true
			r.hosts = append(r.hosts, h)
		}
	}
	for _, h := range c.add {
		if !there[hostOf(h)] {
			there[hostOf(h)] = true
			r.added++
			r.hosts = append(r.hosts, h)
		}
	}
	return r
}
