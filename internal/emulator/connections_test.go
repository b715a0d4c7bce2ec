package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// The document's own example (dli_02_0187).
const exampleBody = `{
  "name": "test",
  "dest_vpc_id": "22094d8f-c310-4621-913d-4c4d655d8495",
  "dest_network_id": "78f2562a-36e4-4b39-95b9-f5aab22e1281",
  "queues": ["q1", "q2"],
  "hosts": [
    {"ip":"192.168.0.1", "name":"ecs-97f8-0001"},
    {"ip":"192.168.0.2", "name":"ecs-97f8-0002"}
  ]
}
`

func TestCreateAndGet(t *testing.T) {
	d := start(t, emulator.Options{})
	d.do("POST", connectionsA, exampleBody).is(http.StatusCreated, `{
		"is_success":true,
		"message":"Create peer connection for queues:{q1,q2}",
		"connection_id":"`+id(1)+`"}`)
	d.do("GET", connectionsA+"/"+id(1), "").ok(`{
		"is_success":true, "message":"",
		"id":"` + id(1) + `", "name":"test", "status":"ACTIVE",
		"dest_vpc_id":"` + vpc + `", "dest_network_id":"` + subnet + `",
		"available_queue_info":[
			{"peer_id":"` + id(2) + `","status":"ACTIVE","name":"q1","err_msg":"","update_time":1566888011125},
			{"peer_id":"` + id(3) + `","status":"ACTIVE","name":"q2","err_msg":"","update_time":1566888011125}],
		"elastic_resource_pools":[],
		"create_time":1566888011125, "update_time":1566888011125,
		"hosts":[{"name":"ecs-97f8-0001","ip":"192.168.0.1"},{"name":"ecs-97f8-0002","ip":"192.168.0.2"}],
		"ipv6_enable":false, "isPrivis":true, "routes":[]}`)
}

func TestCreateMessages(t *testing.T) {
	for name, test := range map[string]struct{ members, message string }{
		"nothing to bind":      {`"hosts":[]`, ""},
		"only a pool":          {`"elastic_resource_pools":["p1"]`, ""},
		"a queue and a pool":   {`"queues":["q1"],"elastic_resource_pools":["p1"]`, "Create peer connection for queues:{q1}"},
		"names as the request": {`"queues":["Q1"]`, "Create peer connection for queues:{Q1}"},
		"what Terraform sends": {`"queues":[],"tags":null`, ""},
		"all that is optional": {`"routetable_id":"r","tags":[{"key":"k","value":""}]`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			d := start(t, emulator.Options{})
			d.do("POST", connectionsA, createBody("c", test.members)).
				is(http.StatusCreated, fmt.Sprintf(`{"is_success":true,"message":%q,"connection_id":%q}`, test.message, id(1)))
		})
	}
}

func TestDuplicateName(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c")
	d.do("POST", connectionsA, createBody("c")).rejected(400, "DLI.0006", "The object exists.")
	d.create("C") // names keep their case
	if got := d.do("POST", connectionsB, createBody("c")).status; got != http.StatusCreated {
		t.Errorf("the name in another project: status %d, want 201", got)
	}
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	d.create("c") // a deleted connection gives its name back
}

func TestDuplicateNameInARace(t *testing.T) {
	d := start(t, emulator.Options{})
	statuses := make([]int, 8)
	var wg sync.WaitGroup
	for i := range statuses {
		wg.Go(func() { statuses[i] = d.do("POST", connectionsA, createBody("c")).status })
	}
	wg.Wait()
	created := 0
	for _, status := range statuses {
		if status == http.StatusCreated {
			created++
		}
	}
	if created != 1 || len(d.Connections(projectA)) != 1 {
		t.Errorf("statuses %v and %d connections, want one of each", statuses, len(d.Connections(projectA)))
	}
}

func TestQuota(t *testing.T) {
	d := start(t, emulator.Options{MaxConnections: 1})
	path, _ := d.create("c1")
	d.do("POST", connectionsA, createBody("c2")).rejected(400, "DLI.1028", "The quota is insufficient.")
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	d.create("c2")
}

func TestDelete(t *testing.T) {
	d := start(t, emulator.Options{})
	path, connectionID := d.create("c", `"queues":["q1"],"hosts":[{"name":"h","ip":"10.0.0.1"}]`)
	d.clock.advance(5 * time.Second)
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	d.do("GET", path, "").ok(`{
		"is_success":true, "message":"",
		"id":"` + connectionID + `", "name":"c", "status":"DELETED",
		"dest_vpc_id":"` + vpc + `", "dest_network_id":"` + subnet + `",
		"available_queue_info":[], "elastic_resource_pools":[],
		"create_time":1566888011125, "update_time":1566888016125,
		"hosts":[], "ipv6_enable":false, "isPrivis":true, "routes":[]}`)
}

// Every operation on a connection that is not there, or no longer, says so.
func TestMissingConnection(t *testing.T) {
	d := start(t, emulator.Options{})
	path, deleted := d.create("c")
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	for _, connectionID := range []string{deleted, id(99), "no-uuid"} {
		base := connectionsA + "/" + connectionID
		object := "edsconnections." + connectionID
		for _, test := range []struct{ method, path, body string }{
			{"DELETE", base, ""},
			{"PUT", base, `{"hosts":[]}`},
			{"POST", base + "/associate-queue", `{"queues":["q"]}`},
			{"POST", base + "/disassociate-queue", `{"queues":["q"]}`},
			{"POST", base + "/routes", `{"name":"r","cidr":"10.0.0.0/8"}`},
			{"DELETE", base + "/routes/r", ""},
			{"GET", base + "/privileges", ""},
			{"GET", "/v1.0/" + projectA + "/authorization/privileges?object=" + object, ""},
			{
				"PUT", "/v1.0/" + projectA + "/authorization",
				`{"projectId":"b","action":"grant","privileges":[{"object":"` + object + `","privileges":["BIND_QUEUE"]}]}`,
			},
		} {
			d.do(test.method, test.path, test.body).rejected(400, "DLI.0001", missing(connectionID))
		}
	}
	d.do("GET", connectionsA+"/"+id(99), "").rejected(400, "DLI.0001", missing(id(99)))
}

func TestProjectsAreIsolated(t *testing.T) {
	d := start(t, emulator.Options{})
	path, connectionID := d.create("c", `"queues":["q"]`)
	before := d.Connections(projectA)
	other := connectionsB + "/" + connectionID
	for _, test := range []struct{ method, path, body string }{
		{"GET", other, ""},
		{"DELETE", other, ""},
		{"PUT", other, `{}`},
		{"POST", other + "/associate-queue", `{"queues":["q"]}`},
		{"POST", other + "/disassociate-queue", `{"queues":["q"]}`},
		{"POST", other + "/routes", `{"name":"r","cidr":"10.0.0.0/8"}`},
		{"DELETE", other + "/routes/r", ""},
		{"GET", other + "/privileges", ""},
		{"GET", "/v1.0/" + projectB + "/authorization/privileges?object=edsconnections." + connectionID, ""},
	} {
		d.do(test.method, test.path, test.body).rejected(400, "DLI.0001", missing(connectionID))
	}
	d.do("GET", connectionsB, "").ok(`{"is_success":true,"message":"","count":0,"connections":[]}`)
	if diff := cmp.Diff(before, d.Connections(projectA)); diff != "" {
		t.Errorf("another project's calls changed it (-before +after):\n%s", diff)
	}
	if got := d.do("GET", path, "").status; got != http.StatusOK {
		t.Errorf("the owner's GET: status %d", got)
	}
}

func TestUpdateHosts(t *testing.T) {
	for name, test := range map[string]struct {
		body string
		want []wire.Host
	}{
		"replaces all": {`{"hosts":[{"name":"new","ip":"10.0.0.9"}]}`, []wire.Host{{Name: "new", IP: "10.0.0.9"}}},
		"empty clears": {`{"hosts":[]}`, nil},
		"null clears":  {`{"hosts":null}` + "\n", nil},
		"none clears":  {`{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			d := start(t, emulator.Options{})
			path, _ := d.create("c", `"hosts":[{"name":"h1","ip":"10.0.0.1"},{"name":"h2"}]`)
			d.clock.advance(time.Second)
			d.do("PUT", path, test.body).ok(`{"is_success":true,"message":""}`)
			c := d.Connections(projectA)[0]
			if diff := cmp.Diff(test.want, c.Hosts, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("hosts (-want +got):\n%s", diff)
			}
			if got := c.UpdateTime; got != startMillis+1000 {
				t.Errorf("update_time %d, want that of the change", got)
			}
		})
	}
}

func TestTwentyThousandHosts(t *testing.T) {
	hosts := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"name":"h%s%d","ip":"10.%d.%d.1"}`, strings.Repeat("x", 120), i, i/256, i%256)
		}
		return `"hosts":[` + strings.Join(list, ",") + `]`
	}
	d := start(t, emulator.Options{})
	path, _ := d.create("c", hosts(20_000))
	got, ok := d.do("GET", path, "").object()["hosts"].([]any)
	if !ok || len(got) != 20_000 {
		t.Fatalf("%d hosts came back, want 20000", len(got))
	}
	last, err := json.Marshal(got[19_999])
	if err != nil || !strings.Contains(string(last), "10.78.31.1") {
		t.Errorf("the last host is %s (%v)", last, err)
	}
	d.do("POST", connectionsA, createBody("more", hosts(20_001))).rejectedWith("hosts")
	d.do("PUT", path, "{"+hosts(20_001)+"}").rejectedWith("hosts")
}

// What Connections returns is the caller's own.
func TestConnectionsAreCopies(t *testing.T) {
	d := start(t, emulator.Options{})
	d.create("c", `"hosts":[{"name":"h"}]`)
	d.Connections(projectA)[0].Hosts[0].Name = "changed"
	if got := d.Connections(projectA)[0].Hosts[0].Name; got != "h" {
		t.Errorf("host is %q after a copy was changed", got)
	}
	if got := d.Connections("nobody"); got != nil {
		t.Errorf("a project without connections has %v", got)
	}
}

// The zero Options take the machine's clock and random IDs.
func TestZeroOptions(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	ids := map[string]bool{}
	for range 2 {
		e := emulator.New(emulator.Options{})
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", connectionsA, strings.NewReader(exampleBody)))
		c := e.Connections(projectA)[0]
		ids[c.ID] = true
		if _, err := uuid.Parse(c.ID); err != nil {
			t.Errorf("id %q is no UUID: %v", c.ID, err)
		}
		if created := time.UnixMilli(c.CreateTime); created.Before(before) || created.After(time.Now()) {
			t.Errorf("create_time is %v, want now", created)
		}
	}
	if len(ids) != 2 {
		t.Errorf("two emulators made the same IDs: %v", ids)
	}
}
