package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/httprule"
)

// A wireRequest is a call of REST: connsvc's, and DLI's too.
type wireRequest struct {
	method string
	path   string
	query  map[string]string
	body   []byte
}

func (w *wireRequest) target() string {
	if len(w.query) == 0 {
		return w.path
	}
	q := url.Values{}
	for name, value := range w.query {
		q.Set(name, value)
	}
	return w.path + "?" + q.Encode()
}

// bindingsOf returns the REST forms of an RPC, the documented one first.
func bindingsOf(t *testing.T, rpc string) []*httprule.Binding {
	t.Helper()
	all, err := httprule.Bindings(connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0))
	if err != nil {
		t.Fatal(err)
	}
	all = slices.DeleteFunc(all, func(b *httprule.Binding) bool { return string(b.Method.Name()) != rpc })
	if len(all) == 0 {
		t.Fatalf("no RPC %q", rpc)
	}
	return all
}

// wire writes a request as REST does, from its JSON alone: names are DLI's
// names, so nothing but their place changes. The codec under test has no part in it.
func wire(t *testing.T, b *httprule.Binding, request map[string]any) wireRequest {
	t.Helper()
	w := wireRequest{method: b.HTTPMethod, path: b.Template}
	rest := maps.Clone(request)
	for _, name := range b.PathNames {
		segment := url.PathEscape(fmt.Sprint(rest[string(name)]))
		if segment == "." || segment == ".." {
			segment = strings.ReplaceAll(segment, ".", "%2E")
		}
		w.path = strings.Replace(w.path, "{"+string(name)+"}", segment, 1)
		delete(rest, string(name))
	}
	if b.HasBody {
		body, err := json.Marshal(rest)
		if err != nil {
			t.Fatal(err)
		}
		w.body = body
		return w
	}
	w.query = map[string]string{}
	for name, v := range rest {
		w.query[name] = parameter(v)
	}
	return w
}

// parameter writes tags as k1=v1,k2=v2 (dli_02_0190).
func parameter(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	var pairs []string
	for _, item := range list {
		tag, _ := item.(map[string]any)
		pairs = append(pairs, fmt.Sprintf("%v=%v", tag["key"], tag["value"]))
	}
	return strings.Join(pairs, ",")
}

// message makes the gRPC request of a case.
func message(t *testing.T, md protoreflect.MessageDescriptor, request map[string]any) protoreflect.ProtoMessage {
	t.Helper()
	m := newMessage(t, md)
	data, err := json.Marshal(request)
	if err == nil {
		err = protojson.Unmarshal(data, m)
	}
	if err != nil {
		t.Fatalf("a request that gRPC does not have: %v", err)
	}
	return m
}

func newMessage(t *testing.T, md protoreflect.MessageDescriptor) protoreflect.ProtoMessage {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return mt.New().Interface()
}

// script fills in what an exchange leaves out: DLI gets the very request that
// the caller made, and answers well.
func (c *contractCase) script(t *testing.T, exchanges []exchange) []scripted {
	t.Helper()
	script := make([]scripted, 0, len(exchanges))
	for _, e := range exchanges {
		s := scripted{fault: e.Fault, answer: c.sample.Answer}
		if e.Answer != nil {
			s.answer = *e.Answer
		}
		if s.answer.Status == 0 {
			s.answer.Status = http.StatusOK
		}
		if e.Want != nil {
			s.want = *e.Want
		} else {
			w := wire(t, bindingsOf(t, c.RPC)[0], c.Request)
			s.want = upstreamWant{Method: w.method, Path: w.path, Query: w.query, Body: w.body}
		}
		script = append(script, s)
	}
	return script
}
