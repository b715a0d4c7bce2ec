// Package apply makes a connection, or the set of its hosts, as a caller wants it: it
// reads, compares, and takes the least steps (docs/apply.md). It is made of connsvc's own
// RPCs: each step is one that the caller could call, and that the policy must let him call.
//
// No step is repeated that must not be. A step whose outcome is unknown is looked for in
// DLI; what is not proven then is reported as unknown, and the same apply finds it out.
package apply

import (
	"context"
	"strings"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
)

// RPCs are those of the service that an apply is made of. Their errors are
// *apierror.Error.
type RPCs interface {
	CreateEnhancedConnection(context.Context, *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error)
	GetEnhancedConnection(context.Context, *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error)
	DeleteEnhancedConnection(context.Context, *connsvcv1.DeleteEnhancedConnectionRequest) (*connsvcv1.DeleteEnhancedConnectionResponse, error)
	UpdateEnhancedConnectionHosts(context.Context, *connsvcv1.UpdateEnhancedConnectionHostsRequest) (*connsvcv1.UpdateEnhancedConnectionHostsResponse, error)
	AssociateQueues(context.Context, *connsvcv1.AssociateQueuesRequest) (*connsvcv1.AssociateQueuesResponse, error)
	DisassociateQueues(context.Context, *connsvcv1.DisassociateQueuesRequest) (*connsvcv1.DisassociateQueuesResponse, error)
	CreateRoute(context.Context, *connsvcv1.CreateRouteRequest) (*connsvcv1.CreateRouteResponse, error)
	DeleteRoute(context.Context, *connsvcv1.DeleteRouteRequest) (*connsvcv1.DeleteRouteResponse, error)
	ListPrivileges(context.Context, *connsvcv1.ListPrivilegesRequest) (*connsvcv1.ListPrivilegesResponse, error)
	UpdatePrivileges(context.Context, *connsvcv1.UpdatePrivilegesRequest) (*connsvcv1.UpdatePrivilegesResponse, error)

	// ListFrom makes one call for a list, from an offset, and returns what DLI did: also
	// what the caller may not see.
	ListFrom(context.Context, *connsvcv1.ListEnhancedConnectionsRequest, int32) (*connsvcv1.ListEnhancedConnectionsResponse, error)
}

// An Applier applies. It is safe for concurrent use.
type Applier struct {
	rpcs       RPCs
	applyLocks locks // by project and name: one that waits finds what the one before has done
	hostLocks  locks // by project and connection: DLI overwrites hosts whole
	standIns   standIns
	recent     recent
}

// New returns an Applier over the RPCs.
func New(rpcs RPCs) *Applier { return &Applier{rpcs: rpcs} }

// Changed records that this process has changed a connection, or may have: lists, which lag,
// do not count until they show it.
func (a *Applier) Changed(project, id string, lag time.Duration) { a.recent.add(project, id, lag) }

// Unbound records that this process has unbound queues, or may have: DLI may show them as
// pools, which then stand for them no more.
func (a *Applier) Unbound(project, id string, queues []string) {
	a.standIns.remove(project, id, queues)
}

// Apply makes a connection as it is wanted. The error of one that has begun has an
// ApplyReport. Whoever may not do it, or has nothing to do, takes no turn from the others.
func (a *Applier) Apply(ctx context.Context, req *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
	t := a.target(ctx, req.GetProjectId(), req.GetConnection())
	turn := a.applyLocks.turn(t.project + "/" + t.spec.GetName())
	defer turn.end()
	r, err := t.plan(ctx, req)
	if err != nil {
		return nil, err
	}
	if req.GetValidateOnly() || !r.needed() {
		return r.response(nil), nil
	}
	missed, err := turn.wait(ctx)
	if err == nil && missed {
		r, err = t.plan(ctx, req)
	}
	if err != nil {
		return nil, err
	}
	if !r.needed() {
		return r.response(nil), nil
	}
	if err := r.countCreate(); err != nil {
		return nil, err
	}
	if err := r.do(ctx); err != nil {
		return nil, r.failure(err)
	}
	shown, err := r.verify(ctx)
	if err != nil {
		return nil, r.failure(err)
	}
	return r.response(shown), nil
}

// plan returns the apply of a target as it is now, which its caller may do.
func (t *target) plan(ctx context.Context, req *connsvcv1.ApplyEnhancedConnectionRequest) (*run, error) {
	t.grantees = nil
	f, err := t.find(ctx)
	if err != nil {
		return nil, err
	}
	if len(f.ids) > 1 {
		if !req.GetValidateOnly() {
			return nil, ambiguous(f.ids)
		}
		r := &run{target: t, found: f, request: req, difference: f.difference(t.spec.GetName())}
		r.warn("apply refuses to choose between " + strings.Join(f.ids[:min(len(f.ids), maxNames)], ", "))
		return r, nil
	}
	r := t.newRun(req, f)
	if err := r.replaceable(ctx); err != nil || req.GetValidateOnly() {
		return r, err
	}
	return r, r.permitted(ctx)
}

// A target is a connection of a project as it is wanted.
type target struct {
	*Applier

	project string
	spec    *connsvcv1.EnhancedConnectionSpec
	caller  *call.Call

	grantees *[]string // as ListPrivileges has shown them; nil: not asked
}

func (a *Applier) target(ctx context.Context, project string, spec *connsvcv1.EnhancedConnectionSpec) *target {
	return &target{Applier: a, project: project, spec: spec, caller: call.From(ctx)}
}

// ambiguous is the error where several connections have the name.
func ambiguous(ids []string) error {
	e := apierror.New(connsvcv1.ErrorReason_NAME_AMBIGUOUS, "", nil)
	// The values of metadata are short: three IDs fit.
	e.Metadata = map[string]string{"connection_ids": strings.Join(ids[:min(len(ids), 3)], ",")}
	return e
}
