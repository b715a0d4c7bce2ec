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

// dliToken is what connsvc shows to the scripted DLI.
const dliToken = "token-of-connsvc"

// A dli is a DLI that follows a script and tells what departs from it.
type dli struct {
	*httptest.Server

	parked chan struct{} // told of each call for parkedID

	mu     sync.Mutex
	script []scripted
	then   []scripted // what may come once the script is done
	faults []string
}

// A scripted exchange is an exchange with everything filled in.
type scripted struct {
	want   upstreamWant
	answer answer
	fault  string
}

func newDLI(t *testing.T) *dli {
	t.Helper()
	d := &dli{parked: make(chan struct{}, 1)}
	d.Server = httptest.NewUnstartedServer(d)
	// net/http sends a GET again where a kept connection broke; on a new one it
	// does not, so that each case decides alone how many calls there are.
	d.Config.SetKeepAlivesEnabled(false)
	d.Start()
	t.Cleanup(d.Close)
	return d
}

func (d *dli) begin(script, then []scripted) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.script, d.then, d.faults = script, then, nil
}

// end returns what departed from the script.
func (d *dli) end() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.script {
		d.faults = append(d.faults, fmt.Sprintf("did not get %s %s", s.want.Method, s.want.Path))
	}
	return d.faults
}

func (d *dli) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if strings.Contains(r.URL.Path, parkedID) {
		d.parked <- struct{}{}
		breakOff(w, r, "hang")
		return
	}
	s, ok := d.next(r, body)
	switch {
	case !ok:
		w.WriteHeader(http.StatusNotImplemented)
	case s.fault != "":
		breakOff(w, r, s.fault)
	default:
		s.answer.write(w)
	}
}

func (d *dli) next(r *http.Request, body []byte) (scripted, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.script) == 0 {
		for _, s := range d.then {
			if len(s.want.departures(r, body)) == 0 {
				return s, true
			}
		}
		d.faults = append(d.faults, fmt.Sprintf("got %s %s, which the script does not have: %.200s", r.Method, r.RequestURI, body))
		return scripted{}, false
	}
	s := d.script[0]
	d.script = d.script[1:]
	d.faults = append(d.faults, s.want.departures(r, body)...)
	return s, true
}

func (w *upstreamWant) departures(r *http.Request, body []byte) []string {
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

func (a *answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	for name, value := range a.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(bodyOf(a.Body, a.Text, a.Hex))
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

// breakOff does what a broken network does instead of an answer.
func breakOff(w http.ResponseWriter, r *http.Request, fault string) {
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
	}
}
