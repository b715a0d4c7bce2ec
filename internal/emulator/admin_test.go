package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
)

// startAll starts an emulator with all that belongs to it.
func startAll(t *testing.T, o emulator.Options) *dli {
	t.Helper()
	d := start(t, o)
	server := httptest.NewServer(d.Handler())
	t.Cleanup(server.Close)
	d.url, d.client = server.URL, server.Client()
	return d
}

func TestFaultsHandler(t *testing.T) {
	d := startAll(t, emulator.Options{})
	d.do("GET", emulator.FaultsPath, "").ok(`{"rules":[]}`)
	const rule = `{"operation":"ListEnhancedConnections","nth":2,"fault":{"kind":"status","status":429,"retry_after":"1.5s"}}`
	d.do("PUT", emulator.FaultsPath, `{"rules":[`+rule+`]}`).ok(`{"rules":[{"rule":` + rule + `,"seen":0,"fired":0}]}`)
	if got := d.pattern(3); got != "242" {
		t.Errorf("with the rule: %s", got)
	}
	d.do("GET", emulator.FaultsPath, "").ok(`{"rules":[{"rule":` + rule + `,"seen":3,"fired":1}]}`)
	for document, want := range map[string]string{
		`{"rules":[{"operation":"*","fault":{"kind":"latency"}}]}`:             "rules[0].fault.delay: must be longer than 0",
		`{"rules":[{"operation":"*","fault":{"kind":"hang"},"probabilty":1}]}`: "rules[0].probabilty: there is no such field",
		`{}`: "rules: is required",
		`{"rules":[]}` + strings.Repeat(" ", 1<<20): "body: did not come whole, or is larger than 1 MiB",
	} {
		d.do("PUT", emulator.FaultsPath, document).is(400, fmt.Sprintf(`{"error":%q}`, want))
	}
	d.do("GET", emulator.FaultsPath, "").ok(`{"rules":[{"rule":` + rule + `,"seen":3,"fired":1}]}`)
	d.do("DELETE", emulator.FaultsPath, "").ok(`{"rules":[]}`)
	if got := d.pattern(3); got != "222" {
		t.Errorf("without rules: %s", got)
	}
	r := d.do("POST", emulator.FaultsPath, "{}")
	r.is(405, `{"error":"the method is not allowed"}`)
	if allow := r.header.Get("Allow"); allow != "GET, PUT, DELETE" {
		t.Errorf("Allow: %s", allow)
	}
}

// The emulator's own paths show the facts whatever the rules are, and need no
// credentials.
func TestConnectionsHandler(t *testing.T) {
	d := startAll(t, emulator.Options{Identities: iam.Identities{Tokens: []string{"token"}}, Faults: []faults.Rule{
		{Operation: "CreateEnhancedConnection", Fault: faults.Fault{Kind: faults.SlowList, Delay: 1}},
		{Operation: "*", Fault: faults.Fault{Kind: faults.Status, Status: 503, Commit: true}},
	}})
	if r := d.do("POST", connectionsA, createBody("c"), "X-Auth-Token", "token"); r.status != 503 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	if got := names(t, d.do("GET", emulator.ConnectionsPath+"?project="+projectA, "")); len(got) != 1 || got[0] != "c" {
		t.Errorf("connections %v, want c", got)
	}
	d.do("GET", emulator.ConnectionsPath+"?project="+projectB, "").ok(`{"is_success":true,"message":"","count":0,"connections":[]}`)
	if r := d.do("DELETE", emulator.ConnectionsPath, ""); r.status != http.StatusMethodNotAllowed {
		t.Errorf("DELETE: %d", r.status)
	}
}

// DLI is as strict behind Handler as alone, and has none of the emulator's paths.
func TestHandlerIsDLI(t *testing.T) {
	d := startAll(t, emulator.Options{})
	d.create("c")
	d.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range []string{"/" + connectionsA, connectionsA + "/", "/_emulator", "/_emulator/faults/", "/_emulator//faults", "/_emulator/network/"} {
		if r := d.do("GET", path, ""); r.status != 404 || r.text("error_code") != "APIG.0101" {
			t.Errorf("%s: %d %s", r.request, r.status, r.body)
		}
	}
	alone := start(t, emulator.Options{})
	for _, path := range []string{emulator.FaultsPath, emulator.NetworkPath, emulator.ConnectionsPath, "/openstack/latest/securitykey"} {
		if r := alone.do("GET", path, ""); r.status != 404 {
			t.Errorf("DLI alone, %s: %d %s", r.request, r.status, r.body)
		}
	}
}
