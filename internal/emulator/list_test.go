package emulator_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
)

// names returns the names in the response to a list, and checks its count.
func names(t *testing.T, r reply) []string {
	t.Helper()
	list, ok := r.object()["connections"].([]any)
	if r.status != 200 || !ok {
		t.Fatalf("%s: %d %s", r.request, r.status, r.body)
	}
	got := []string{}
	for _, c := range list {
		got = append(got, c.(map[string]any)["name"].(string))
	}
	if count := fmt.Sprint(r.object()["count"]); count != strconv.Itoa(len(list)) {
		t.Errorf("count is %s for %d connections", count, len(list))
	}
	return got
}

// fill makes a1 b2 c3 in this order, one a second, and deletes b2.
func fill(d *dli) {
	d.create("a1", `"tags":[{"key":"k1","value":"v 1"},{"key":"k2","value":"v2"}]`)
	d.clock.advance(time.Second)
	deleted, _ := d.create("b2", `"tags":[{"key":"k1","value":"v 1"}]`)
	d.clock.advance(time.Second)
	d.create("c3", `"tags":[{"key":"k2","value":""}]`)
	d.do("DELETE", deleted, "").ok(`{"is_success":true,"message":"Deleted"}`)
}

func TestListFilters(t *testing.T) {
	d := start(t, emulator.Options{})
	fill(d)
	for query, want := range map[string][]string{
		"":                           {"a1", "b2", "c3"},
		"?status=ACTIVE":             {"a1", "c3"},
		"?status=active":             {"a1", "c3"},
		"?status=Deleted":            {"b2"},
		"?name=a1":                   {"a1"},
		"?name=a":                    {},
		"?name=A1":                   {},
		"?name=b2&status=ACTIVE":     {},
		"?tags=k1%3Dv%201":           {"a1", "b2"},
		"?tags=k1%3Dv%201%2Ck2%3Dv2": {"a1"},
		"?tags=k2=":                  {"c3"},
		"?tags=k3=v":                 {},
		"?limit=2":                   {"a1", "b2"},
		"?limit=0":                   {"a1", "b2", "c3"},
		"?limit=2&offset=2":          {"c3"},
		"?offset=1":                  {"b2", "c3"},
		"?offset=3":                  {},
		"?offset=2147483647":         {},
		"?offset=1&status=ACTIVE":    {"c3"},
		"?limit=0&offset=0&status=ACTIVE&tags=k1%3Dv%201%2Ck2%3Dv2": {"a1"},
	} {
		t.Run(query, func(t *testing.T) {
			d := *d
			d.t = t
			if diff := cmp.Diff(want, names(t, d.do("GET", connectionsA+query, ""))); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestListRejectsQueries(t *testing.T) {
	d := start(t, emulator.Options{})
	for query, part := range map[string]string{
		"?limit=-1":                  "limit",
		"?limit=x":                   "limit",
		"?limit=1.5":                 "limit",
		"?limit=99999999999":         "limit",
		"?offset=-1":                 "offset",
		"?offset=ten":                "offset",
		"?status=GONE":               "status",
		"?status=STATUS_UNSPECIFIED": "status",
		"?tags=novalue":              "tags",
		"?tags=_sys_x=v":             "tags",
		"?view=BASIC":                "view",
		"?Limit=1":                   "Limit",
		"?limit=1&limit=2":           "limit",
		"?limit=%zz":                 "query",
	} {
		t.Run(query, func(t *testing.T) {
			d := *d
			d.t = t
			d.do("GET", connectionsA+query, "").rejectedWith(part)
		})
	}
}

func TestListDefaultLimit(t *testing.T) {
	d := start(t, emulator.Options{})
	for i := range 101 {
		d.create(fmt.Sprintf("c%d", i))
	}
	if got := len(names(t, d.do("GET", connectionsA, ""))); got != 100 {
		t.Errorf("%d connections without a limit, want 100", got)
	}
	if got := len(names(t, d.do("GET", connectionsA+"?limit=0", ""))); got != 101 {
		t.Errorf("%d connections with limit 0, want 101", got)
	}
}

// A list shows what GET shows.
func TestListShowsWholeConnections(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c", `"queues":["q1"],"hosts":[{"name":"h","ip":"10.0.0.1"}],"tags":[{"key":"k","value":"v"}]`)
	d.do("POST", path+"/routes", `{"name":"r","cidr":"10.0.0.0/24"}`).ok(`{"is_success":true,"message":""}`)
	one := d.do("GET", path, "").object()
	delete(one, "is_success")
	delete(one, "message")
	list := d.do("GET", connectionsA, "")
	if diff := cmp.Diff([]any{one}, list.object()["connections"]); diff != "" {
		t.Errorf("connections (-GET +list):\n%s", diff)
	}
	if strings.Contains(list.body, `"tags"`) {
		t.Errorf("tags came back, which DLI never returns: %s", list.body)
	}
}
