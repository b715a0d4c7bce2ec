package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

var uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// A reference is the name or the ID of a connection, as an argument. It is not empty: an empty
// name lists all connections, so the only one of a project would be taken for the one that a
// variable without a value should name.
type reference string

// UnmarshalText rejects an empty text.
func (r *reference) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("must not be empty")
	}
	*r = reference(text)
	return nil
}

// id returns the ID of the connection of a name. A name cannot have the form of an ID. Whether
// a connection has the name is compared here, and not left to the filter of DLI.
func (s *session) id(ctx context.Context, nameOrID reference) (string, error) {
	name := string(nameOrID)
	switch {
	case name == "":
		return "", usageError("the name or ID of a connection must not be empty")
	case uuidForm.MatchString(name):
		return name, nil
	}
	var ids []string
	for connection, err := range s.client.All(ctx, &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: s.project, Name: name, View: connsvcv1.EnhancedConnectionView_BASIC,
	}) {
		if err != nil {
			return "", fmt.Errorf("looking for connection %q: %w", name, err)
		}
		if connection.GetName() == name && connection.GetStatus() != connsvcv1.EnhancedConnection_DELETED {
			ids = append(ids, connection.GetId())
		}
	}
	switch len(ids) {
	case 0:
		return "", fmt.Errorf("project %s has no connection %q", s.project, name)
	case 1:
		return ids[0], nil
	default:
		return "", fmt.Errorf("%d connections have the name %q: give an ID, one of %s", len(ids), name, strings.Join(ids, ", "))
	}
}

// with calls do with the ID of a connection, and the context of the lookup and of do together.
func (s *session) with(nameOrID reference, do func(ctx context.Context, id string) error) error {
	ctx, cancel := s.call()
	defer cancel()
	id, err := s.id(ctx, nameOrID)
	if err != nil {
		return err
	}
	return do(ctx, id)
}

// lookup is id as a call of its own.
func (s *session) lookup(nameOrID reference) (id string, err error) {
	ctx, cancel := s.call()
	defer cancel()
	return s.id(ctx, nameOrID)
}

// withConnection opens a session for a command that makes one call for a connection.
func (c *Connections) withConnection(p *Process, nameOrID reference, do func(ctx context.Context, s *session, id string) error) error {
	s, err := c.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	return s.with(nameOrID, func(ctx context.Context, id string) error { return do(ctx, s, id) })
}

type listCommand struct {
	Name   reference         `placeholder:"NAME" help:"Only connections of this name."`
	Status string            `enum:",ACTIVE,DELETED" default:"" placeholder:"STATUS" help:"Only connections of this status: ACTIVE or DELETED."`
	Tag    map[string]string `placeholder:"KEY=VALUE" help:"Only connections with this tag; repeatable."`
	All    bool              `help:"Also connections that are DELETED, which other commands do not find by name."`
	Hosts  bool              `help:"With the hosts of each connection, in JSON and YAML."`
	connectionOutput
}

// Run lists connections.
func (c *listCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	ctx, cancel := s.call()
	defer cancel()
	req := &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: s.project, Name: string(c.Name), View: connsvcv1.EnhancedConnectionView_BASIC, Tags: tags(c.Tag),
		Status: connsvcv1.EnhancedConnection_Status(connsvcv1.EnhancedConnection_Status_value[c.Status]),
	}
	if c.Hosts {
		req.View = connsvcv1.EnhancedConnectionView_FULL
	}
	all := &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true}
	for connection, err := range s.client.All(ctx, req) {
		if err != nil {
			return fmt.Errorf("listing connections: %w", err)
		}
		if c.All || c.Status != "" || connection.GetStatus() != connsvcv1.EnhancedConnection_DELETED {
			all.Connections = append(all.Connections, connection)
		}
	}
	all.Count = int32(len(all.GetConnections()))
	switch c.Output {
	case formatTable:
		none := "project %s has no connection"
		if c.Name != "" || c.Status != "" || len(c.Tag) > 0 {
			none = "project %s has no such connection"
		}
		return s.listTable(all.GetConnections(), none)
	case formatName, formatID:
		for _, connection := range all.GetConnections() {
			s.printName(c.Output, connection.GetName(), connection.GetId())
		}
		return nil
	}
	if c.Hosts {
		return s.printMessage(c.Output, all)
	}
	return s.printHostless(c.Output, all)
}

func (s *session) listTable(connections []*connsvcv1.EnhancedConnection, none string) error {
	if len(connections) == 0 {
		s.message(none, s.project)
		return nil
	}
	t := s.table("NAME", "ID", "STATUS", "PEERINGS", "CREATED")
	for _, c := range connections {
		t.row(c.GetName(), c.GetId(), c.GetStatus().String(), peeringSummary(c), shortTime(c.GetCreateTime()))
	}
	return t.flush()
}

func (s *session) printName(format, name, id string) {
	if format == formatID {
		name = id
	}
	fmt.Fprintln(s.Stdout, clean(name))
}

// peeringSummary returns the number of peerings of each status: "1 CREATING, 2 ACTIVE".
func peeringSummary(c *connsvcv1.EnhancedConnection) string {
	counts := make(map[connsvcv1.Peering_Status]int)
	for _, p := range slices.Concat(c.GetAvailableQueueInfo(), c.GetElasticResourcePools()) {
		counts[p.GetStatus()]++
	}
	var parts []string
	for _, status := range []connsvcv1.Peering_Status{
		connsvcv1.Peering_FAILED, connsvcv1.Peering_CREATING, connsvcv1.Peering_ACTIVE, connsvcv1.Peering_STATUS_UNSPECIFIED,
	} {
		if n := counts[status]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, status))
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

func shortTime(t *timestamppb.Timestamp) string {
	if t == nil {
		return ""
	}
	return t.AsTime().UTC().Format(time.DateTime)
}

type getCommand struct {
	Connection reference `arg:"" help:"Name or ID of the connection."`
	connectionOutput
}

// Run shows a connection.
func (c *getCommand) Run(p *Process, connections *Connections) error {
	return connections.withConnection(p, c.Connection, func(ctx context.Context, s *session, id string) error {
		got, err := s.client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: s.project, ConnectionId: id})
		if err != nil {
			return fmt.Errorf("getting connection %q: %w", c.Connection, err)
		}
		switch c.Output {
		case formatTable:
			return s.connectionTable(got)
		case formatName, formatID:
			s.printName(c.Output, got.GetName(), got.GetId())
			return nil
		}
		return s.printMessage(c.Output, got)
	})
}

// connectionTable prints a connection. Hosts, which can be thousands, are counted.
func (s *session) connectionTable(c *connsvcv1.EnhancedConnection) error {
	t := s.table()
	for _, row := range [][]string{
		{"name", c.GetName()},
		{"id", c.GetId()},
		{"status", c.GetStatus().String()},
		{"VPC", c.GetDestVpcId()},
		{"network", c.GetDestNetworkId()},
		{"created", shortTime(c.GetCreateTime())},
		{"hosts", strconv.Itoa(len(c.GetHosts()))},
	} {
		t.row(row...)
	}
	if err := t.flush(); err != nil {
		return err
	}
	if err := s.peeringTable(c); err != nil || len(c.GetRoutes()) == 0 {
		return err
	}
	fmt.Fprintln(s.Stdout)
	t = s.table("ROUTE", "DESTINATION")
	for _, r := range c.GetRoutes() {
		t.row(r.GetName(), r.GetCidr())
	}
	return t.flush()
}

// peeringTable prints the queues and pools of a connection after an empty line, if it has any.
func (s *session) peeringTable(c *connsvcv1.EnhancedConnection) error {
	if len(c.GetAvailableQueueInfo())+len(c.GetElasticResourcePools()) == 0 {
		return nil
	}
	fmt.Fprintln(s.Stdout)
	t := s.table("KIND", "NAME", "STATUS", "MESSAGE")
	for _, p := range c.GetAvailableQueueInfo() {
		t.row("queue", p.GetName(), p.GetStatus().String(), p.GetErrMsg())
	}
	for _, p := range c.GetElasticResourcePools() {
		t.row("pool", p.GetName(), p.GetStatus().String(), p.GetErrMsg())
	}
	return t.flush()
}

type createCommand struct {
	Name       string            `arg:"" help:"Name of the connection."`
	VPC        string            `name:"vpc" required:"" placeholder:"ID" help:"ID of the VPC to connect to."`
	Network    string            `required:"" placeholder:"ID" help:"Network ID of the subnet to connect to."`
	Queue      []string          `placeholder:"NAME" help:"Queue to bind; repeatable."`
	Pool       []string          `placeholder:"NAME" help:"Elastic resource pool to bind; repeatable."`
	Host       []string          `placeholder:"NAME=IP" help:"Host that jobs can resolve; repeatable."`
	Tag        map[string]string `placeholder:"KEY=VALUE" help:"Tag; repeatable."`
	RouteTable string            `placeholder:"ID" help:"ID of the route table of the subnet."`
	RequestID  string            `name:"request-id" placeholder:"UUID" help:"Makes the command safe to repeat: the same ID and content create nothing twice (a new one)."`
	Wait       bool              `help:"Wait until the connection can be used, as wait does."`
	connectionOutput
}

// Run creates a connection. The call is repeated until its outcome is known.
func (c *createCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	hosts, err := parseHosts(c.Host)
	if err != nil {
		return err
	}
	ctx, cancel := s.call()
	defer cancel()
	created, err := s.client.Create(ctx, &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: s.project, Name: c.Name, DestVpcId: c.VPC, DestNetworkId: c.Network, Queues: c.Queue, ElasticResourcePools: c.Pool,
		Hosts: hosts, Tags: tags(c.Tag), RoutetableId: c.RouteTable, RequestId: c.RequestID,
	})
	if err != nil {
		return creating(c.Name, err)
	}
	if created.GetWarning() != "" {
		s.message("warning: %s", created.GetWarning())
	}
	switch c.Output {
	case formatTable:
		fmt.Fprintf(s.Stdout, "%s created: %s\n", clean(c.Name), clean(created.GetConnectionId()))
	case formatName, formatID:
		s.printName(c.Output, c.Name, created.GetConnectionId())
	default:
		if err := s.printMessage(c.Output, created); err != nil {
			return err
		}
	}
	if !c.Wait {
		return nil
	}
	w := s.waiter(c.Name)
	defer w.progress.stop()
	reached, err := w.wait(&connsvcv1.WaitEnhancedConnectionRequest{ProjectId: s.project, ConnectionId: created.GetConnectionId()})
	if err != nil {
		return err
	}
	return notReached(c.Name, reached)
}

// creating says what failed, which the client's Create says of a call that it repeated.
func creating(name string, err error) error {
	doing := fmt.Sprintf("creating connection %q: ", name)
	if strings.HasPrefix(err.Error(), doing) {
		return err
	}
	return fmt.Errorf("%s%w", doing, err)
}

func tags(from map[string]string) []*connsvcv1.Tag {
	var all []*connsvcv1.Tag
	for _, key := range sortedKeys(from) {
		all = append(all, &connsvcv1.Tag{Key: key, Value: proto.String(from[key])})
	}
	return all
}

// parseHosts parses hosts as flags and arguments have them: NAME=IP.
func parseHosts(texts []string) ([]*connsvcv1.Host, error) {
	var hosts []*connsvcv1.Host
	for _, text := range texts {
		name, ip, ok := strings.Cut(text, "=")
		if !ok || name == "" || ip == "" {
			return nil, usageError("the host %q must be NAME=IP, as in db.example.com=192.168.0.10", text)
		}
		hosts = append(hosts, &connsvcv1.Host{Name: name, Ip: ip})
	}
	return hosts, nil
}

type deleteCommand struct {
	Connections []reference `arg:"" name:"connection" help:"Names or IDs of the connections."`
}

// Run deletes connections. It goes on with the others if one fails.
func (c *deleteCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	var errs []error
	for _, nameOrID := range c.Connections {
		if err := s.delete(nameOrID); err != nil {
			errs = append(errs, Explain(err))
			continue
		}
		fmt.Fprintf(s.Stdout, "%s deleted\n", nameOrID)
	}
	return errors.Join(errs...)
}

func (s *session) delete(nameOrID reference) error {
	return s.with(nameOrID, func(ctx context.Context, id string) error {
		if _, err := s.client.DeleteEnhancedConnection(ctx, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: s.project, ConnectionId: id}); err != nil {
			return fmt.Errorf("deleting connection %q: %w", nameOrID, err)
		}
		return nil
	})
}
