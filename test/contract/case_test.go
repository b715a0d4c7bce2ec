package contract_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/httprule"
)

// A contractCase is one call, DLI's responses to it, and the wanted outcome.
// testdata/README.md describes the format.
type contractCase struct {
	Name    string             `json:"name"`
	RPC     string             `json:"rpc"`
	Only    string             `json:"only"`    // "grpc" or "rest"
	Because string             `json:"because"` // the reason for only
	Config  map[string]any     `json:"config"`  // merged into the base configuration
	Busy    bool               `json:"busy"`    // another call is in flight
	Headers map[string]*string `json:"headers"` // of the call: HTTP headers or gRPC metadata
	Request map[string]any     `json:"request"` // merged into the sample of the RPC; null removes a key
	GRPC    *grpcRequest       `json:"grpc"`    // a raw call instead of Request
	REST    *restRequest       `json:"rest"`    // a raw call instead of Request

	Upstream []exchange `json:"upstream"`
	Then     []exchange `json:"then"` // calls that may follow, any number of times
	Want     want       `json:"want"`

	file   string
	sample sample
}

// A grpcRequest is a call that a generated stub cannot make.
type grpcRequest struct {
	Method string `json:"method"` // full name, such as /connsvc.v1.ConnectionService/GetRoute
	Hex    string `json:"hex"`    // the message
}

// A restRequest is an HTTP request as it is sent.
type restRequest struct {
	Method string          `json:"method"`
	Path   string          `json:"path"` // escaped, with the query
	Body   json.RawMessage `json:"body"`
	Text   *string         `json:"text"` // a body that is not JSON
	Hex    string          `json:"hex"`  // a body that is not text
}

// An exchange is one call that DLI must get, and its response.
type exchange struct {
	Want     *upstreamWant `json:"want"`     // nil: the request of the case
	Response *response     `json:"response"` // nil: the sample of the RPC
	Fault    string        `json:"fault"`    // instead of a response: close, cut, hang, noise or http2
}

type upstreamWant struct {
	Method  string             `json:"method"`
	Path    string             `json:"path"`
	Query   map[string]string  `json:"query"`
	Headers map[string]*string `json:"headers"` // "*": any; null: absent
	Body    json.RawMessage    `json:"body"`    // left out: no body at all
}

type response struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	Text    *string           `json:"text"`
	Hex     string            `json:"hex"`
}

// A sample is a valid request of an RPC and DLI's successful response.
type sample struct {
	Request  map[string]any `json:"request"`
	Response response       `json:"response"`
}

func load(t *testing.T) []*contractCase {
	t.Helper()
	var samples map[string]sample
	loadOne(t, "testdata/samples.yaml", &samples)
	files, err := filepath.Glob("testdata/cases/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of cases: %v", err)
	}
	var cases []*contractCase
	for _, file := range files {
		docs, err := readYAML(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range docs {
			for _, row := range expand(t, file, doc) {
				c := &contractCase{file: filepath.Base(file)}
				if err := decode(row, c); err != nil {
					t.Fatalf("%s: %q: %v", file, row["name"], err)
				}
				var ok bool
				if c.sample, ok = samples[c.RPC]; !ok && c.RPC != "" {
					t.Fatalf("%s: %q: no sample for %s in testdata/samples.yaml", file, c.Name, c.RPC)
				}
				if c.Request != nil || c.sample.Request != nil {
					c.Request, _ = merge(c.sample.Request, c.Request).(map[string]any)
				}
				c.check(t, row)
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// expand returns the cases of a document: one for each row of its table, merged into
// the rest of the document, and one for each of its RPCs.
func expand(t *testing.T, file string, doc any) []map[string]any {
	t.Helper()
	base, ok := doc.(map[string]any)
	if !ok {
		t.Fatalf("%s: a document that is not a case", file)
	}
	rows := []map[string]any{base}
	if table, ok := base["table"].([]any); ok {
		rest := maps.Clone(base)
		delete(rest, "table")
		rows = rows[:0]
		for _, row := range table {
			row, _ := merge(rest, row).(map[string]any)
			rows = append(rows, named(row, base["name"], row["name"]))
		}
	}
	var cases []map[string]any
	for _, row := range rows {
		rpcs, ok := row["rpcs"]
		if !ok {
			cases = append(cases, row)
			continue
		}
		for _, rpc := range rpcNames(rpcs) {
			c := named(row, row["name"], rpc)
			delete(c, "rpcs")
			c["rpc"] = rpc
			cases = append(cases, c)
		}
	}
	return cases
}

func named(row map[string]any, name, more any) map[string]any {
	row = maps.Clone(row)
	if name != more {
		row["name"] = fmt.Sprintf("%v / %v", name, more)
	}
	return row
}

// rpcNames reads rpcs: a list, or "every" operation of DLI.
func rpcNames(rpcs any) []string {
	var names []string
	if rpcs == "every" {
		methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
		for i := range methods.Len() {
			if httprule.IsDLI(methods.Get(i)) {
				names = append(names, string(methods.Get(i).Name()))
			}
		}
		return names
	}
	list, _ := rpcs.([]any)
	for _, rpc := range list {
		names = append(names, fmt.Sprint(rpc))
	}
	return names
}

// merge merges over into base: objects key by key, where null removes a key, and
// everything else as a whole.
func merge(base, over any) any {
	b, isObject := base.(map[string]any)
	o, both := over.(map[string]any)
	if !isObject || !both {
		return over
	}
	m := maps.Clone(b)
	for key, v := range o {
		if v == nil {
			delete(m, key)
			continue
		}
		m[key] = merge(m[key], v)
	}
	return m
}

func decode(from, to any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	d.UseNumber()
	return d.Decode(to)
}

func loadOne(t *testing.T, file string, to any) {
	t.Helper()
	docs, err := readYAML(file)
	if err != nil || len(docs) != 1 {
		t.Fatalf("%s: %d documents: %v", file, len(docs), err)
	}
	if err := decode(docs[0], to); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// check rejects a case that proves less than it seems to.
func (c *contractCase) check(t *testing.T, row map[string]any) {
	t.Helper()
	_, said := row["upstream"]
	switch {
	case c.Name == "":
		t.Fatalf("%s: a case without a name", c.file)
	case !said:
		t.Fatalf("%s: %q has no key upstream, which is [] if nothing reaches DLI", c.file, c.Name)
	case (c.Only == "") != (c.Because == ""), !slices.Contains([]string{"", "grpc", "rest"}, c.Only):
		t.Fatalf("%s: %q is for one API (grpc or rest) without a reason", c.file, c.Name)
	case c.REST != nil && c.GRPC != nil, c.GRPC != nil && c.Only != "grpc":
		t.Fatalf("%s: %q has two raw calls, or one for the wrong API", c.file, c.Name)
	}
}
