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

	"google.golang.org/protobuf/proto"

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
	rpcs     RPCs
	applies  locks // by project and name: one that waits finds what the one before has done
	hosts    locks // by project and connection: DLI overwrites hosts whole
	standIns standIns
	recent   recent
}

// New returns an Applier over the RPCs.
func New(rpcs RPCs) *Applier { return &Applier{rpcs: rpcs} }

// Apply makes a connection as it is wanted. The error of one that has begun has an
// ApplyReport.
func (a *Applier) Apply(ctx context.Context, req *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
	t := a.target(ctx, req.GetProjectId(), req.GetConnection())
	if !req.GetValidateOnly() {
		unlock, err := a.applies.lock(ctx, t.project+"/"+t.spec.GetName())
		if err != nil {
			return nil, err
		}
		defer unlock()
	}
	f, err := t.find(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case len(f.ids) > 1 && req.GetValidateOnly():
		return &connsvcv1.ApplyEnhancedConnectionResponse{
			IsSuccess: true, Difference: f.difference(t.spec.GetName()),
			Warning: proto.String("apply refuses to choose between " + strings.Join(f.ids[:min(len(f.ids), maxNames)], ", ")),
		}, nil
	case len(f.ids) > 1:
		return nil, ambiguous(f.ids)
	}
	r := t.newRun(req, f)
	if err := r.replaceable(ctx); err != nil {
		return nil, err
	}
	if req.GetValidateOnly() || !r.needed() {
		return r.response(nil), nil
	}
	if err := r.permitted(ctx); err != nil {
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
