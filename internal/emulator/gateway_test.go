package emulator_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/httprule"
)

func TestUnknownPathsAndMethods(t *testing.T) {
	d := start(t, emulator.Options{})
	path, connectionID := d.create("c")
	d.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, test := range [][2]string{
		{"GET", "/"},
		{"GET", "/v2.0/" + projectA + "/datasource/enhanced-connection"},
		{"GET", connectionsA + "/"},
		{"GET", path + "/"},
		{"GET", "/" + connectionsA},
		{"GET", "/v2.0//" + projectA + "/datasource/enhanced-connections"},
		{"GET", "/v2.0/x/../" + projectA + "/datasource/enhanced-connections"},
		{"GET", strings.Replace(connectionsA, "v2.0", "v3", 1)},
		{"POST", strings.Replace(path, "v2.0", "v3", 1) + "/associate-queue"},
		{"GET", path + "/routes"},
		{"PUT", connectionsA},
		{"PATCH", path},
		{"OPTIONS", connectionsA},
		{"GET", path + "/associate-queue"},
		{"POST", "/v1.0/" + projectA + "/authorization"},
		{"DELETE", path + "/routes/"},
		{"DELETE", path + "/routes/a/b"},
		{"GET", connectionsA + "/" + connectionID + "%2Fprivileges%2F.."},
	} {
		t.Run(test[0]+" "+test[1], func(t *testing.T) {
			d := *d
			d.t = t
			r := d.do(test[0], test[1], "")
			if strings.Contains(test[1], "%2F") {
				// One segment, and so the ID of no connection.
				r.rejected(400, "DLI.0001", missing(connectionID+"/privileges/.."))
				return
			}
			r.is(404, `{"error_code":"APIG.0101","request_id":"`+r.header.Get("X-Request-Id")+`",
				"error_msg":"The API does not exist or has not been published in the environment"}`)
		})
	}
	if got := d.do("HEAD", path, "").status; got != 404 {
		t.Errorf("HEAD: status %d, want 404", got)
	}
}

func TestProjects(t *testing.T) {
	d := start(t, emulator.Options{Projects: []string{projectA}})
	d.create("c")
	r := d.do("GET", connectionsB, "")
	r.is(403, `{"error_code":"APIGW.0302","error_msg":"The IAM user is not authorized to access the API","request_id":"`+r.header.Get("X-Request-Id")+`"}`)
	for _, project := range []string{"a-b", "..%2F..", "%2e%2e", strings.Repeat("a", 65), "ä"} {
		d.do("GET", "/v2.0/"+project+"/datasource/enhanced-connections", "").rejectedWith("project_id")
	}
}

func TestEveryResponseHasItsHeaders(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c")
	seen := map[string]bool{}
	for _, r := range []reply{
		d.do("GET", path, ""), d.do("GET", path, ""), d.do("GET", connectionsA+"?limit=x", ""), d.do("GET", "/nowhere", ""),
	} {
		requestID := r.header.Get("X-Request-Id")
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(requestID) || seen[requestID] {
			t.Errorf("%s: X-Request-Id %q is no 32 hex digits, or not new", r.request, requestID)
		}
		seen[requestID] = true
		if got := r.header.Get("Content-Type"); got != "application/json" {
			t.Errorf("%s: Content-Type %q", r.request, got)
		}
		if got := r.header.Get("Server"); got != "api-gateway" {
			t.Errorf("%s: Server %q", r.request, got)
		}
	}
}

func TestBodyLimit(t *testing.T) {
	const limit = 12 << 20
	d := start(t, emulator.Options{})
	body := createBody("c")
	padded := body + strings.Repeat(" ", limit-len(body))
	if r := d.do("POST", connectionsA, padded); r.status != http.StatusCreated {
		t.Errorf("12 MB: %d %s", r.status, r.body)
	}
	r := d.do("POST", connectionsA, padded+" ")
	r.is(413, `{"error_code":"APIG.0201","error_msg":"Request entity too large","request_id":"`+r.header.Get("X-Request-Id")+`"}`)
}

func TestRequestsAreReadStrictly(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("existing")
	for _, test := range []struct{ method, path, body, part string }{
		{"POST", connectionsA, createBody("c", `"host":[]`), "host"},
		{"POST", connectionsA, createBody("c", `"hosts":[{"nmae":"h"}]`), "nmae"},
		{"POST", connectionsA, createBody("c", `"project_id":"p"`), "project_id"},
		{"POST", connectionsA, createBody("c", `"is_success":true`), "is_success"},
		{"POST", connectionsA, createBody("c", `"request_id":"x"`), "request_id"},
		{"POST", connectionsA, createBody("c", `"queues":"q1"`), "queues"},
		{"POST", connectionsA, createBody("c", `"name":"d"`), "name"},
		{"POST", connectionsA, "", ""},
		{"POST", connectionsA, "[]", ""},
		{"POST", connectionsA, "{", ""},
		{"POST", connectionsA, createBody("c") + "{}", ""},
		{"POST", connectionsA + "?name=c", createBody("c"), "name"},
		{"PUT", path, `{"hostz":[]}`, "hostz"},
		{"PUT", path, `{"connection_id":"x"}`, "connection_id"},
		{"POST", path + "/associate-queue", `{"queue":["q"]}`, "queue"},
		{"POST", path + "/disassociate-queue", `{"pools":["q"]}`, "pools"},
		{"GET", path + "?view=BASIC", "", "view"},
		{"DELETE", path + "?force=true", "", "force"},
		{"GET", path + "/privileges?object=x", "", "object"},
		{"DELETE", path + "/routes/r?name=r", "", "name"},
	} {
		d.do(test.method, test.path, test.body).rejectedWith(test.part)
	}
	if got := len(d.Connections(projectA)); got != 1 {
		t.Errorf("%d connections after rejected requests, want 1", got)
	}
}

// Clients send any Content-Type, a GET's among them, and end bodies with a newline.
func TestWhatClientsSendIsAccepted(t *testing.T) {
	d := start(t, emulator.Options{})
	r := d.do("POST", connectionsA, createBody("c")+"\n", "Content-Type", "text/plain")
	if r.status != http.StatusCreated {
		t.Errorf("%d %s", r.status, r.body)
	}
	r = d.do("GET", connectionsA, "", "Content-Type", "application/json;charset=utf8", "X-Project-Id", projectB)
	if r.status != http.StatusOK {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// The paths of the emulator are written by hand, those of the service are
// annotations of the proto: they must be the same.
func TestBindingsOfTheProtoAreServed(t *testing.T) {
	service := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService")
	bindings, err := httprule.Bindings(service)
	if err != nil || len(bindings) < 16 {
		t.Fatalf("%d bindings (%v), want at least the 16 of DLI's documents", len(bindings), err)
	}
	d := start(t, emulator.Options{})
	for _, b := range bindings {
		path := strings.NewReplacer("{project_id}", projectA, "{connection_id}", id(1), "{name}", "r", "{queue_name}", "q1", "{task_id}", "1").Replace(b.Template)
		if r := d.do(b.HTTPMethod, path, ""); r.status == http.StatusNotFound {
			t.Errorf("%s of %s: %d %s", r.request, b.FullMethod, r.status, r.body)
		}
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), "POST", connectionsA, iotest.ErrReader(io.ErrUnexpectedEOF))
	w := httptest.NewRecorder()
	emulator.New(emulator.Options{}).ServeHTTP(w, r)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "DLI.0001") {
		t.Errorf("%d %s, want 400 DLI.0001", w.Code, w.Body)
	}
}
