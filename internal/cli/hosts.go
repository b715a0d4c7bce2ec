package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli/hostfile"
	"github.com/connsvc/connsvc/internal/validation"
	"github.com/connsvc/connsvc/internal/watch"
)

type hostsCommands struct {
	Import hostsImportCommand `cmd:"" help:"Add the hosts of a file, or have exactly them."`
	Export hostsExportCommand `cmd:"" help:"Print the hosts, in a form that import reads."`
	Add    hostsAddCommand    `cmd:"" help:"Add hosts."`
	Remove hostsRemoveCommand `cmd:"" help:"Remove hosts."`
}

type hostsImportCommand struct {
	Connection   reference `arg:"" help:"Name or ID of the connection."`
	File         string    `arg:"" help:"File of hosts; - is standard input."`
	Format       string    `enum:",hosts,csv,json" default:"" placeholder:"FORMAT" help:"Form of the file: hosts, as /etc/hosts, csv or json (by the extension; hosts)."`
	ReplaceNames bool      `xor:"how" help:"A name of the file moves to the IP of the file: other hosts of the name are removed."`
	RemoveOthers bool      `xor:"how" help:"Remove all hosts that the file does not have."`
	AllowEmpty   bool      `help:"Allow that a file without hosts removes all, with --remove-others."`
	DryRun       bool      `help:"Show what would change, and change nothing."`
	output
}

// Help documents the forms.
func (*hostsImportCommand) Help() string {
	return `hosts: an IP and its names in each line, a comment after #; lines of the machine itself, as those of localhost, are left out.
csv: the columns name and ip. json: a list of objects with name and ip, or an object with such a list as hosts.

The change is refused if somebody else changes the hosts at the same time: import again.`
}

// A hostKey is a host as a set has it.
type hostKey struct{ name, ip string }

func keyOf(h *connsvcv1.Host) hostKey { return hostKey{h.GetName(), h.GetIp()} }

// Run imports hosts.
func (c *hostsImportCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	progress := s.progress("reading %s", watch.ArgumentName(c.File))
	defer progress.stop()
	hosts, err := c.read(s)
	if err != nil {
		return err
	}
	set, err := s.hostSet(c.Connection)
	if err != nil {
		return err
	}
	set.plan(hosts, c)
	if err := set.checkSize(c); err != nil {
		return fmt.Errorf("connection %q: %w", c.Connection, err)
	}
	if c.DryRun {
		progress.stop()
		return c.printPlan(s, set)
	}
	if err := set.change(s, c, progress); err != nil {
		return fmt.Errorf("changing the hosts of connection %q: %w", c.Connection, err)
	}
	progress.stop()
	if c.Output == formatTable {
		fmt.Fprintf(s.Stdout, "%s: %s added, %s removed, %s now\n", clean(string(c.Connection)), number(set.added), number(set.removed), count(set.count, "host"))
		return nil
	}
	return s.printValue(c.Output, struct {
		Added   int    `json:"added"`
		Removed int    `json:"removed"`
		Count   int    `json:"count"`
		Etag    string `json:"etag"`
	}{set.added, set.removed, set.count, set.etag})
}

// read returns the hosts of the file, each once. The error has all problems.
func (c *hostsImportCommand) read(s *session) ([]*connsvcv1.Host, error) {
	name, data, err := s.readFile(c.File)
	if err != nil {
		return nil, err
	}
	format := hostfile.Format(c.Format)
	if format == "" {
		format = hostfile.FormatOf(c.File)
	}
	file, problems := hostfile.Read(data, format)
	if n := len(file.Skipped); n > 0 {
		s.message("%s: left out %s of the machine itself, the first at line %d", name, count(n, "line"), file.Skipped[0])
	}
	var hosts []*connsvcv1.Host
	var lines []int
	seen := make(map[hostKey]bool)
	for _, h := range file.Hosts {
		if key := (hostKey{h.Name, h.IP}); !seen[key] {
			seen[key] = true
			hosts, lines = append(hosts, &connsvcv1.Host{Name: h.Name, Ip: h.IP}), append(lines, h.Line)
		}
	}
	broken, err := checkHosts(s.project, hosts, lines)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	problems = append(problems, broken...)
	slices.SortStableFunc(problems, func(a, b hostfile.Problem) int { return a.Line - b.Line })
	switch {
	case len(problems) > 0:
		return nil, problems.In(name)
	case len(hosts) == 0 && (!c.RemoveOthers || !c.AllowEmpty):
		return nil, fmt.Errorf("%s has no hosts; to remove all, set --remove-others and --allow-empty", name)
	}
	return hosts, nil
}

var hostField = regexp.MustCompile(`^hosts\[(\d+)\]\.?(.*)$`)

// checkHosts checks hosts by the rules of the contract.
func checkHosts(project string, hosts []*connsvcv1.Host, lines []int) (hostfile.Problems, error) {
	if len(hosts) == 0 {
		return nil, nil
	}
	validator, err := validation.New()
	if err != nil {
		return nil, err
	}
	const anyID = "00000000-0000-4000-8000-000000000000"
	err = validator.Validate(&connsvcv1.AddHostsRequest{ProjectId: project, ConnectionId: anyID, Hosts: hosts})
	var invalid *validation.Error
	if !errors.As(err, &invalid) {
		return nil, err
	}
	var problems hostfile.Problems
	for _, v := range invalid.Violations {
		m := hostField.FindStringSubmatch(v.Field)
		if m == nil {
			return nil, errors.New(v.String())
		}
		i, _ := strconv.Atoi(m[1])
		text := v.Message
		if m[2] != "" {
			text = m[2] + ": " + text
		}
		problems = append(problems, hostfile.Problem{Line: lines[i], Text: text})
	}
	return problems, nil
}

// A hostSet is the hosts of a connection, and how they are to change.
type hostSet struct {
	project, id string
	hosts       []*connsvcv1.Host
	etag        string
	count       int

	wanted, add, remove []*connsvcv1.Host
	added, removed      int // as connsvc has counted them
}

func (s *session) hostSet(nameOrID reference) (*hostSet, error) {
	id, err := s.lookup(nameOrID)
	if err != nil {
		return nil, err
	}
	ctx, cancel := s.call()
	defer cancel()
	resp, err := s.client.ListHosts(ctx, &connsvcv1.ListHostsRequest{ProjectId: s.project, ConnectionId: id})
	if err != nil {
		return nil, fmt.Errorf("listing the hosts of connection %q: %w", nameOrID, err)
	}
	return &hostSet{project: s.project, id: id, hosts: resp.GetHosts(), etag: resp.GetEtag(), count: len(resp.GetHosts())}, nil
}

// plan sets what is added and removed.
func (h *hostSet) plan(wanted []*connsvcv1.Host, c *hostsImportCommand) {
	h.wanted = wanted
	there, named, asked := make(map[hostKey]bool), make(map[string]bool), make(map[hostKey]bool)
	for _, host := range h.hosts {
		there[keyOf(host)] = true
	}
	for _, host := range wanted {
		asked[keyOf(host)], named[host.GetName()] = true, host.GetName() != ""
		if !there[keyOf(host)] {
			h.add = append(h.add, host)
		}
	}
	for _, host := range h.hosts {
		if !asked[keyOf(host)] && (c.RemoveOthers || c.ReplaceNames && named[host.GetName()]) {
			h.remove = append(h.remove, host)
		}
	}
}

// checkSize rejects a change that DLI's limit would not allow.
func (h *hostSet) checkSize(c *hostsImportCommand) error {
	after := len(h.hosts) + len(h.add) - len(h.remove)
	if after <= validation.MaxHosts {
		return nil
	}
	advice := "set --replace-names or --remove-others"
	if c.ReplaceNames {
		advice = "set --remove-others in place of --replace-names"
	}
	return fmt.Errorf("it would have %s, and DLI allows %s: %s to remove hosts that are there", count(after, "host"), number(validation.MaxHosts), advice)
}

// change makes the change in one call, so that a failure leaves no part of it, and with the
// etag of the hosts that it was planned for, so that nobody else's change is overwritten.
func (h *hostSet) change(s *session, c *hostsImportCommand, progress *progress) error {
	ctx, cancel := s.call()
	defer cancel()
	switch {
	case len(h.add)+len(h.remove) == 0:
		return nil
	case len(h.wanted) == 0: // and --allow-empty is set
		progress.show("removing %s", count(len(h.remove), "host"))
		resp, err := s.client.RemoveHosts(ctx, &connsvcv1.RemoveHostsRequest{ProjectId: h.project, ConnectionId: h.id, Hosts: h.remove, Etag: h.etag, AllowEmpty: true})
		h.etag, h.count, h.removed = resp.GetEtag(), int(resp.GetCount()), int(resp.GetRemoved())
		return err
	}
	progress.show("adding %s, removing %s", count(len(h.add), "host"), number(len(h.remove)))
	req := &connsvcv1.AddHostsRequest{
		ProjectId: h.project, ConnectionId: h.id, Hosts: h.wanted, Etag: h.etag, ReplaceNames: c.ReplaceNames, RemoveOthers: c.RemoveOthers,
	}
	if !c.ReplaceNames && !c.RemoveOthers {
		req.Hosts = h.add
	}
	resp, err := s.client.AddHosts(ctx, req)
	h.etag, h.count, h.added, h.removed = resp.GetEtag(), int(resp.GetCount()), int(resp.GetAdded()), int(resp.GetRemoved())
	return err
}

// printPlan prints what would change: + is added, - is removed.
func (c *hostsImportCommand) printPlan(s *session, h *hostSet) error {
	if c.Output != formatTable {
		return s.printValue(c.Output, struct {
			Add    []*connsvcv1.Host `json:"add"`
			Remove []*connsvcv1.Host `json:"remove"`
		}{append([]*connsvcv1.Host{}, h.add...), append([]*connsvcv1.Host{}, h.remove...)})
	}
	var text strings.Builder
	for _, host := range h.add {
		fmt.Fprintf(&text, "+ %s=%s\n", clean(host.GetName()), clean(host.GetIp()))
	}
	for _, host := range h.remove {
		fmt.Fprintf(&text, "- %s=%s\n", clean(host.GetName()), clean(host.GetIp()))
	}
	fmt.Fprintf(&text, "%s: %s to add, %s to remove\n", clean(string(c.Connection)), number(len(h.add)), number(len(h.remove)))
	_, err := fmt.Fprint(s.Stdout, text.String())
	return err
}

type hostsExportCommand struct {
	Connection reference `arg:"" help:"Name or ID of the connection."`
	Format     string    `enum:"hosts,csv,json" default:"hosts" help:"Form of the output: hosts, as /etc/hosts, csv or json (${default})."`
}

// Run prints hosts.
func (c *hostsExportCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	set, err := s.hostSet(c.Connection)
	if err != nil {
		return err
	}
	return hostfile.Write(s.Stdout, set.hosts, hostfile.Format(c.Format))
}

type hostsAddCommand struct {
	Connection   reference `arg:"" help:"Name or ID of the connection."`
	Hosts        []string  `arg:"" name:"name=ip" help:"The hosts."`
	ReplaceNames bool      `help:"The names move to these IPs: other hosts of the names are removed."`
}

// Run adds hosts.
func (c *hostsAddCommand) Run(p *Process, connections *Connections) error {
	hosts, err := parseHosts(c.Hosts)
	if err != nil {
		return err
	}
	return connections.withConnection(p, c.Connection, func(ctx context.Context, s *session, id string) error {
		resp, err := s.client.AddHosts(ctx, &connsvcv1.AddHostsRequest{ProjectId: s.project, ConnectionId: id, Hosts: hosts, ReplaceNames: c.ReplaceNames})
		if err != nil {
			return fmt.Errorf("adding hosts to connection %q: %w", c.Connection, err)
		}
		fmt.Fprintf(s.Stdout, "%s: %s added, %s removed, %s now\n", clean(string(c.Connection)), number(int(resp.GetAdded())), number(int(resp.GetRemoved())), count(int(resp.GetCount()), "host"))
		return nil
	})
}

type hostsRemoveCommand struct {
	Connection reference `arg:"" help:"Name or ID of the connection."`
	Hosts      []string  `arg:"" name:"name[=ip]" help:"The hosts; a name without IP stands for all hosts of the name."`
	AllowEmpty bool      `help:"Allow that no host is left."`
}

// Run removes hosts.
func (c *hostsRemoveCommand) Run(p *Process, connections *Connections) error {
	return connections.withConnection(p, c.Connection, func(ctx context.Context, s *session, id string) error {
		req := &connsvcv1.RemoveHostsRequest{ProjectId: s.project, ConnectionId: id, AllowEmpty: c.AllowEmpty}
		for _, text := range c.Hosts {
			if name, ip, ok := strings.Cut(text, "="); ok {
				req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: name, Ip: ip})
			} else {
				req.Names = append(req.Names, name)
			}
		}
		resp, err := s.client.RemoveHosts(ctx, req)
		if err != nil {
			return fmt.Errorf("removing hosts from connection %q: %w", c.Connection, err)
		}
		fmt.Fprintf(s.Stdout, "%s: %s removed, %s now\n", clean(string(c.Connection)), number(int(resp.GetRemoved())), count(int(resp.GetCount()), "host"))
		return nil
	})
}
