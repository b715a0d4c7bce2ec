package emulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
)

const (
	projectA = "48cc2c48765f481480c7db940d6409d1"
	projectB = "330e068af1334c9782f4226acc00a2e2"

	connectionsA = "/v2.0/" + projectA + "/datasource/enhanced-connections"
	connectionsB = "/v2.0/" + projectB + "/datasource/enhanced-connections"

	vpc    = "22094d8f-c310-4621-913d-4c4d655d8495"
	subnet = "78f2562a-36e4-4b39-95b9-f5aab22e1281"

	// startMillis is where the clock of every test starts.
	startMillis = 1566888011125
)

// id is the n-th ID that the emulator of a test makes.
func id(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// A clock stops until it is advanced.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A dli is a started emulator.
type dli struct {
	*emulator.Emulator
	t      *testing.T
	url    string
	client *http.Client
	clock  *clock
}

// start starts an emulator on a port of its own, with a clock that stops
// and IDs that count.
func start(t *testing.T, o emulator.Options) *dli {
	t.Helper()
	c := &clock{now: time.UnixMilli(startMillis)}
	if o.Now == nil {
		o.Now = c.read
	}
	if o.NewID == nil && o.Seed == 0 {
		n := 0
		o.NewID = func() string { n++; return id(n) }
	}
	e := emulator.New(o)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return &dli{Emulator: e, t: t, url: server.URL, client: server.Client(), clock: c}
}

// A reply is what came back.
type reply struct {
	t       *testing.T
	request string
	status  int
	header  http.Header
	body    string
}

// do sends a request and returns the reply. Header is name, value, name, value.
func (d *dli) do(method, path, body string, header ...string) reply {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.url+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return d.send(r)
}

func (d *dli) send(r *http.Request) reply {
	d.t.Helper()
	resp, err := d.client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return reply{t: d.t, request: r.Method + " " + r.URL.Path, status: resp.StatusCode, header: resp.Header, body: string(body)}
}

// is checks the status and the whole body, as JSON.
func (r reply) is(status int, body string) {
	r.t.Helper()
	if r.status != status {
		r.t.Errorf("%s: status %d, want %d; body %s", r.request, r.status, status, r.body)
		return
	}
	if diff := cmp.Diff(parse(r.t, body), parse(r.t, r.body)); diff != "" {
		r.t.Errorf("%s: body (-want +got):\n%s", r.request, diff)
	}
}

// ok is is(200, body).
func (r reply) ok(body string) {
	r.t.Helper()
	r.is(http.StatusOK, body)
}

// rejected checks for an error body and nothing else in it.
func (r reply) rejected(status int, code, message string) {
	r.t.Helper()
	r.is(status, fmt.Sprintf(`{"error_code":%q,"error_msg":%q}`, code, message))
}

// refusedWith checks for DLI.0001 with a message that contains part.
func (r reply) rejectedWith(part string) {
	r.t.Helper()
	if r.status != http.StatusBadRequest || r.text("error_code") != "DLI.0001" || !strings.Contains(r.text("error_msg"), part) {
		r.t.Errorf("%s: %d %s, want 400 DLI.0001 with %q", r.request, r.status, r.body, part)
	}
}

// text returns the string that the body has under a name.
func (r reply) text(name string) string {
	r.t.Helper()
	s, _ := r.object()[name].(string)
	return s
}

func (r reply) object() map[string]any {
	r.t.Helper()
	o, ok := parse(r.t, r.body).(map[string]any)
	if !ok {
		r.t.Fatalf("%s: %d, body is no object: %s", r.request, r.status, r.body)
	}
	return o
}

func parse(t *testing.T, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

// create creates a connection with these members beside the mandatory ones, as in
// `"queues":["q1"]`, and returns its path and ID.
func (d *dli) create(name string, members ...string) (path, connectionID string) {
	d.t.Helper()
	r := d.do("POST", connectionsA, createBody(name, members...))
	if r.status != http.StatusCreated {
		d.t.Fatalf("creating %q: %d %s", name, r.status, r.body)
	}
	connectionID = r.text("connection_id")
	return connectionsA + "/" + connectionID, connectionID
}

func createBody(name string, members ...string) string {
	mandatory := fmt.Sprintf(`"name":%q,"dest_vpc_id":%q,"dest_network_id":%q`, name, vpc, subnet)
	return "{" + strings.Join(append([]string{mandatory}, members...), ",") + "}"
}

// missing is the text for a connection that is not there.
func missing(connectionID string) string { return "Connection " + connectionID + " does not exist." }
