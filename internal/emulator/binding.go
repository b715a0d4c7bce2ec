package emulator

import (
	"slices"
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// associateQueues is dli_02_0191. A project with BIND_QUEUE binds its own queues.
func (e *Emulator) associateQueues(c call) (any, error) {
	req := &wire.BindRequest{}
	if err := c.read(req); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.find(c.project, c.connection)
	if err != nil {
		return nil, err
	}
	e.beforeChange(conn, c.now)
	if err := e.bind(conn, e.bindings(conn, c.project, req.Queues, req.ElasticResourcePools), c.now, c.effects.Stuck); err != nil {
		return nil, err
	}
	return wire.Success(namingQueues("associated peer connection for queues: {", req.Queues, "}.")), nil
}

// disassociateQueues is dli_02_0192.
func (e *Emulator) disassociateQueues(c call) (any, error) {
	req := &wire.BindRequest{}
	if err := c.read(req); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.find(c.project, c.connection)
	if err != nil {
		return nil, err
	}
	e.beforeChange(conn, c.now)
	if err := e.unbind(conn, e.bindings(conn, c.project, req.Queues, req.ElasticResourcePools), c.now); err != nil {
		return nil, err
	}
	return wire.Success(namingQueues("Disassociated peer connection for queues:{", req.Queues, "}.")), nil
}

// namingQueues is DLI's message with the queues as in the request. It is empty if
// there are only pools.
func namingQueues(before string, queues []string, after string) string {
	if len(queues) == 0 {
		return ""
	}
	return before + strings.Join(queues, ",") + after
}

// bind makes the missing peerings; stuck is how long they are CREATING beyond their
// time. On an error it binds nothing, except with the PartialBind quirk.
func (e *Emulator) bind(c *connection, bindings []binding, now time.Time, stuck time.Duration) error {
	peerings := slices.Clone(c.peerings)
	var rejected error
	for _, b := range bindings {
		err := e.checkBinding(peerings, &b)
		if err != nil && !e.options.Quirks.PartialBind {
			return err
		}
		if err != nil {
			rejected = err
			continue
		}
		if indexOf(peerings, b.target) < 0 {
			peerings = append(peerings, peering{
				target: b.target, asked: strings.ToLower(b.asked), id: e.options.NewID(), bound: now, stuck: stuck, errMsg: b.errMsg,
			})
		}
	}
	if len(peerings) > len(c.peerings) {
		c.peerings, c.updated = peerings, now
	}
	return rejected
}

func (e *Emulator) checkBinding(peerings []peering, b *binding) error {
	if b.unknown {
		if !e.options.Quirks.UnknownQueueFails {
			return e.unknownQueue(*b)
		}
		b.errMsg = "There is no queue named " + b.asked
	}
	if e.options.Quirks.RebindFails && indexOf(peerings, b.target) >= 0 {
		return wire.Exists()
	}
	return nil
}

// unbind removes the peering of each binding or, on an error, none.
func (e *Emulator) unbind(c *connection, bindings []binding, now time.Time) error {
	peerings := slices.Clone(c.peerings)
	for _, b := range bindings {
		i := indexOf(peerings, b.target)
		switch {
		case i < 0 && (b.unknown || e.options.Quirks.UnbindUnboundFails):
			return e.unknownQueue(b)
		case i < 0:
			continue
		case e.state(&peerings[i], now).status == wire.StatusFailed:
			return wire.Errorf(wire.CodeNotSupported, "The operation is not supported. The peer connection of %s is failed and cannot be unbound.", b.asked)
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
	return wire.Errorf(e.options.Quirks.UnknownQueueCode, "There is no %s named %s", kind, b.asked)
}

func indexOf(peerings []peering, t target) int {
	return slices.IndexFunc(peerings, func(p peering) bool { return p.target == t })
}
