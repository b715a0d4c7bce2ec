package emulator

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// associateQueues is dli_02_0191. A project that was granted BIND_QUEUE binds its
// own queues.
func (e *Emulator) associateQueues(c call) (proto.Message, error) {
	req := &connsvcv1.AssociateQueuesRequest{}
	if err := c.decodeBody(req, projectIDField, connectionIDField); err != nil {
		return nil, err
	}
	if err := checkSomeBindings(req.GetQueues(), req.GetElasticResourcePools()); err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.find(c.project, c.connection)
	if err != nil {
		return nil, err
	}
	if err := e.bind(conn, e.bindings(conn, c.project, req.GetQueues(), req.GetElasticResourcePools()), now, c.effects.stuck); err != nil {
		return nil, err
	}
	return &connsvcv1.AssociateQueuesResponse{
		IsSuccess: true,
		Message:   namingQueues("associated peer connection for queues: {", req.GetQueues(), "}."),
	}, nil
}

// disassociateQueues is dli_02_0192.
func (e *Emulator) disassociateQueues(c call) (proto.Message, error) {
	req := &connsvcv1.DisassociateQueuesRequest{}
	if err := c.decodeBody(req, projectIDField, connectionIDField); err != nil {
		return nil, err
	}
	if err := checkSomeBindings(req.GetQueues(), req.GetElasticResourcePools()); err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.find(c.project, c.connection)
	if err != nil {
		return nil, err
	}
	if err := e.unbind(conn, e.bindings(conn, c.project, req.GetQueues(), req.GetElasticResourcePools()), now); err != nil {
		return nil, err
	}
	return &connsvcv1.DisassociateQueuesResponse{
		IsSuccess: true,
		Message:   namingQueues("Disassociated peer connection for queues:{", req.GetQueues(), "}."),
	}, nil
}

// checkSomeBindings is checkBindings for calls that do nothing but bind: each list
// is optional (dli_02_0191), but a call without a name is refused.
func checkSomeBindings(queues, pools []string) error {
	if len(queues)+len(pools) == 0 {
		return refuse(codeParameter, "queues: at least one queue or elastic resource pool is required.")
	}
	return checkBindings(queues, pools)
}

// namingQueues is DLI's message about queues, named as the request named them. It
// is empty where only pools were bound.
func namingQueues(before string, queues []string, after string) string {
	if len(queues) == 0 {
		return ""
	}
	return before + strings.Join(queues, ",") + after
}

// bind gives each binding a peering unless it has one; stuck is how long it is
// CREATING beyond its time. A refused call binds nothing, but for the PartialBind
// quirk.
func (e *Emulator) bind(c *connection, bindings []binding, now time.Time, stuck time.Duration) error {
	settled := now.Add(e.options.PeeringDelay).Add(stuck)
	peerings := slices.Clone(c.peerings)
	var refused error
	for _, b := range bindings {
		err := e.checkBinding(peerings, &b)
		if err != nil && !e.options.Quirks.PartialBind {
			return err
		}
		if err != nil {
			refused = err
			continue
		}
		if indexOf(peerings, b.target) < 0 {
			peerings = append(peerings, peering{
				target: b.target, id: e.options.NewID(), bound: now, settled: settled, errMsg: b.errMsg,
			})
		}
	}
	if len(peerings) > len(c.peerings) {
		c.peerings, c.updated = peerings, now
	}
	return refused
}

func (e *Emulator) checkBinding(peerings []peering, b *binding) error {
	if b.unknown {
		if !e.options.Quirks.UnknownQueueFails {
			return e.unknownQueue(*b)
		}
		b.errMsg = "There is no queue named " + b.asked
	}
	if e.options.Quirks.RebindFails && indexOf(peerings, b.target) >= 0 {
		return exists()
	}
	return nil
}

// unbind takes away the peering of each binding; all or, if it is refused, none.
func (e *Emulator) unbind(c *connection, bindings []binding, now time.Time) error {
	peerings := slices.Clone(c.peerings)
	for _, b := range bindings {
		i := indexOf(peerings, b.target)
		switch {
		case i < 0 && (b.unknown || e.options.Quirks.UnbindUnboundFails):
			return e.unknownQueue(b)
		case i < 0:
			continue
		case peerings[i].status(now) == connsvcv1.Peering_FAILED:
			return refuse(codeNotSupported, "The operation is not supported. The peer connection of %s is failed and cannot be unbound.", b.asked)
		}
		peerings = slices.Delete(peerings, i, i+1)
	}
	if len(peerings) < len(c.peerings) {
		c.peerings, c.updated = peerings, now
	}
	return nil
}

func (e *Emulator) unknownQueue(b binding) error {
	kind := "queue"
	if b.pool {
		kind = "elastic resource pool"
	}
	return refuse(e.options.Quirks.UnknownQueueCode, "There is no %s named %s", kind, b.asked)
}

func indexOf(peerings []peering, t target) int {
	return slices.IndexFunc(peerings, func(p peering) bool { return p.target == t })
}
