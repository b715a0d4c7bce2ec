package apply

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/validation"
)

// A step is one step of an apply, with the calls that it takes.
type step struct {
	*connsvcv1.ApplyStep

	requests []proto.Message
}

func newStep(action connsvcv1.ApplyStep_Action, names []string, requests ...proto.Message) *step {
	s := &step{&connsvcv1.ApplyStep{Action: action, State: connsvcv1.ApplyStep_NOT_NEEDED}, requests}
	if len(requests) > 0 {
		s.State, s.Names, s.Count = connsvcv1.ApplyStep_LEFT, first(names, maxNames), count(names)
	}
	return s
}

// keep keeps the names that requests are about, of a step that is about more.
func (s *step) keep(requests []proto.Message) {
	var names []string
	for _, request := range requests {
		switch req := request.(type) {
		case *connsvcv1.CreateRouteRequest:
			names = append(names, req.GetName())
		case *connsvcv1.DeleteRouteRequest:
			if s.Action == connsvcv1.ApplyStep_DELETE_ROUTES { // else its CreateRouteRequest follows
				names = append(names, req.GetName())
			}
		case *connsvcv1.UpdatePrivilegesRequest:
			names = append(names, req.GetGranteeProjectId())
		case *connsvcv1.AssociateQueuesRequest:
			names = append(names, bindings{req.GetQueues(), req.GetElasticResourcePools()}.names()...)
		case *connsvcv1.DisassociateQueuesRequest:
			names = append(names, bindings{req.GetQueues(), req.GetElasticResourcePools()}.names()...)
		default:
			return
		}
	}
	s.Names, s.Count = first(names, maxNames), count(names)
}

// doing says what a request does.
func doing(request proto.Message) string {
	list := func(names []string) string {
		if len(names) > 3 {
			return strings.Join(names[:3], ", ") + " and " + strconv.Itoa(len(names)-3) + " more"
		}
		return strings.Join(names, ", ")
	}
	switch req := request.(type) {
	case *connsvcv1.CreateRouteRequest:
		return "adding route " + req.GetName() + " (" + req.GetCidr() + ")"
	case *connsvcv1.DeleteRouteRequest:
		return "deleting route " + req.GetName()
	case *connsvcv1.AssociateQueuesRequest:
		return "binding " + list(bindings{req.GetQueues(), req.GetElasticResourcePools()}.names())
	case *connsvcv1.DisassociateQueuesRequest:
		return "unbinding " + list(bindings{req.GetQueues(), req.GetElasticResourcePools()}.names())
	case *connsvcv1.UpdatePrivilegesRequest:
		if req.GetAction() == "grant" {
			return "granting " + bindQueue + " to project " + req.GetGranteeProjectId()
		}
		return "revoking " + bindQueue + " from project " + req.GetGranteeProjectId()
	case *connsvcv1.DeleteEnhancedConnectionRequest:
		return "deleting the connection"
	case *connsvcv1.UpdateEnhancedConnectionHostsRequest:
		return "setting the hosts"
	default:
		return string(request.ProtoReflect().Descriptor().Name())
	}
}

// changeSteps are the steps that change a connection. What is added comes before what is
// removed.
func (t *target) changeSteps(c *changes, id string) []*step {
	hosts := newStep(connsvcv1.ApplyStep_SET_HOSTS, nil)
	if n := count(c.addHosts) + count(c.removeHosts); n > 0 {
		hosts = newStep(connsvcv1.ApplyStep_SET_HOSTS, nil,
			&connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: t.project, ConnectionId: id, Hosts: t.spec.GetHosts()})
		hosts.Count = n
	}
	return []*step{
		hosts,
		t.addRoutes(c, id),
		t.changeRoutes(c, id),
		t.bind(c, id),
		t.updateGrants(connsvcv1.ApplyStep_GRANT, "grant", c.grant, id),
		t.unbind(id, bindings{c.peerings.unbindQueues, c.peerings.unbindPools}),
		t.deleteRoutes(c, id),
		t.updateGrants(connsvcv1.ApplyStep_REVOKE, "revoke", c.revoke, id),
	}
}

func (t *target) createRoute(r *connsvcv1.RouteSpec, id string) proto.Message {
	return &connsvcv1.CreateRouteRequest{ProjectId: t.project, ConnectionId: id, Name: r.GetName(), Cidr: r.GetCidr()}
}

func (t *target) deleteRoute(r *connsvcv1.Route, id string) proto.Message {
	return &connsvcv1.DeleteRouteRequest{ProjectId: t.project, ConnectionId: id, Name: r.GetName()}
}

func (t *target) addRoutes(c *changes, id string) *step {
	var names []string
	var requests []proto.Message
	for _, r := range c.routes.add {
		names, requests = append(names, r.GetName()), append(requests, t.createRoute(r, id))
	}
	return newStep(connsvcv1.ApplyStep_ADD_ROUTES, names, requests...)
}

func (t *target) changeRoutes(c *changes, id string) *step {
	var names []string
	var requests []proto.Message
	for _, change := range c.routes.change {
		names = append(names, change.add.GetName())
		for _, r := range change.delete {
			requests = append(requests, t.deleteRoute(r, id))
		}
		requests = append(requests, t.createRoute(change.add, id))
	}
	return newStep(connsvcv1.ApplyStep_CHANGE_ROUTES, names, requests...)
}

func (t *target) deleteRoutes(c *changes, id string) *step {
	var names []string
	var requests []proto.Message
	for _, r := range c.routes.remove {
		names, requests = append(names, r.GetName()), append(requests, t.deleteRoute(r, id))
	}
	return newStep(connsvcv1.ApplyStep_DELETE_ROUTES, names, requests...)
}

// bindings are queues and pools.
type bindings struct{ queues, pools []string }

func (b bindings) count() int { return len(b.queues) + len(b.pools) }

func (b bindings) names() []string { return slices.Concat(b.queues, b.pools) }

// singles are the bindings, one by one.
func (b bindings) singles() []bindings {
	var all []bindings
	for _, queue := range b.queues {
		all = append(all, bindings{queues: []string{queue}})
	}
	for _, pool := range b.pools {
		all = append(all, bindings{pools: []string{pool}})
	}
	return all
}

// associate are the requests to bind, each without what is empty.
func (t *target) associate(id string, each ...bindings) []proto.Message {
	var all []proto.Message
	for _, b := range each {
		if b.count() > 0 {
			all = append(all, &connsvcv1.AssociateQueuesRequest{ProjectId: t.project, ConnectionId: id, Queues: b.queues, ElasticResourcePools: b.pools})
		}
	}
	return all
}

// disassociate are the requests to unbind.
func (t *target) disassociate(id string, each ...bindings) []proto.Message {
	var all []proto.Message
	for _, b := range each {
		if b.count() > 0 {
			all = append(all, &connsvcv1.DisassociateQueuesRequest{ProjectId: t.project, ConnectionId: id, Queues: b.queues, ElasticResourcePools: b.pools})
		}
	}
	return all
}

func (t *target) bind(c *changes, id string) *step {
	b := bindings{c.peerings.bindQueues, c.peerings.bindPools}
	return newStep(connsvcv1.ApplyStep_BIND, b.names(), t.associate(id, b)...)
}

func (t *target) unbind(id string, b bindings) *step {
	return newStep(connsvcv1.ApplyStep_UNBIND, b.names(), t.disassociate(id, b)...)
}

func (t *target) updateGrants(action connsvcv1.ApplyStep_Action, verb string, projects []string, id string) *step {
	var requests []proto.Message
	for _, project := range projects {
		requests = append(requests, &connsvcv1.UpdatePrivilegesRequest{
			ProjectId: t.project, GranteeProjectId: project, Action: verb,
			Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{{Object: validation.ObjectPrefix + id, Privileges: []string{bindQueue}}},
		})
	}
	return newStep(action, projects, requests...)
}

// createRequest is the create of a connection as it is wanted.
func (t *target) createRequest(requestID string) *connsvcv1.CreateEnhancedConnectionRequest {
	s := t.spec
	req := &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: t.project, Name: s.GetName(), DestVpcId: s.GetDestVpcId(), DestNetworkId: s.GetDestNetworkId(), RoutetableId: s.GetRoutetableId(),
		Queues: s.GetQueues(), ElasticResourcePools: s.GetElasticResourcePools(), Hosts: s.GetHosts(), Tags: s.GetTags(), RequestId: requestID,
	}
	if requestID == "" {
		req.RequestId = derivedID(t.project, create.ContentHash(req))
	}
	return req
}

// derivedID is the request_id of a create of this content: a UUID of version 8.
func derivedID(project, content string) string {
	sum := sha256.Sum256([]byte("connsvc.v1.ApplyEnhancedConnection\x00" + project + "\x00" + content))
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// created is the connection that a create makes, in the lower case that DLI returns.
func (t *target) created(id string) *connsvcv1.EnhancedConnection {
	s := t.spec
	return &connsvcv1.EnhancedConnection{
		Id: id, Name: s.GetName(), Status: connsvcv1.EnhancedConnection_ACTIVE,
		DestVpcId: strings.ToLower(s.GetDestVpcId()), DestNetworkId: strings.ToLower(s.GetDestNetworkId()),
		AvailableQueueInfo: peeringsOf(s.GetQueues()), ElasticResourcePools: peeringsOf(s.GetElasticResourcePools()), Hosts: s.GetHosts(),
	}
}

func peeringsOf(names []string) []*connsvcv1.Peering {
	var all []*connsvcv1.Peering
	for _, name := range names {
		all = append(all, &connsvcv1.Peering{Name: strings.ToLower(name)})
	}
	return all
}

// send makes the call of a request that is no create. It keeps a part of the time that is
// left, to find out what became of it.
func (t *target) send(ctx context.Context, request proto.Message) error {
	ctx, cancel := call.KeepTime(ctx, 3*time.Second)
	defer cancel()
	var err error
	switch req := request.(type) {
	case *connsvcv1.DeleteEnhancedConnectionRequest:
		_, err = t.rpcs.DeleteEnhancedConnection(ctx, req)
	case *connsvcv1.UpdateEnhancedConnectionHostsRequest:
		_, err = t.rpcs.UpdateEnhancedConnectionHosts(ctx, req)
	case *connsvcv1.CreateRouteRequest:
		_, err = t.rpcs.CreateRoute(ctx, req)
	case *connsvcv1.DeleteRouteRequest:
		_, err = t.rpcs.DeleteRoute(ctx, req)
	case *connsvcv1.AssociateQueuesRequest:
		_, err = t.rpcs.AssociateQueues(ctx, req)
	case *connsvcv1.DisassociateQueuesRequest:
		_, err = t.rpcs.DisassociateQueues(ctx, req)
	case *connsvcv1.UpdatePrivilegesRequest:
		_, err = t.rpcs.UpdatePrivileges(ctx, req)
	default:
		err = apierror.New(connsvcv1.ErrorReason_INTERNAL, "", fmt.Errorf("no call for %T", request))
	}
	return err
}

// left returns what is left of a request that failed, as DLI shows it now: none, if it was
// done. It returns false if DLI does not show any of it.
func (t *target) left(ctx context.Context, request proto.Message, exists bool) (rest []proto.Message, shown bool) {
	switch req := request.(type) {
	case *connsvcv1.UpdatePrivilegesRequest:
		return nil, t.granted(ctx, req)
	case interface{ GetConnectionId() string }:
		conn, err := t.get(ctx, req.GetConnectionId())
		if err != nil {
			return nil, false
		}
		if conn == nil {
			_, deletes := request.(*connsvcv1.DeleteEnhancedConnectionRequest)
			return nil, deletes
		}
		return t.leftOn(conn, request, exists)
	default:
		return nil, false
	}
}

// leftOn is left, of a connection that is there.
func (t *target) leftOn(conn *connsvcv1.EnhancedConnection, request proto.Message, exists bool) (rest []proto.Message, shown bool) {
	queues, pools := peeringNames(conn.GetAvailableQueueInfo()), peeringNames(conn.GetElasticResourcePools())
	switch req := request.(type) {
	case *connsvcv1.UpdateEnhancedConnectionHostsRequest:
		add, remove := compareHosts(req.GetHosts(), conn.GetHosts())
		return nil, len(add)+len(remove) == 0
	case *connsvcv1.CreateRouteRequest:
		return nil, slices.ContainsFunc(conn.GetRoutes(), func(r *connsvcv1.Route) bool {
			return r.GetName() == req.GetName() && destination(r.GetCidr()) == destination(req.GetCidr())
		})
	case *connsvcv1.DeleteRouteRequest:
		return nil, !slices.ContainsFunc(conn.GetRoutes(), func(r *connsvcv1.Route) bool { return r.GetName() == req.GetName() })
	case *connsvcv1.AssociateQueuesRequest:
		asked := bindings{req.GetQueues(), req.GetElasticResourcePools()}
		left := bindings{without(asked.queues, queues), without(asked.pools, pools)}
		switch {
		case left.count() == 0:
			return nil, true
		case exists && asked.count() == 1 && len(pools) > 0 && len(left.queues) == 1:
			t.learn(conn, left.queues) // it is bound as a pool
			return nil, true
		case exists && asked.count() > 1, left.count() < asked.count():
			return t.associate(req.GetConnectionId(), left.singles()...), true
		}
	case *connsvcv1.DisassociateQueuesRequest:
		asked := bindings{req.GetQueues(), req.GetElasticResourcePools()}
		left := bindings{among(asked.queues, queues), among(asked.pools, pools)}
		if left.count() < asked.count() {
			return t.disassociate(req.GetConnectionId(), left.singles()...), true
		}
	}
	return nil, false
}

func among(names, others []string) []string { return without(names, without(names, others)) }

// granted reports whether DLI shows that a grant or its revocation was done.
func (t *target) granted(ctx context.Context, req *connsvcv1.UpdatePrivilegesRequest) bool {
	t.grantees = nil
	id := strings.TrimPrefix(req.GetPrivileges()[0].GetObject(), validation.ObjectPrefix)
	grantees, err := t.granteesOf(ctx, &connsvcv1.EnhancedConnection{Id: id})
	return err == nil && slices.Contains(grantees, req.GetGranteeProjectId()) == (req.GetAction() == "grant")
}
