package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

const head = ", dest_vpc_id: " + vpc + ", dest_network_id: " + network

func difference(name string, kind connsvcv1.ConnectionDifference_Kind, fields ...*connsvcv1.FieldDifference) *connsvcv1.ConnectionDifference {
	return &connsvcv1.ConnectionDifference{Name: name, Kind: kind, Fields: fields}
}

func compared(differences ...*connsvcv1.ConnectionDifference) *connsvcv1.CompareEnhancedConnectionResponse {
	return &connsvcv1.CompareEnhancedConnectionResponse{IsSuccess: true, Differences: differences}
}

const (
	same      = connsvcv1.ConnectionDifference_SAME
	missing   = connsvcv1.ConnectionDifference_MISSING
	changed   = connsvcv1.ConnectionDifference_CHANGED
	replaced  = connsvcv1.ConnectionDifference_REPLACED
	ambiguous = connsvcv1.ConnectionDifference_AMBIGUOUS
)

func step(action connsvcv1.ApplyStep_Action, state connsvcv1.ApplyStep_State, count int32, names ...string) *connsvcv1.ApplyStep {
	return &connsvcv1.ApplyStep{Action: action, State: state, Names: names, Count: count}
}

// TestFileProblems: all problems of all files are reported at once, with their places, and
// nothing is sent.
func TestFileProblems(t *testing.T) {
	f := startFake(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.yaml": `project: p-1
connections:
  - name: my-name
    dest_vpc_id: ` + vpc + `
    dest_network_id: here
    queus: [q1]
    queues: []
    hosts:
    routes: []
    allow_empty: [routes]
  - {name: b` + head + `, hosts: [{name: db, ip: 300.0.0.1}], tags: [{key: a, value: 1}]}
`,
		"b.yaml": "connections:\n  - {name: x" + head + "}\n  - {name: x" + head + "}\n",
		"c.yaml": "project: other\nconnections: [{name: x" + head + "}]\n",
		"d.yaml": "connections: [{name: x\n",
		"e.yaml": "connections:\n  - {name: x, dest_vpc_id: " + vpc + "}\n  - {name: x" + head + "}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, verb := range []string{"apply", "diff"} {
		t.Run(verb, func(t *testing.T) {
			t.Chdir(dir)
			r := f.command(t).run(t, verb, "-f", "a.yaml", "-f", "b.yaml", "-f", "c.yaml", "-f", "d.yaml", "-f", "absent.yaml")
			if want := `a.yaml:1:10: project: must be 1 to 64 letters or digits (project_id)
a.yaml:3:11: connections[0].name: must be 1 to 64 letters, digits or underscores (connection.name)
a.yaml:5:22: connections[0].dest_network_id: must be a valid UUID (string.uuid)
a.yaml:6:5: unknown key "queus": did you mean "queues"?
a.yaml:7:13: queues is empty and would not be changed: leave it out, or add it to allow_empty to have it emptied
a.yaml:8:11: hosts is empty and would not be changed: leave it out, or add it to allow_empty to have it emptied
a.yaml:11:144: connections[1].hosts[0].ip: must be a valid IPv4 address (string.ipv4)
a.yaml:11:180: must be text: put it into quotes
b.yaml:3:12: connection "x" of project p1 is also at b.yaml:2:12
d.yaml:2:1: not YAML: did not find expected ',' or '}'
open absent.yaml: no such file or directory`; r.stderr != want {
				t.Errorf("got\n%s\nwant\n%s", r.stderr, want)
			}
			if r.status != 1 || len(f.requests) > 0 {
				t.Errorf("status %d, sent %v", r.status, f.requests)
			}
		})
	}
	t.Chdir(dir)
	for _, tt := range []struct {
		env  map[string]string
		args []string
		want string
	}{
		{nil, []string{"-f", "b.yaml"}, "b.yaml: no project"},
		{nil, []string{"-f", "c.yaml", "--project", "p1"}, "c.yaml: its project is other, not that of --project"},
		{nil, []string{"-f", "e.yaml"}, "e.yaml:2:5: connections[0].dest_network_id: is required (required)\ne.yaml: no project"},
		{nil, []string{"-f", "e.yaml"}, "\ne.yaml:3:12: connection \"x\" is also at e.yaml:2:12"},
		{nil, nil, "missing flags: --file"},
	} {
		if r := (&command{ctx: t.Context(), env: tt.env}).run(t, append([]string{"diff"}, tt.args...)...); r.status != cli.ExitUsage || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("%v: status %d, %s", tt.args, r.status, r.stderr)
		}
	}
}

// TestMisspelledProject does not say as well that the project is missing.
func TestMisspelledProject(t *testing.T) {
	r := (&command{ctx: t.Context()}).run(t, "diff", "-f", write(t, "f.yaml", "projet: p1\nconnections: [{name: x"+head+"}]\n"))
	if !strings.Contains(r.stderr, `did you mean "project"?`) || strings.Contains(r.stderr, "no project") {
		t.Errorf("got %s", r.stderr)
	}
}

// TestFileWithAliases says that they are not supported, in each place.
func TestFileWithAliases(t *testing.T) {
	for name, text := range map[string]string{
		"of a connection": "connections:\n  - &a {name: x" + head + "}\n  - *a\n",
		"of a list":       "connections:\n  - {name: x" + head + ", queues: &a [q1]}\n  - {name: y" + head + ", queues: *a}\n",
		"of a name":       "connections:\n  - {name: &a x" + head + ", queues: [*a]}\n",
	} {
		r := (&command{ctx: t.Context()}).run(t, "diff", "--project", "p1", "-f", write(t, "a.yaml", text))
		if r.status != 1 || !strings.Contains(r.stderr, "must be written out: aliases of YAML are not supported") {
			t.Errorf("%s: status %d: %s", name, r.status, r.stderr)
		}
	}
}

// TestApply compares once for each project, applies what differs, and goes on after a failure.
func TestApply(t *testing.T) {
	f := startFake(t)
	a := write(t, "a.yaml", "connections:\n  - {name: a"+head+"}\n  - {name: b"+head+", queues: [q1]}\n  - {name: c"+head+"}\n  - {name: d"+head+"}\n")
	b := "project: p2\nconnections: [{name: a" + head + ", allow_empty: [hosts], hosts: []}]\n"
	f.on("CompareEnhancedConnection",
		compared(difference("a", same), difference("b", changed), difference("c", replaced), difference("d", ambiguous)),
		compared(difference("a", missing)))
	f.on("ApplyEnhancedConnection",
		&connsvcv1.ApplyEnhancedConnectionResponse{ConnectionId: id1, Changed: true, Difference: difference("b", changed), Warning: proto.String("beware"), Steps: []*connsvcv1.ApplyStep{
			step(connsvcv1.ApplyStep_SET_HOSTS, connsvcv1.ApplyStep_DONE, 20000),
			step(connsvcv1.ApplyStep_ADD_ROUTES, connsvcv1.ApplyStep_NOT_NEEDED, 0),
			step(connsvcv1.ApplyStep_BIND, connsvcv1.ApplyStep_DONE, 3, "q1", "q2"),
		}},
		failure(codes.FailedPrecondition, connsvcv1.ErrorReason_REPLACE_NEEDED, "another VPC"),
		failure(codes.Internal, connsvcv1.ErrorReason_UPSTREAM_FAULT, "broken", &connsvcv1.ApplyReport{ConnectionId: id2, Steps: []*connsvcv1.ApplyStep{
			step(connsvcv1.ApplyStep_BIND, connsvcv1.ApplyStep_FAILED, 1, "q1"), step(connsvcv1.ApplyStep_GRANT, connsvcv1.ApplyStep_LEFT, 1, "p9"),
		}}),
		&connsvcv1.ApplyEnhancedConnectionResponse{ConnectionId: id1, Changed: true, Difference: difference("a", missing)})
	c := f.command(t)
	c.stdin = b
	r := c.run(t, "apply", "-f", a, "-f", "-")
	if want := `a: same
b: changed
  done  set hosts  20,000 hosts
  done  bind       q1, q2 and 1 more
  not needed: add routes
c: failed
d: failed
  failed  bind   q1
  left    grant  p9
a: created
`; r.stdout != want || r.status != 1 {
		t.Errorf("status %d, got\n%s\nwant\n%s", r.status, r.stdout, want)
	}
	if want := `warning: b: beware
applying connection "c": FailedPrecondition: another VPC
  reason: REPLACE_NEEDED
  what to do: have connsvc connections apply replace it with --allow-replace, or choose another name
  request ID: r1
applying connection "d": Internal: broken
  reason: UPSTREAM_FAULT
  what to do: repeat later; if it persists, ask connsvc's operator
  request ID: r1`; r.stderr != want {
		t.Errorf("got\n%s\nwant\n%s", r.stderr, want)
	}
	if n := len(f.calls("CompareEnhancedConnection")); n != 2 {
		t.Errorf("%d compares", n)
	}
	want := &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: "p2", Connection: &connsvcv1.EnhancedConnectionSpec{
		Name: "a", DestVpcId: vpc, DestNetworkId: network, AllowEmpty: []string{"hosts"},
	}}
	if calls := f.calls("ApplyEnhancedConnection"); len(calls) != 4 || !proto.Equal(calls[3], want) {
		t.Errorf("sent %v", calls)
	}
}

// TestApplySame: 50 connections of which none differs cost one call.
func TestApplySame(t *testing.T) {
	f := startFake(t)
	var text strings.Builder
	var differences []*connsvcv1.ConnectionDifference
	text.WriteString("connections:\n")
	for i := range 50 {
		fmt.Fprintf(&text, "  - {name: c%d%s}\n", i, head)
		differences = append(differences, difference(fmt.Sprint("c", i), same))
	}
	f.on("CompareEnhancedConnection", compared(differences...))
	r := f.command(t).run(t, "apply", "-f", write(t, "a.yaml", text.String()))
	if r.status != 0 || strings.Count(r.stdout, ": same\n") != 50 || r.stderr != "" {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if calls := len(f.headers); calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

// TestApplyDryRun asks for the steps alone, and prints them as JSON.
func TestApplyDryRun(t *testing.T) {
	f := startFake(t)
	file := write(t, "a.yaml", "connections: [{name: a"+head+"}]\n")
	f.on("CompareEnhancedConnection", compared(difference("a", replaced)))
	f.on("ApplyEnhancedConnection", &connsvcv1.ApplyEnhancedConnectionResponse{Difference: difference("a", replaced), Steps: []*connsvcv1.ApplyStep{
		step(connsvcv1.ApplyStep_DELETE, connsvcv1.ApplyStep_LEFT, 0), step(connsvcv1.ApplyStep_CREATE, connsvcv1.ApplyStep_LEFT, 0),
	}})
	r := f.command(t).run(t, "apply", "-f", file, "--dry-run", "--allow-replace")
	if r.status != 0 || r.stdout != "a: to be replaced\n  to do  delete\n  to do  create\n" {
		t.Errorf("status %d: %s", r.status, r.stdout)
	}
	sent := f.calls("ApplyEnhancedConnection")[0].(*connsvcv1.ApplyEnhancedConnectionRequest)
	if !sent.GetValidateOnly() || !sent.GetAllowReplace() {
		t.Errorf("sent %v", sent)
	}
	c := f.command(t)
	c.terminal = true
	r = c.run(t, "apply", "-f", file, "--dry-run", "-o", "yaml")
	if want := `dry_run: true
connections:
  - project_id: p1
    name: a
    outcome: refused
    difference:
      name: a
      connection_id: ""
      kind: REPLACED
      fields: []
    steps:
      - action: DELETE
        state: LEFT
        names: []
        count: 0
      - action: CREATE
        state: LEFT
        names: []
        count: 0
`; r.stdout != want {
		t.Errorf("got\n%s", r.stdout)
	}
	check(t, r.stderr, "comparing 1 connection of project p1 (", "applying a (")
	f.on("ApplyEnhancedConnection", failure(codes.FailedPrecondition, connsvcv1.ErrorReason_REPLACE_NEEDED, "another VPC"))
	r = f.command(t).run(t, "apply", "-f", file, "-o", "json")
	check(t, r.stdout, `"outcome": "failed"`, `"reason": "REPLACE_NEEDED"`)
	if r.status != 1 {
		t.Errorf("status %d", r.status)
	}
}

// TestApplyDryRunRefused: what apply would refuse is no success of a dry run.
func TestApplyDryRunRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		kind    connsvcv1.ConnectionDifference_Kind
		warning string
		args    []string
	}{
		"two of the name":          {ambiguous, "apply refuses to choose between 1, 2", nil},
		"no --allow-replace":       {replaced, "apply with allow_replace", nil},
		"a replacement would lose": {replaced, "a replacement would lose hosts", []string{"--allow-replace"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t)
			file := write(t, "a.yaml", "connections: [{name: a"+head+"}]\n")
			f.on("CompareEnhancedConnection", compared(difference("a", tt.kind)))
			f.on("ApplyEnhancedConnection", &connsvcv1.ApplyEnhancedConnectionResponse{Difference: difference("a", tt.kind), Warning: &tt.warning})
			r := f.command(t).run(t, append([]string{"apply", "-f", file, "--dry-run"}, tt.args...)...)
			if r.status != 1 || r.stdout != "a: refused\n" || r.stderr != `connection "a" would be refused: `+tt.warning {
				t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
			}
			r = f.command(t).run(t, append([]string{"apply", "-f", file, "--dry-run", "-o", "json"}, tt.args...)...)
			if check(t, r.stdout, `"outcome": "refused"`); r.status != 1 {
				t.Errorf("status %d", r.status)
			}
		})
	}
}

// TestErrorDetails: what an error says beside its text, with the flags that it stands for.
func TestErrorDetails(t *testing.T) {
	f := startFake(t)
	file := write(t, "a.yaml", "connections: [{name: a"+head+"}]\n")
	f.on("CompareEnhancedConnection", compared(difference("a", replaced)))
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"metadata": {failureWith(codes.FailedPrecondition, connsvcv1.ErrorReason_REPLACE_NEEDED, map[string]string{
			"would_lose": "hosts,routes", "differs": "dest_vpc_id", "dli_code": "x", "existing_connection_id": "",
		}, "another VPC"), "reason: REPLACE_NEEDED\n  differs: dest_vpc_id\n  would_lose: hosts,routes\n  what to do: give all that the connection has in hosts,routes, or name these lists in allow_empty of the file\n"},
		"no token":     {failure(codes.Unauthenticated, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED, "no"), "--token-file or CONNSVC_TOKEN"},
		"no IAM token": {failureWith(codes.Unauthenticated, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED, map[string]string{"header": "X-Auth-Token"}, "no"), "--iam-token-file or CONNSVC_IAM_TOKEN"},
		"not stored":   {failureWith(codes.Unknown, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, map[string]string{"request_id_stored": "false"}, "no"), "what to do: list the connections of this name"},
		"too late":     {failure(codes.DeadlineExceeded, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, "late"), "request ID: r1\n  the same apply goes on from there"},
		"retries":      {failure(codes.Unavailable, connsvcv1.ErrorReason_OVERLOADED, "refused"), ": Unavailable: refused\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f.on("ApplyEnhancedConnection", tt.err)
			r := f.command(t).run(t, "apply", "-f", file)
			check(t, r.stderr, tt.want)
			if strings.Contains(r.stderr, "dli_code") || strings.Contains(r.stderr, "attempts") {
				t.Errorf("got %s", r.stderr)
			}
		})
	}
	// connsvc call prints nothing of the steps but this.
	got := cli.Explain(failure(codes.Internal, connsvcv1.ErrorReason_UPSTREAM_FAULT, "broken", &connsvcv1.ApplyReport{Steps: []*connsvcv1.ApplyStep{
		step(connsvcv1.ApplyStep_SET_HOSTS, connsvcv1.ApplyStep_DONE, 2), step(connsvcv1.ApplyStep_BIND, connsvcv1.ApplyStep_FAILED, 1, "q1"),
		step(connsvcv1.ApplyStep_GRANT, connsvcv1.ApplyStep_NOT_NEEDED, 0),
	}})).Error()
	if check(t, got, "\n  set hosts: done 2 hosts\n  bind: failed q1"); strings.Contains(got, "grant") {
		t.Errorf("got %s", got)
	}
}

// TestErrorAdvice: of each reason the error says what to do, as the command line names it.
func TestErrorAdvice(t *testing.T) {
	names := regexp.MustCompile(`RetryInfo|ResourceInfo|BadRequest|ErrorInfo|error_msg|request_id|allow_replace|project_id|connection_id`)
	for number, name := range connsvcv1.ErrorReason_name {
		reason := connsvcv1.ErrorReason(number)
		got := cli.Explain(failure(codes.Unknown, reason, "no")).Error()
		_, todo, found := strings.Cut(got, "\n  what to do: ")
		if nothing := reason == connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED || reason == connsvcv1.ErrorReason_CALLER_CANCELLED; found == nothing {
			t.Errorf("%s: got %s", name, got)
		}
		if n := names.FindString(todo); n != "" {
			t.Errorf("%s: %s is not a name of the command line", name, n)
		}
	}
}

// TestDiff: a difference is exit status 2, an error 1.
func TestDiff(t *testing.T) {
	f := startFake(t)
	file := write(t, "a.yaml", "connections: [{name: a"+head+"}, {name: b"+head+"}]\n")
	var many []string
	for i := range 12 {
		many = append(many, fmt.Sprint("q", i))
	}
	f.on("CompareEnhancedConnection", compared(difference("a", changed,
		&connsvcv1.FieldDifference{Field: "queues", ToAdd: many, AddCount: 1200, ToRemove: []string{"x"}, RemoveCount: 1},
		&connsvcv1.FieldDifference{Field: "hosts", ToAdd: []string{"db=192.168.0.1"}, AddCount: 1},
	), difference("b", same)))
	r := f.command(t).run(t, "diff", "-f", file)
	if want := `a: differs
  queues  + q0, q1, q2, q3, q4, q5, q6, q7, q8, q9 and 1,190 more
  queues  - x
  hosts   + db=192.168.0.1
b: same
`; r.status != cli.ExitDifferent || r.stdout != want || r.stderr != "" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	r = f.command(t).run(t, "diff", "-f", file, "-o", "json")
	check(t, r.stdout, `"different": true`, "    {\n      \"project_id\": \"p1\",\n      \"name\": \"a\",\n      \"connection_id\": \"\",\n      \"kind\": \"CHANGED\",\n")
	f.on("CompareEnhancedConnection", compared(difference("a", replaced), difference("b", missing)), compared(difference("a", ambiguous), difference("b", same)))
	if r = f.command(t).run(t, "diff", "-f", file); r.stdout != "a: needs replacement\nb: missing\n" {
		t.Errorf("got %s", r.stdout)
	}
	if r = f.command(t).run(t, "diff", "-f", file); r.stdout != "a: ambiguous\nb: same\n" {
		t.Errorf("got %s", r.stdout)
	}
	f.on("CompareEnhancedConnection", compared(difference("a", same), difference("b", same)))
	if r = f.command(t).run(t, "diff", "-f", file); r.status != 0 {
		t.Errorf("status %d", r.status)
	}
	f.on("CompareEnhancedConnection", compared())
	if r = f.command(t).run(t, "diff", "-f", file); r.status != 1 {
		t.Errorf("status %d", r.status)
	}
	f.on("CompareEnhancedConnection", failure(codes.PermissionDenied, connsvcv1.ErrorReason_POLICY_DENIED, "no"))
	if r = f.command(t).run(t, "diff", "-f", file); r.status != 1 || !strings.Contains(r.stderr, "reason: POLICY_DENIED") {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}

// TestManyCompared: a call compares no more than the contract and connsvc's limits allow.
func TestManyCompared(t *testing.T) {
	f := startFake(t)
	var text strings.Builder
	text.WriteString("connections:\n")
	answers := make([]*connsvcv1.ConnectionDifference, 1001)
	for i := range answers {
		fmt.Fprintf(&text, "  - {name: c%d%s}\n", i, head)
		answers[i] = difference(fmt.Sprint("c", i), same)
	}
	f.on("CompareEnhancedConnection", compared(answers[:1000]...), compared(answers[1000:]...))
	if r := f.command(t).run(t, "diff", "-f", write(t, "a.yaml", text.String())); r.status != 0 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	for _, call := range f.calls("CompareEnhancedConnection") {
		if n := len(call.(*connsvcv1.CompareEnhancedConnectionRequest).GetConnections()); n > 1000 {
			t.Errorf("%d connections in one call", n)
		}
	}
}

// TestManyHostsCompared: the lists of a call have less elements than connsvc's limit of
// 100,000.
func TestManyHostsCompared(t *testing.T) {
	var specs []*connsvcv1.EnhancedConnectionSpec
	for range 12 {
		specs = append(specs, &connsvcv1.EnhancedConnectionSpec{Hosts: make([]*connsvcv1.Host, 15_000), Queues: make([]string, 1000)})
	}
	n := 0
	for part := range cli.Parts(specs) {
		if n += len(part); len(part) > 6 {
			t.Errorf("%d connections of 16,000 elements in one call", len(part))
		}
	}
	if n != len(specs) {
		t.Errorf("%d connections, want %d", n, len(specs))
	}
}
