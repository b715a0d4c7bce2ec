package emulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

const testsQ1 = "/v1.0/" + projectA + "/queues/q1/connection-test"

// connectivity starts a test of an address, and returns what it shows at once and, when it
// has a result, that.
func (d *dli) connectivity(queue, address string) (first, result string) {
	d.t.Helper()
	path := "/v1.0/" + projectA + "/queues/" + queue + "/connection-test"
	r := d.do("POST", path, fmt.Sprintf(`{"address":%q}`, address))
	if r.status != 200 {
		d.t.Fatalf("starting a test: %d %s", r.status, r.body)
	}
	path = fmt.Sprintf("%s/%v", path, r.object()["task_id"])
	first = d.do("GET", path, "").text("connectivity")
	d.clock.advance(time.Hour)
	return first, d.do("GET", path, "").text("connectivity")
}

// reaches wants the result of a test.
func (d *dli) reaches(queue, address, want string) {
	d.t.Helper()
	if first, got := d.connectivity(queue, address); first != "" && first != want || got != want {
		d.t.Errorf("%s to %s: %q and then %q, want %q", queue, address, first, got, want)
	}
}

func TestConnectivityTestRuns(t *testing.T) {
	d := start(t, emulator.Options{TestDelay: 2 * time.Second})
	d.create("c", `"queues":["q1"]`)
	const message = `"is_success":true,"message":"Get node connectivity status successfully for addressId:1"`
	d.do("POST", testsQ1, `{"address":"db.example.com:5432"}`).
		ok(`{"is_success":true,"message":"check connectivity to address:db.example.com with port: 5432 successfully","task_id":1}`)
	d.do("GET", testsQ1+"/1", "").ok(`{` + message + `,"connectivity":""}`)
	d.clock.advance(2*time.Second - 1)
	d.do("GET", testsQ1+"/1", "").ok(`{` + message + `,"connectivity":""}`)
	d.clock.advance(time.Millisecond)
	d.do("GET", testsQ1+"/1", "").ok(`{` + message + `,"connectivity":"REACHABLE"}`)
	if got := d.do("POST", testsQ1, `{"address":"192.168.0.1:1"}`).object()["task_id"]; fmt.Sprint(got) != "2" {
		t.Errorf("the next task_id is %v, want 2", got)
	}
}

// Without a rule a queue reaches every address while it has an ACTIVE peering.
func TestQueueReachesByItsConnection(t *testing.T) {
	d := start(t, emulator.Options{PeeringDelay: time.Minute, PoolOfQueue: map[string]string{"Inner": "Pool"}})
	d.reaches("q1", "db:1", "UNREACHABLE")
	path, _ := d.create("c", `"queues":["q1"],"elastic_resource_pools":["pool"]`)
	d.reaches("q1", "db:1", "UNREACHABLE") // the peering was CREATING when the test began
	d.reaches("Q1", "db:1", "REACHABLE")
	d.reaches("inner", "db:1", "REACHABLE")
	d.reaches("q2", "db:1", "UNREACHABLE")
	d.do("POST", path+"/disassociate-queue", `{"queues":["q1"]}`)
	d.reaches("q1", "db:1", "UNREACHABLE")
	d.do("DELETE", path, "")
	d.reaches("inner", "db:1", "UNREACHABLE")
}

// A project that may bind its queues to another's connection reaches by it.
func TestGranteeReaches(t *testing.T) {
	d := start(t, emulator.Options{})
	path, id := d.create("c")
	d.do("PUT", "/v1.0/"+projectA+"/authorization",
		`{"projectId":"`+projectB+`","action":"grant","privileges":[{"object":"edsconnections.`+id+`","privileges":["BIND_QUEUE"]}]}`)
	d.do("POST", connectionsB+path[len(connectionsA):]+"/associate-queue", `{"queues":["q1"]}`)
	d.reaches("q1", "db:1", "UNREACHABLE") // that of project A
	tests := "/v1.0/" + projectB + "/queues/q1/connection-test"
	r := d.do("POST", tests, `{"address":"db:1"}`)
	if got := d.do("GET", fmt.Sprintf("%s/%v", tests, r.object()["task_id"]), "").text("connectivity"); got != "REACHABLE" {
		t.Errorf("project B: %q, want REACHABLE", got)
	}
}

func TestConnectivityRejects(t *testing.T) {
	d := start(t, emulator.Options{Queues: []string{"q1", "q2"}, PoolOfQueue: map[string]string{"inner": "pool"}})
	for _, body := range []string{
		``, `{}`, `{"address":""}`, `{"address":"db"}`, `{"address":":1"}`, `{"address":"db:0"}`, `{"address":"db:65536"}`, `{"address":"db:+1"}`,
		`{"address":"db:01"}`, `{"address":"-db:1"}`, `{"address":"a..b:1"}`, `{"address":"a_b:1"}`, `{"address":"[::1]:1"}`, `{"address":"db:1:2"}`,
		`{"address":"db:1","port":1}`, `{"address":1}`,
	} {
		d.do("POST", testsQ1, body).rejectedWith("")
	}
	d.do("POST", testsQ1+"?a=b", `{"address":"db:1"}`).rejectedWith("a: there is no such parameter")
	d.do("POST", testsQ1, `{"address":"db:1"}`).ok(`{"is_success":true,"message":"check connectivity to address:db with port: 1 successfully","task_id":1}`)
	for _, method := range []string{"POST", "GET"} {
		path, body := "/v1.0/"+projectA+"/queues/q3/connection-test", `{"address":"db:1"}`
		if method == "GET" {
			path, body = path+"/1", ""
		}
		d.do(method, path, body).rejected(400, "DLI.0002", "There is no queue named q3")
	}
	d.do("POST", "/v1.0/"+projectA+"/queues/inner/connection-test", `{"address":"db:1"}`).object()
	d.do("POST", "/v1.0/"+projectA+"/queues/_q/connection-test", `{"address":"db:1"}`).rejectedWith("queue_name")
	for _, task := range []string{"3", "0", "-1"} {
		d.do("GET", testsQ1+"/"+task, "").rejected(400, "DLI.0002", "There is no connectivity test with the task ID "+task)
	}
	for _, task := range []string{"x", "01", "+1", "0x1", "99999999999999999999"} {
		d.do("GET", testsQ1+"/"+task, "").rejectedWith("task_id: a whole number is required.")
	}
	// A test is of one queue and one project.
	for _, path := range []string{projectA + "/queues/q2", projectB + "/queues/q1"} {
		d.do("GET", "/v1.0/"+path+"/connection-test/1", "").rejected(400, "DLI.0002", "There is no connectivity test with the task ID 1")
	}
}

func TestAddressRules(t *testing.T) {
	d := start(t, emulator.Options{TestDelay: time.Second, Network: emulator.Network{Addresses: []emulator.AddressRule{
		{Address: "down:1", Connectivity: "UNREACHABLE"},
		{Address: "odd:1", Connectivity: "CONNECTION_REFUSED"},
		{Address: "slow:1", Queue: "Q1", Takes: faults.Duration(time.Minute)},
		{Address: "late:1", After: faults.Duration(3 * time.Hour)},
		{Queue: "outside", Connectivity: "REACHABLE"},
	}}})
	d.create("c", `"queues":["q1","q2"]`)
	d.reaches("q1", "DOWN:1", "UNREACHABLE")
	d.reaches("q1", "odd:1", "CONNECTION_REFUSED")
	d.reaches("q1", "late:1", "UNREACHABLE")
	d.reaches("q1", "up:1", "REACHABLE")
	d.reaches("q1", "late:1", "REACHABLE") // 3 hours of tests after the peering became ACTIVE
	d.reaches("outside", "db:1", "REACHABLE")
	for queue, want := range map[string]string{"q1": "", "q2": "REACHABLE"} {
		path := "/v1.0/" + projectA + "/queues/" + queue + "/connection-test"
		task := d.do("POST", path, `{"address":"slow:1"}`).object()["task_id"]
		d.clock.advance(30 * time.Second)
		if got := d.do("GET", fmt.Sprintf("%s/%v", path, task), "").text("connectivity"); got != want {
			t.Errorf("%s after 30 s: %q, want %q", queue, got, want)
		}
	}
}

// A test has the result of the time when it began, whatever the rules are later.
func TestResultStays(t *testing.T) {
	d := start(t, emulator.Options{TestDelay: time.Second})
	d.do("POST", testsQ1, `{"address":"db:1"}`)
	if err := d.SetNetwork(emulator.Network{Addresses: []emulator.AddressRule{{Connectivity: "REACHABLE"}}}); err != nil {
		t.Fatal(err)
	}
	d.clock.advance(time.Second)
	if got := d.do("GET", testsQ1+"/1", "").text("connectivity"); got != "UNREACHABLE" {
		t.Errorf("%q, want UNREACHABLE", got)
	}
	d.reaches("q1", "db:1", "REACHABLE")
}
