package contract_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// dliToken is the token that connsvc sends to the scripted DLI.
const dliToken = "token-of-connsvc"

// A scriptedDLI is a DLI that follows a script and reports calls that differ from it.
type scriptedDLI struct {
	*httptest.Server

	parked chan struct{} // receives for each call of parkedID

	mu     sync.Mutex
	script []scripted
	then   []scripted // calls that may come after the script
	faults []string
}

// A scripted exchange is an exchange with everything filled in.
type scripted struct {
	want     upstreamWant
	response response
	fault    string
}

func newScriptedDLI(t *testing.T) *scriptedDLI {
	t.Helper()
	d := &scriptedDLI{parked: make(chan struct{}, 1)}
	d.Server = httptest.NewUnstartedServer(d)
	// net/http retries a GET on a broken idle connection, but not on a new one. So the
	// case alone decides how many calls there are.
	d.Config.SetKeepAlivesEnabled(false)
	d.Start()
	t.Cleanup(d.Close)
	return d
}

func (d *scriptedDLI) begin(script, then []scripted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.script, d.then, d.faults = script, then, nil
}

// end returns the differences from the script.
func (d *scriptedDLI) end() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.script {
		d.faults = append(d.faults, fmt.Sprintf("did not get %s %s", s.want.Method, s.want.Path))
	}
	return d.faults
}

func (d *scriptedDLI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.Contains(r.URL.Path, parkedID) {
		d.parked <- struct{}{}
		breakConnection(w, r, "hang")
		return
	}
	s, ok := d.next(r, body)
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotImplemented)
	case s.fault != "":
		breakConnection(w, r, s.fault)
	default:
		s.response.write(w)
	}
}

func (d *scriptedDLI) next(r *http.Request, body []byte) (scripted, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.script) == 0 {
		for _, s := range d.then {
			if len(s.want.mismatches(r, body)) == 0 {
				return s, true
			}
		}
		d.faults = append(d.faults, fmt.Sprintf("got %s %s, which the script does not have: %.200s", r.Method, r.RequestURI, body))
		return scripted{}, false
	}
	s := d.script[0]
	d.script = d.script[1:]
	d.faults = append(d.faults, s.want.mismatches(r, body)...)
	return s, true
}

func (w *upstreamWant) mismatches(r *http.Request, body []byte) []string {
	var faults []string
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if r.Method != w.Method || path != w.Path {
		faults = append(faults, fmt.Sprintf("got %s %s, wanted %s %s", r.Method, path, w.Method, w.Path))
	}
	got, err := url.ParseQuery(query)
	if err != nil {
		faults = append(faults, fmt.Sprintf("got the query %q: %v", query, err))
	}
	wanted := url.Values{}
	for name, value := range w.Query {
		wanted.Set(name, value)
	}
	if got.Encode() != wanted.Encode() {
		faults = append(faults, fmt.Sprintf("got the query %s, wanted %s", got.Encode(), wanted.Encode()))
	}
	if len(w.Body) == 0 {
		if len(body) > 0 {
			faults = append(faults, fmt.Sprintf("got a body: %.200s", body))
		}
	} else {
		if diff := jsonDiff(w.Body, body); diff != "" {
			faults = append(faults, "got another body (-want +got):\n"+diff)
		}
		if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			faults = append(faults, fmt.Sprintf("got the Content-Type %q", r.Header.Get("Content-Type")))
		}
	}
	return append(faults, headerFaults(r.Header, w.Headers)...)
}

// headerFaults compares headers: "*" is any value, nil is none.
func headerFaults(got http.Header, wanted map[string]*string) []string {
	var faults []string
	for name, value := range wanted {
		has := got.Get(name)
		switch {
		case value == nil && got.Values(name) != nil:
			faults = append(faults, fmt.Sprintf("got the header %s: %s, wanted none", name, has))
		case value == nil:
		case *value == "*" && has == "", *value != "*" && has != *value:
			faults = append(faults, fmt.Sprintf("got the header %s: %q, wanted %q", name, has, *value))
		}
	}
	return faults
}

func (r *response) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range r.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(bodyOf(r.Body, r.Text, r.Hex))
}

func bodyOf(body []byte, text *string, hexText string) []byte {
	if text != nil {
		return []byte(*text)
	}
	if b, err := hex.DecodeString(strings.ReplaceAll(hexText, " ", "")); err == nil && len(b) > 0 {
		return b
	}
	return body
}

// breakConnection breaks the connection instead of responding.
func breakConnection(w http.ResponseWriter, r *http.Request, fault string) {
	if fault == "hang" {
		<-r.Context().Done()
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	switch fault {
	case "cut":
		const half = `{"is_success":true,"mess`
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "+
			strconv.Itoa(2*len(half))+"\r\n\r\n"+half)
	case "noise":
		_, _ = io.WriteString(conn, "no HTTP at all\r\n\r\n")
	case "http2":
		_, _ = io.WriteString(conn, "\x00\x00\x00\x04\x00\x00\x00\x00\x00") // SETTINGS
	}
}
