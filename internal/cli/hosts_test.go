package cli_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

func hosts(texts ...string) []*connsvcv1.Host {
	var all []*connsvcv1.Host
	for _, text := range texts {
		name, ip, _ := strings.Cut(text, "=")
		all = append(all, &connsvcv1.Host{Name: name, Ip: ip})
	}
	return all
}

// TestImport: what is sent for a file, in each way.
func TestImport(t *testing.T) {
	const file = "127.0.0.1 localhost\n10.0.0.1 a a.example.com\n10.0.0.9 b # moved\n10.0.0.1 a\n"
	there := hosts("a=10.0.0.1", "b=10.0.0.2", "c=10.0.0.3")
	for _, tt := range []struct {
		name string
		args []string
		want *connsvcv1.AddHostsRequest // the one change
		out  string
	}{
		{
			"add", nil,
			&connsvcv1.AddHostsRequest{Hosts: hosts("a.example.com=10.0.0.1", "b=10.0.0.9"), Etag: "e1"},
			"orders: 2 added, 0 removed, 5 hosts now\n",
		},
		{
			"replace names",
			[]string{"--replace-names"},
			&connsvcv1.AddHostsRequest{Hosts: hosts("a=10.0.0.1", "a.example.com=10.0.0.1", "b=10.0.0.9"), ReplaceNames: true, Etag: "e1"},
			"orders: 2 added, 1 removed, 5 hosts now\n",
		},
		{
			"remove others",
			[]string{"--remove-others"},
			&connsvcv1.AddHostsRequest{Hosts: hosts("a=10.0.0.1", "a.example.com=10.0.0.1", "b=10.0.0.9"), RemoveOthers: true, Etag: "e1"},
			"orders: 2 added, 2 removed, 3 hosts now\n",
		},
		{"dry run", []string{"--remove-others", "--dry-run"}, nil, "+ a.example.com=10.0.0.1\n+ b=10.0.0.9\n- b=10.0.0.2\n- c=10.0.0.3\norders: 2 to add, 2 to remove\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := startFake(t)
			f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{connection(id1, "orders")}})
			f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: there, Etag: "e1"})
			added := &connsvcv1.AddHostsResponse{Added: 2, Count: 5, Etag: "e2"}
			switch {
			case tt.want.GetReplaceNames():
				added.Removed = 1
			case tt.want.GetRemoveOthers():
				added.Removed, added.Count = 2, 3
			}
			f.on("AddHosts", added)
			r := f.command(t).run(t, append([]string{"hosts", "import", "orders", write(t, "hosts", file)}, tt.args...)...)
			if r.status != 0 || r.stdout != tt.out {
				t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
			}
			check(t, r.stderr, "left out 1 line of the machine itself, the first at line 1")
			calls := f.calls("AddHosts")
			if tt.want == nil {
				if len(calls) > 0 {
					t.Error("AddHosts was called")
				}
				return
			}
			tt.want.ProjectId, tt.want.ConnectionId = "p1", id1
			if len(calls) != 1 || !proto.Equal(calls[0], tt.want) {
				t.Errorf("sent %v\nwant %v", calls, tt.want)
			}
		})
	}
}

// TestImportSame: a file that changes nothing costs one read.
func TestImportSame(t *testing.T) {
	f := startFake(t)
	f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: hosts("a=10.0.0.1"), Etag: "e1"})
	for _, how := range []string{"--replace-names", "--remove-others"} {
		r := f.command(t).run(t, "hosts", "import", id1, write(t, "a.csv", "a,10.0.0.1\n"), how, "-o", "json")
		if r.status != 0 || r.stdout != "{\n  \"added\": 0,\n  \"removed\": 0,\n  \"count\": 1,\n  \"etag\": \"e1\"\n}\n" {
			t.Errorf("%s: status %d: %s%s", how, r.status, r.stdout, r.stderr)
		}
	}
	if len(f.headers) != 2 {
		t.Errorf("%d calls", len(f.headers))
	}
}

// TestImportNameless: hosts without a name have no other hosts of their name.
func TestImportNameless(t *testing.T) {
	f := startFake(t)
	f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: hosts("=10.0.0.1"), Etag: "e1"})
	c := f.command(t)
	c.stdin = `[{"ip": "10.0.0.2"}]`
	r := c.run(t, "hosts", "import", id1, "-", "--format", "json", "--replace-names", "--dry-run")
	if r.status != 0 || r.stdout != "+ =10.0.0.2\n"+id1+": 1 to add, 0 to remove\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	check(t, r.stderr, "reading standard input\n")
	f.on("AddHosts", &connsvcv1.AddHostsResponse{Added: 0, Count: 2}) // somebody else has added it
	if r = c.run(t, "hosts", "import", id1, "-", "--format", "json"); r.stdout != id1+": 0 added, 0 removed, 2 hosts now\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// TestImportFull: also where the connection has no place for the old and the new hosts, one
// call replaces them: it never has none.
func TestImportFull(t *testing.T) {
	f := startFake(t)
	var there []*connsvcv1.Host
	var file strings.Builder
	for i := range 20000 {
		there = append(there, &connsvcv1.Host{Name: fmt.Sprint("a", i), Ip: "10.0.0.1"})
		fmt.Fprintf(&file, "10.0.0.2 b%d\n", i)
	}
	f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: there, Etag: "e1"})
	f.on("AddHosts", &connsvcv1.AddHostsResponse{Added: 20000, Removed: 20000, Count: 20000, Etag: "e2"})
	r := f.command(t).run(t, "hosts", "import", id1, write(t, "hosts", file.String()), "--remove-others")
	if r.status != 0 || r.stdout != id1+": 20,000 added, 20,000 removed, 20,000 hosts now\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	check(t, r.stderr, "adding 20,000 hosts, removing 20,000\n")
	if sent := f.calls("AddHosts")[0].(*connsvcv1.AddHostsRequest); !sent.GetRemoveOthers() || sent.GetEtag() != "e1" || len(sent.GetHosts()) != 20000 {
		t.Errorf("sent %d hosts, remove_others %v, etag %s", len(sent.GetHosts()), sent.GetRemoveOthers(), sent.GetEtag())
	}
}

// TestImportTooMany: more hosts than DLI allows are an error, for a dry run as well.
func TestImportTooMany(t *testing.T) {
	f := startFake(t)
	var there []*connsvcv1.Host
	for i := range 20000 {
		there = append(there, &connsvcv1.Host{Name: fmt.Sprint("a", i), Ip: "10.0.0.1"})
	}
	f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: there, Etag: "e1"})
	one := write(t, "hosts", "10.0.0.2 b\n")
	for flag, want := range map[string]string{"": "set --replace-names or --remove-others", "--replace-names": "set --remove-others in place of --replace-names"} {
		for _, dry := range []string{"", "--dry-run"} {
			args := slices.DeleteFunc([]string{"hosts", "import", id1, one, flag, dry}, func(arg string) bool { return arg == "" })
			r := f.command(t).run(t, args...)
			want := "connection \"" + id1 + "\": it would have 20,001 hosts, and DLI allows 20,000: " + want + " to remove hosts that are there"
			if r.status != 1 || r.stdout != "" || !strings.HasSuffix(r.stderr, want) {
				t.Errorf("%v: status %d: %s%s", args, r.status, r.stdout, r.stderr)
			}
		}
	}
	if n := len(f.calls("AddHosts")); n > 0 {
		t.Errorf("%d calls", n)
	}
	if r := f.command(t).run(t, "hosts", "import", id1, one, "--remove-others", "--dry-run"); r.status != 0 || !strings.HasSuffix(r.stdout, id1+": 1 to add, 20,000 to remove\n") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}

// TestImportProblems: all problems of the form and of the contract's rules, with their lines.
func TestImportProblems(t *testing.T) {
	f := startFake(t)
	file := write(t, "hosts", "10.0.0.1\n2001:db8::1 six\n10.0.0.2 1a\n# none\nx 10.0.0.3\n")
	r := f.command(t).run(t, "hosts", "import", id1, file)
	check(t, r.stderr, strings.ReplaceAll(`FILE:1: no name follows the IP
FILE:2: ip: must be a valid IPv4 address
FILE:3: name: must be 1 to 128 letters, digits, '_', '-' or '.', starting with a letter
FILE:5: "x" is not an IP: a line has an IP and then names`, "FILE", file))
	if r.status != 1 || len(f.headers) > 0 {
		t.Errorf("status %d, %d calls", r.status, len(f.headers))
	}
	var many strings.Builder
	for i := range 20001 {
		fmt.Fprintf(&many, "b%d,10.0.0.2\n", i)
	}
	c := f.command(t)
	c.stdin = many.String()
	r = c.run(t, "hosts", "import", id1, "-", "--format", "csv")
	check(t, r.stderr, "standard input: hosts: must contain no more than 20000 item(s)")

	for _, args := range [][]string{{}, {"--remove-others"}, {"--allow-empty"}} {
		r = f.command(t).run(t, append([]string{"hosts", "import", id1, write(t, "a.json", "[]")}, args...)...)
		if r.status != 1 || !strings.Contains(r.stderr, "has no hosts; to remove all") {
			t.Errorf("%v: status %d: %s", args, r.status, r.stderr)
		}
	}
	f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: hosts("a=10.0.0.1"), Etag: "e1"})
	f.on("RemoveHosts", failure(codes.Aborted, connsvcv1.ErrorReason_CONCURRENT_CHANGE, "changed"))
	r = f.command(t).run(t, "hosts", "import", id1, write(t, "a.json", "[]"), "--remove-others", "--allow-empty")
	check(t, r.stderr, "reason: CONCURRENT_CHANGE")
	if sent := f.calls("RemoveHosts")[0].(*connsvcv1.RemoveHostsRequest); r.status != 1 || !sent.GetAllowEmpty() {
		t.Errorf("status %d, sent %v", r.status, sent)
	}
	if r = f.command(t).run(t, "hosts", "import", id1, file, "--remove-others", "--replace-names"); r.status != cli.ExitUsage {
		t.Errorf("status %d", r.status)
	}
}

// TestHosts: export, add and remove.
func TestHosts(t *testing.T) {
	f := startFake(t)
	f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: hosts("a=10.0.0.1", "b=10.0.0.2")})
	for format, want := range map[string]string{
		"hosts": "10.0.0.1\ta\n10.0.0.2\tb\n",
		"csv":   "name,ip\na,10.0.0.1\nb,10.0.0.2\n",
		"json":  "[\n  {\"name\":\"a\",\"ip\":\"10.0.0.1\"},\n  {\"name\":\"b\",\"ip\":\"10.0.0.2\"}\n]\n",
	} {
		if r := f.command(t).run(t, "hosts", "export", id1, "--format", format); r.stdout != want || r.status != 0 {
			t.Errorf("%s: %s%s", format, r.stdout, r.stderr)
		}
	}
	f.on("ListHosts", &connsvcv1.ListHostsResponse{Hosts: hosts("a=127.0.0.1")})
	if r := f.command(t).run(t, "hosts", "export", id1); r.status != 1 || r.stdout != "" || !strings.Contains(r.stderr, "take csv or json") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	f.on("AddHosts", &connsvcv1.AddHostsResponse{Added: 1, Removed: 1, Count: 1000})
	if r := f.command(t).run(t, "hosts", "add", id1, "c=10.0.0.3", "--replace-names"); r.stdout != id1+": 1 added, 1 removed, 1,000 hosts now\n" {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	f.on("RemoveHosts", &connsvcv1.RemoveHostsResponse{Removed: 2, Count: 1})
	if r := f.command(t).run(t, "hosts", "remove", id1, "c=10.0.0.3", "a"); r.stdout != id1+": 2 removed, 1 host now\n" {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
	want := &connsvcv1.RemoveHostsRequest{ProjectId: "p1", ConnectionId: id1, Hosts: hosts("c=10.0.0.3"), Names: []string{"a"}}
	if sent := f.calls("RemoveHosts")[0]; !proto.Equal(sent, want) {
		t.Errorf("sent %v", sent)
	}
}
