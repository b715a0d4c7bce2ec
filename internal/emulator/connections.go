package emulator

import (
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// createEnhancedConnection is dli_02_0187. The connection is ACTIVE at once; only
// its peerings take time.
func (e *Emulator) createEnhancedConnection(c call) (any, error) {
	req := &wire.CreateRequest{}
	if err := c.read(req); err != nil {
		return nil, err
	}
	conn := &connection{
		name: req.Name, project: c.project, vpc: req.DestVPCID, subnet: req.DestNetworkID,
		ipv6:    e.ipv6Subnets[req.DestNetworkID],
		created: c.now, updated: c.now, listed: c.now.Add(c.effects.Unlisted), tagged: c.now.Add(c.effects.Untagged),
		hosts: req.Hosts, tags: make(map[string]string, len(req.Tags)),
	}
	for _, t := range req.Tags {
		conn.tags[t.Key] = *t.Value
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkNew(conn); err != nil {
		return nil, err
	}
	conn.id = e.options.NewID()
	if err := e.bind(conn, e.bindings(conn, c.project, req.Queues, req.ElasticResourcePools), c.now, c.effects.Stuck); err != nil {
		return nil, err
	}
	e.store.add(conn)
	return wire.CreateResponse{
		Result:       wire.Success(namingQueues("Create peer connection for queues:{", req.Queues, "}")),
		ConnectionID: conn.id,
	}, nil
}

func (e *Emulator) checkNew(c *connection) error {
	p, quirks := e.store.project(c.project), e.options.Quirks
	switch {
	case quirks.UnknownSubnetRejected && !e.knownSubnets.exist(c.subnet):
		return wire.Errorf(wire.CodeNoObject, "Failed to get subnet %s", c.subnet)
	case !quirks.AllowDuplicateNames && p.existing[c.name] > 0:
		return wire.Exists()
	case e.options.MaxConnections > 0 && p.count >= e.options.MaxConnections:
		return wire.Errorf(wire.CodeQuota, "The quota is insufficient.")
	}
	return nil
}

// getEnhancedConnection is dli_02_0189. A deleted connection is shown to its owner
// with status DELETED.
func (e *Emulator) getEnhancedConnection(c call) (any, error) {
	if err := wire.ReadNoQuery(c.query); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn := e.store.connections[c.connection]
	if conn == nil || conn.project != c.project && !conn.grantees[c.project] || !e.visible(conn, c.now) {
		return nil, e.missing(c.connection)
	}
	return wire.GetResponse{Result: wire.Success(""), Connection: e.view(conn, c.now)}, nil
}

// deleteEnhancedConnection is dli_02_0188. Peerings that are ACTIVE or FAILED are
// deleted with the connection.
func (e *Emulator) deleteEnhancedConnection(c call) (any, error) {
	if err := wire.ReadNoQuery(c.query); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "DELETE_CONNECTION")
	if err != nil {
		return nil, err
	}
	if e.creating(conn, c.now) {
		return nil, wire.Errorf(wire.CodeNotSupported, "The connection that is being created cannot be deleted.")
	}
	e.beforeChange(conn, c.now)
	e.store.markDeleted(conn, c.now, c.now.Add(c.effects.Unlisted))
	return wire.Success("Deleted"), nil
}

// updateEnhancedConnectionHosts is dli_02_0200: all hosts are replaced. An empty,
// absent or null list deletes them.
func (e *Emulator) updateEnhancedConnectionHosts(c call) (any, error) {
	req := &wire.HostsRequest{}
	if err := c.read(req); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "UPDATE_CONNECTION")
	if err != nil {
		return nil, err
	}
	e.beforeChange(conn, c.now)
	conn.hosts, conn.updated = req.Hosts, c.now
	return wire.Success(""), nil
}
