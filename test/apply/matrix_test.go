package apply_test

import (
	"bytes"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

var table = flag.Bool("table", false, "print the table of faults and steps")

// A column is a step, with a change that needs it.
type column struct {
	name      string
	operation string // of DLI, that goes wrong
	before    *spec  // nil: there is no connection
	after     *spec
	request   func(project, id string) (rpc string, req, resp proto.Message) // nil: an apply
	quirks    emulator.Quirks
}

func columns() []column {
	added := func(project, id string) (string, proto.Message, proto.Message) {
		return "AddHosts", &connsvcv1.AddHostsRequest{ProjectId: project, ConnectionId: id, Hosts: hosts("b", "c")}, &connsvcv1.AddHostsResponse{}
	}
	removed := func(project, id string) (string, proto.Message, proto.Message) {
		return "RemoveHosts", &connsvcv1.RemoveHostsRequest{ProjectId: project, ConnectionId: id, Names: []string{"b"}}, &connsvcv1.RemoveHostsResponse{}
	}
	abc, a := changed(func(s *spec) { s.Hosts = hosts("a", "b", "c") }), changed(func(s *spec) { s.Hosts = hosts("a") })
	more, moved := changed(func(s *spec) { s.Hosts = hosts("a", "c") }), changed(func(s *spec) { s.Routes = routes("r1=10.9.0.0/16") })
	return []column{
		{name: "list", operation: "ListEnhancedConnections", before: base(), after: more},
		{name: "get", operation: "GetEnhancedConnection", before: base(), after: more},
		{name: "DELETE", operation: "DeleteEnhancedConnection", before: base(), after: changed(func(s *spec) { s.DestVpcId = otherVPC })},
		{name: "CREATE", operation: "CreateEnhancedConnection", after: base()},
		{name: "CREATE, names not unique", operation: "CreateEnhancedConnection", after: base(), quirks: emulator.Quirks{AllowDuplicateNames: true}},
		{name: "SET_HOSTS", operation: "UpdateEnhancedConnectionHosts", before: base(), after: more},
		{name: "ADD_ROUTES", operation: "CreateRoute", before: base(), after: changed(func(s *spec) { s.Routes = routes("r1=10.1.0.0/16", "r2=10.2.0.0/16", "r3=10.3.0.0/16") })},
		{name: "CHANGE_ROUTES: delete", operation: "DeleteRoute", before: base(), after: moved},
		{name: "CHANGE_ROUTES: add", operation: "CreateRoute", before: base(), after: moved},
		{name: "BIND", operation: "AssociateQueues", before: base(), after: changed(func(s *spec) { s.Queues, s.ElasticResourcePools = []string{"q1", "q2"}, []string{"p1", "p2"} })},
		{name: "GRANT", operation: "UpdatePrivileges", before: base(), after: changed(func(s *spec) { s.GrantedProjectIds = []string{"g1", "g2"} })},
		{name: "UNBIND", operation: "DisassociateQueues", before: changed(func(s *spec) { s.Queues = []string{"q1", "q2", "q3"} }), after: base()},
		{name: "DELETE_ROUTES", operation: "DeleteRoute", before: changed(func(s *spec) { s.Routes = routes("r1=10.1.0.0/16", "r2=10.2.0.0/16") }), after: base()},
		{name: "REVOKE", operation: "UpdatePrivileges", before: changed(func(s *spec) { s.GrantedProjectIds = []string{"g1", "g2"} }), after: base()},
		{name: "AddHosts", operation: "UpdateEnhancedConnectionHosts", before: base(), after: abc, request: added},
		{name: "RemoveHosts", operation: "UpdateEnhancedConnectionHosts", before: base(), after: a, request: removed},
	}
}

// A row is a fault of DLI, which lasts for the first call. It is met by every attempt, or by
// the first alone.
type row struct {
	name  string
	fault faults.Fault
	once  bool
	late  bool // DLI may execute a call after its response
}

func rows() []row {
	ms := func(n int) faults.Duration { return faults.Duration(time.Duration(n) * time.Millisecond) }
	commit := func(f faults.Fault) faults.Fault { f.Commit = true; return f }
	status := func(code int) faults.Fault { return faults.Fault{Kind: faults.Status, Status: code} }
	all := []row{
		{name: "reset before it was read", fault: faults.Fault{Kind: faults.ResetBefore}},
		{name: "reset", fault: faults.Fault{Kind: faults.ResetAfter}},
		{name: "executed, then reset", fault: faults.Fault{Kind: faults.DropAnswer}},
		{name: "executed, response cut off", fault: faults.Fault{Kind: faults.TruncatedBody}},
		{name: "executed, then HTML", fault: commit(faults.Fault{Kind: faults.HTML, Status: 502})},
		{name: "executed, then garbage", fault: commit(faults.Fault{Kind: faults.InvalidJSON})},
		{name: "executed, then 500", fault: commit(status(500))},
		{name: "500", fault: status(500)},
		{name: "503", fault: status(503)},
		{name: "429", fault: status(429)},
		{name: "400 DLI.0007", fault: faults.Fault{Kind: faults.Status, Status: 400, Code: "DLI.0007"}},
		{name: "is_success=false", fault: faults.Fault{Kind: faults.Unsuccessful}},
		{name: "executed, then is_success=false", fault: commit(faults.Fault{Kind: faults.Unsuccessful})},
		{name: "executed late", fault: faults.Fault{Kind: faults.LateCommit, Delay: ms(200)}, late: true},
		{name: "hang", fault: faults.Fault{Kind: faults.Hang}, once: true},
		{name: "executed, then hang", fault: commit(faults.Fault{Kind: faults.Hang}), once: true},
	}
	for _, r := range slices.Clone(all) {
		if !r.once {
			r.once, r.name = true, r.name+", once"
			all = append(all, r)
		}
	}
	return all
}

// A cell is a fault and a step.
type cell struct {
	row
	column

	project string
	client  stage.Client
	stage   *stage.Project
	mu      sync.Mutex
	result  string
}

// TestMatrix: for every fault of each step, the same call, repeated, ends in the wanted
// state. On the way nothing is there less than before, or twice.
func TestMatrix(t *testing.T) {
	var cells []*cell
	emulators := map[string]*emulator.Emulator{}
	for _, r := range rows() {
		for _, c := range columns() {
			project := fmt.Sprintf("p%d", len(cells))
			cells = append(cells, &cell{row: r, column: c, project: project})
			c.quirks.RebindFails, c.quirks.UnbindUnboundFails = true, true
			emulators[project] = emulator.New(emulator.Options{Quirks: c.quirks})
		}
	}
	s := newStage(t, emulators)
	t.Run("cells", func(t *testing.T) {
		for i, c := range cells {
			c.client, c.stage = s.Clients()[(i+i/len(columns()))%2], s.Project(c.project)
			t.Run(c.row.name+"/"+c.column.name+"/"+c.client.Name(), func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
	})
	closeStage(t, s)
	if *table {
		t.Logf("what the first call returned, and how many calls it took:\n%s", tableOf(cells))
	}
}

func tableOf(cells []*cell) string {
	var text bytes.Buffer
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	names := []string{"fault"}
	for _, c := range columns() {
		names = append(names, c.name)
	}
	_, _ = fmt.Fprintln(w, strings.Join(names, "\t"))
	for line := range slices.Chunk(cells, len(columns())) {
		results := []string{line[0].row.name}
		for _, c := range line {
			results = append(results, c.result)
		}
		_, _ = fmt.Fprintln(w, strings.Join(results, "\t"))
	}
	_ = w.Flush()
	return text.String()
}

func (c *cell) run(t *testing.T) {
	id := ""
	if c.before != nil {
		resp, failure := apply(c.client, c.project, c.before)
		if failure != nil {
			t.Fatal(failure)
		}
		id = resp.GetConnectionId()
	}
	c.guard(t)
	rule := faults.Rule{Operation: c.operation, Fault: c.fault}
	if c.once {
		rule.Nth = 1
	}
	if err := c.stage.Emulator().SetFaults([]faults.Rule{rule}); err != nil {
		t.Fatal(err)
	}
	before := c.stage.Creates()
	for n := 1; ; n++ {
		failure := c.call(id)
		if n == 1 {
			c.result = outcome(failure)
			if sent := c.stage.Creates() - before; sent > 1 && !strings.Contains(c.row.name, "429") {
				t.Errorf("the first call posted %d creates", sent)
			}
			if err := c.stage.Emulator().SetFaults(nil); err != nil {
				t.Fatal(err)
			}
		}
		if failure == nil {
			c.result += fmt.Sprintf(" %d", n)
			break
		}
		if n == 20 {
			t.Fatalf("after %d calls: %v, %v", n, failure, failure.Report)
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.stage.Wait()
	if c.late {
		time.Sleep(300 * time.Millisecond)
	}
	if c.late && c.column.name == "CHANGE_ROUTES: delete" {
		// Routes are deleted by name: a delete that DLI executes late may meet the new route.
		if _, failure := apply(c.client, c.project, c.after); failure != nil {
			t.Fatal(failure)
		}
	}
	if got, want := elements(t, c.stage, c.project), wantedElements(c.after); !slices.Equal(got, want) {
		t.Errorf("DLI has %q, wanted %q", got, want)
	}
	resp, failure := apply(c.client, c.project, c.after)
	if failure != nil || resp.GetChanged() {
		t.Errorf("it is not as it is wanted: %v, %v", resp.GetDifference(), failure)
	}
}

func (c *cell) call(id string) *stage.Failure {
	if c.request == nil {
		_, failure := apply(c.client, c.project, c.after)
		return failure
	}
	rpc, req, resp := c.request(c.project, id)
	return call(c.client, rpc, req, resp)
}

// outcome is what became of the step that went wrong.
func outcome(failure *stage.Failure) string {
	if failure == nil {
		return "done"
	}
	for _, s := range failure.Report.GetSteps() {
		switch s.GetState() {
		case connsvcv1.ApplyStep_FAILED, connsvcv1.ApplyStep_UNKNOWN:
			return s.GetState().String()
		}
	}
	return "error"
}

// guard checks, after each call of DLI, that what was there before and is wanted still is. A
// replacement and a route with another destination are not there for a while.
func (c *cell) guard(t *testing.T) {
	if c.before == nil || c.column.name == "DELETE" {
		return
	}
	after := wantedElements(c.after)
	kept := slices.DeleteFunc(wantedElements(c.before), func(e string) bool { return !slices.Contains(after, e) })
	c.stage.Wrap(func(dli http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				now := elements(t, c.stage, c.project)
				for _, e := range kept {
					if !slices.Contains(now, e) {
						t.Errorf("after %s %s, %s is missing", r.Method, r.URL.Path, e)
					}
				}
			}()
			dli.ServeHTTP(w, r)
		})
	})
}
