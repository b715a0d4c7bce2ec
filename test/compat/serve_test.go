package compat_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Without configured authentication a caller's credentials are ignored, and reach neither
// DLI nor the log.
func TestCallerCredentialsStayHere(t *testing.T) {
	own := map[string]string{
		"token":      "token: { file: ./token }",
		"access key": "access_key: { id: { file: ./id }, secret: { file: ./secret } }",
		"temporary access key": "access_key: { id: { file: ./id }, secret: { file: ./secret }, " +
			"security_token: { file: ./security_token } }",
	}
	for name, credentials := range own {
		t.Run(name, func(t *testing.T) {
			dli := newStub(t)
			connsvc, url := serve(t, dli.server.URL, credentials)
			for _, c := range everyCall {
				header := http.Header{
					"Authorization":       {"SDK-HMAC-SHA256 Access=CALLERS, SignedHeaders=x-sdk-date, Signature=CALLERS"},
					"X-Auth-Token":        {"CALLERS"},
					"X-Security-Token":    {"CALLERS"},
					"X-Subject-Token":     {"CALLERS"},
					"Cookie":              {"session=CALLERS"},
					"Proxy-Authorization": {"Basic CALLERS"},
					"X-Project-Id":        {"CALLERS"},
					"X-Domain-Id":         {"CALLERS"},
					"X-Sdk-Date":          {"20060102T150405Z"},
					"X-Language":          {"CALLERS"},
					"User-Agent":          {"CALLERS"},
				}
				call(t, c.method, url+c.path, header, strings.NewReader(c.body)).success(t, c.status)
			}
			dli.wantOwn(t, name)
			if strings.Contains(connsvc.stderr.String()+connsvc.stdout.String(), "CALLERS") {
				t.Errorf("the log has a caller's credentials:\n%s", connsvc.stderr)
			}
		})
	}
}

// everyCall has each operation with each of its paths.
var everyCall = []struct {
	method, path, body string
	status             int
}{
	{"POST", stubConnections, `{"name":"n","dest_vpc_id":"` + vpcID + `","dest_network_id":"` + subnetID + `"}`, 201},
	{"GET", stubConnections, "", 200},
	{"GET", stubConnection, "", 200},
	{"PUT", stubConnection, `{"hosts":null}`, 200},
	{"POST", stubConnection + "/associate-queue", `{"queues":["q1"]}`, 200},
	{"POST", stubConnection + "/disassociate-queue", `{"queues":["q1"]}`, 200},
	{"POST", stubConnection + "/routes", `{"name":"r","cidr":"10.0.0.0/24"}`, 200},
	{"DELETE", stubConnection + "/routes/r", "", 200},
	{"POST", strings.Replace(stubConnection, "v2.0", "v3", 1) + "/routes", `{"name":"r","cidr":"10.0.0.0/24"}`, 200},
	{"DELETE", strings.Replace(stubConnection, "v2.0", "v3", 1) + "/routes/r", "", 200},
	{"GET", stubConnection + "/privileges", "", 200},
	{"PUT", "/v1.0/p1/authorization", `{"projectId":"` + grantee + `","action":"grant","privileges":[{"object":"edsconnections.` +
		stubID + `","privileges":["BIND_QUEUE"]}]}`, 200},
	{"GET", "/v1.0/p1/authorization/privileges?object=edsconnections." + stubID, "", 200},
	{"DELETE", stubConnection, "", 200},
}

const (
	stubID          = "2a620c33-5609-40c9-affd-2b6453071b0f"
	stubConnections = "/v2.0/p1/datasource/enhanced-connections"
	stubConnection  = stubConnections + "/" + stubID
)

// A stub responds as a DLI with one connection, and keeps the headers of its requests.
type stub struct {
	server *httptest.Server

	mu      sync.Mutex
	headers []http.Header
}

func newStub(t *testing.T) *stub {
	s := &stub{}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.headers = append(s.headers, r.Header.Clone())
	s.mu.Unlock()
	connection := `"id":"` + stubID + `","name":"n","status":"ACTIVE","create_time":1566888011125`
	status, rest := http.StatusOK, ""
	switch {
	case r.URL.Path == stubConnections && r.Method == http.MethodPost:
		status, rest = http.StatusCreated, `,"connection_id":"`+stubID+`"`
	case r.URL.Path == stubConnections:
		rest = `,"count":1,"connections":[{` + connection + `}]`
	case r.URL.Path == stubConnection && r.Method == http.MethodGet:
		rest = "," + connection
	case strings.HasSuffix(r.URL.Path, "/privileges"):
		rest = `,"privileges":[]`
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"is_success":true,"message":""`+rest+`}`)
}

// wantOwn checks that every request has connsvc's own credentials and no header of the
// caller's.
func (s *stub) wantOwn(t *testing.T, credentials string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.headers) < len(everyCall) {
		t.Errorf("DLI saw %d requests of %d calls", len(s.headers), len(everyCall))
	}
	want := map[string]string{"X-Auth-Token": "OWN-TOKEN", "Authorization": "", "X-Security-Token": "", "Cookie": ""}
	if credentials != "token" {
		want["X-Auth-Token"], want["Authorization"] = "", "SDK-HMAC-SHA256 Access=OWN-ID, "
	}
	if credentials == "temporary access key" {
		want["X-Security-Token"] = "OWN-SECURITY-TOKEN"
	}
	for _, header := range s.headers {
		for key, prefix := range want {
			if got := header.Get(key); !strings.HasPrefix(got, prefix) || (got == "") != (prefix == "") {
				t.Errorf("DLI saw %s %q, want it to start with %q", key, got, prefix)
			}
		}
		for key, values := range header {
			if strings.Contains(strings.Join(values, " "), "CALLERS") {
				t.Errorf("DLI saw %s of the caller: %q", key, values)
			}
		}
		if got := header.Get("X-Sdk-Date"); got == "20060102T150405Z" {
			t.Errorf("DLI saw the caller's X-Sdk-Date")
		}
	}
}

// serve starts connsvc serve in front of an upstream with these keys, and returns it and its REST address.
// It must exit with status 0 at the end of the test.
func serve(t *testing.T, endpoint, keys string) (*process, string) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"token": "OWN-TOKEN\n", "id": "OWN-ID\n", "secret": "OWN-SECRET\n", "security_token": "OWN-SECURITY-TOKEN\n",
		"caller_secret": callerSecret + "\n",
		"connsvc.yaml": `
grpc: { address: "127.0.0.1:0" }
rest: { address: "127.0.0.1:0" }
admin: { address: "127.0.0.1:0" }
log: { level: DEBUG }
upstreams:
  - endpoint: "` + endpoint + `"
    ` + keys + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	connsvc, err := start(dir, "serve", "--config", "connsvc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := connsvc.stop(); err != nil {
			t.Errorf("%v; it wrote:\n%s", err, connsvc.stderr)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	address, err := connsvc.stderr.await(ctx, connsvc.exited, `(?m)^\{.*"msg":"listening".*"rest":"([^"]+)".*\}$`)
	if err != nil {
		t.Fatalf("%v; it wrote:\n%s", err, connsvc.stderr)
	}
	return connsvc, "http://" + address
}
