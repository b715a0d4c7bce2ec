package emulator

import (
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// createEnhancedConnection is dli_02_0187. The connection is ACTIVE at once; only
// its peerings take time.
func (e *Emulator) createEnhancedConnection(c call) (proto.Message, error) {
	req := &connsvcv1.CreateEnhancedConnectionRequest{}
	if err := c.decodeBody(req, projectIDField, "request_id"); err != nil {
		return nil, err
	}
	if err := checkCreate(req); err != nil {
		return nil, err
	}
	now := e.now()
	conn := &connection{
		name: req.GetName(), project: c.project, vpc: req.GetDestVpcId(), subnet: req.GetDestNetworkId(),
		ipv6:    e.ipv6Subnets[req.GetDestNetworkId()],
		created: now, updated: now, listed: now.Add(c.effects.unlisted),
		hosts: req.GetHosts(), tags: make(map[string]string, len(req.GetTags())),
	}
	for _, t := range req.GetTags() {
		conn.tags[t.GetKey()] = t.GetValue()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.checkNew(conn); err != nil {
		return nil, err
	}
	conn.id = e.options.NewID()
	if err := e.bind(conn, e.bindings(conn, c.project, req.GetQueues(), req.GetElasticResourcePools()), now, c.effects.stuck); err != nil {
		return nil, err
	}
	e.store.add(conn)
	return &connsvcv1.CreateEnhancedConnectionResponse{
		IsSuccess:    true,
		Message:      namingQueues("Create peer connection for queues:{", req.GetQueues(), "}"),
		ConnectionId: conn.id,
	}, nil
}

func (e *Emulator) checkNew(c *connection) error {
	p, quirks := e.store.project(c.project), e.options.Quirks
	switch {
	case quirks.UnknownSubnetRefused && !e.knownSubnets.exist(c.subnet):
		return refuse(codeNoObject, "Failed to get subnet %s", c.subnet)
	case !quirks.AllowDuplicateNames && p.existing[c.name] > 0:
		return exists()
	case e.options.MaxConnections > 0 && p.count >= e.options.MaxConnections:
		return refuse(codeQuota, "The quota is insufficient.")
	}
	return nil
}

// getEnhancedConnection is dli_02_0189. A deleted connection is shown to its owner
// with status DELETED.
func (e *Emulator) getEnhancedConnection(c call) (proto.Message, error) {
	if err := c.decodeQuery(&connsvcv1.GetEnhancedConnectionRequest{}); err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	conn := e.store.connections[c.connection]
	if conn == nil || conn.project != c.project && !conn.grantees[c.project] || !e.visible(conn, now) {
		return nil, e.missing(c.connection)
	}
	return e.view(conn, now), nil
}

// deleteEnhancedConnection is dli_02_0188. Peerings that are ACTIVE or FAILED go
// with the connection.
func (e *Emulator) deleteEnhancedConnection(c call) (proto.Message, error) {
	if err := c.decodeQuery(&connsvcv1.DeleteEnhancedConnectionRequest{}); err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "DELETE_CONNECTION")
	if err != nil {
		return nil, err
	}
	if conn.creating(now) {
		return nil, refuse(codeNotSupported, "The connection that is being created cannot be deleted.")
	}
	e.store.markDeleted(conn, now)
	return &connsvcv1.DeleteEnhancedConnectionResponse{IsSuccess: true, Message: "Deleted"}, nil
}

// updateEnhancedConnectionHosts is dli_02_0200: all hosts are replaced, and none,
// however it is said, clears them.
func (e *Emulator) updateEnhancedConnectionHosts(c call) (proto.Message, error) {
	req := &connsvcv1.UpdateEnhancedConnectionHostsRequest{}
	if err := c.decodeBody(req, projectIDField, connectionIDField); err != nil {
		return nil, err
	}
	if err := checkHosts(req.GetHosts()); err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "UPDATE_CONNECTION")
	if err != nil {
		return nil, err
	}
	conn.hosts, conn.updated = req.GetHosts(), now
	return &connsvcv1.UpdateEnhancedConnectionHostsResponse{IsSuccess: true}, nil
}
