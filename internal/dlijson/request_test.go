package dlijson_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

func TestDecodeRequest(t *testing.T) {
	create := func(edit func(*connsvcv1.CreateEnhancedConnectionRequest)) proto.Message {
		m := &connsvcv1.CreateEnhancedConnectionRequest{}
		edit(m)
		return m
	}
	type request = connsvcv1.CreateEnhancedConnectionRequest
	tests := []struct {
		name, text string
		want       proto.Message
	}{
		{"DLI's example", `{
			"name": "test1",
			"dest_vpc_id": "22094d8f-c310-4621-913d-4c4d655d8495",
			"dest_network_id": "78f2562a-36e4-4b39-95b9-f5aab22e1281",
			"elastic_resource_pools": ["p1"],
			"queues": ["q1", "q2"],
			"hosts": [{"name": "ecs-97f8-0001", "ip": "192.168.0.1"}],
			"tags": [{"key": "k1", "value": "v1"}]
		}`, create(func(m *request) {
			m.Name, m.DestVpcId = "test1", "22094d8f-c310-4621-913d-4c4d655d8495"
			m.DestNetworkId = "78f2562a-36e4-4b39-95b9-f5aab22e1281"
			m.ElasticResourcePools, m.Queues = []string{"p1"}, []string{"q1", "q2"}
			m.Hosts = []*connsvcv1.Host{{Name: "ecs-97f8-0001", Ip: "192.168.0.1"}}
			m.Tags = []*connsvcv1.Tag{{Key: "k1", Value: proto.String("v1")}}
		})},
		{"empty object", `{}`, create(func(*request) {})},
		{"trailing newline", "{\"name\":\"a\"} \r\n\t", create(func(m *request) { m.Name = "a" })},
		{
			"null as absent", `{"name":null,"hosts":null,"queues":null,"tags":[{"key":null,"value":null}]}`,
			create(func(m *request) { m.Tags = []*connsvcv1.Tag{{}} }),
		},
		{"empty lists", `{"queues":[],"tags":[]}`, create(func(*request) {})},
		{
			"empty optional string is set", `{"tags":[{"value":""}]}`,
			create(func(m *request) { m.Tags = []*connsvcv1.Tag{{Value: proto.String("")}} }),
		},
		{"empty element", `{"hosts":[{},{"ip":""}]}`, create(func(m *request) { m.Hosts = []*connsvcv1.Host{{}, {}} })},
		{"escapes in names and values", `{"na\u006de":"\u00fc\ud834\udd1e\n\/"}`, create(func(m *request) { m.Name = "ü𝄞\n/" })},
		{"another order", `{"tags":[{"value":"v","key":"k"}],"name":"n"}`, create(func(m *request) {
			m.Name, m.Tags = "n", []*connsvcv1.Tag{{Key: "k", Value: proto.String("v")}}
		})},
		{
			"a JSON name that is not the field's", `{"projectId":"p","action":"grant"}`,
			&connsvcv1.UpdatePrivilegesRequest{GranteeProjectId: "p", Action: "grant"},
		},
		{"enum in any case", `{"status":"deLETed"}`, &connsvcv1.ListEnhancedConnectionsRequest{Status: connsvcv1.EnhancedConnection_DELETED}},
		{"optional zero is set", `{"limit":0,"offset":-0}`, &connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(0)}},
		{
			"limits of int32", `{"limit":-2147483648,"offset":2147483647}`,
			&connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(-2147483648), Offset: 2147483647},
		},
		{"optional bool", `{"reconciled":false}`, &connsvcv1.CreateEnhancedConnectionResponse{Reconciled: proto.Bool(false)}},
		{"time", `{"create_time":1566888011125}`, &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{Seconds: 1566888011, Nanos: 125_000_000}}},
		{"time before 1970", `{"create_time":-1}`, &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{Seconds: -1, Nanos: 999_000_000}}},
		{"first time", `{"create_time":-62135596800000}`, &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{Seconds: -62135596800}}},
		{"last time", `{"create_time":253402300799999}`, &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{Seconds: 253402300799, Nanos: 999_000_000}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range readers(test.text) {
				got := test.want.ProtoReflect().New().Interface()
				if err := dlijson.DecodeRequest(r, got); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// readers return a text in all the ways that a streaming decoder may meet.
func readers(text string) map[string]io.Reader {
	return map[string]io.Reader{
		"at once":      strings.NewReader(text),
		"byte by byte": iotest.OneByteReader(strings.NewReader(text)),
		"end with it":  iotest.DataErrReader(strings.NewReader(text)),
	}
}

func TestDecodeRequestRejects(t *testing.T) {
	deep := strings.Repeat("[", 70)
	create, list, route := &connsvcv1.CreateEnhancedConnectionRequest{}, &connsvcv1.ListEnhancedConnectionsRequest{}, &connsvcv1.Route{}
	tests := []struct {
		name, text string
		m          proto.Message
		want       dlijson.Error
	}{
		{"nothing", "", create, dlijson.Error{Kind: dlijson.Syntax, Message: "expected a JSON object, got nothing"}},
		{"white space", " \n", create, dlijson.Error{Kind: dlijson.Syntax, Offset: 2, Message: "expected a JSON object, got nothing"}},
		{"null", "null", create, dlijson.Error{Kind: dlijson.Syntax, Message: "expected a JSON object, got null"}},
		{"list", " [{}]", create, dlijson.Error{Kind: dlijson.Syntax, Offset: 1, Message: "expected a JSON object, got a list"}},
		{"text", `"{}"`, create, dlijson.Error{Kind: dlijson.Syntax, Message: "expected a JSON object, got a string"}},
		{"form", " name=a", create, dlijson.Error{Kind: dlijson.Syntax, Offset: 1, Message: "expected a JSON object, got no JSON"}},
		{"byte order mark", "\ufeff{}", create, dlijson.Error{Kind: dlijson.Syntax, Message: "expected a JSON object, got no JSON"}},
		{"two objects", "{} {}", create, dlijson.Error{Kind: dlijson.Syntax, Offset: 2, Message: "expected nothing after the JSON object"}},
		{"rubbish after", "{}}", create, dlijson.Error{Kind: dlijson.Syntax, Offset: 2, Message: "invalid character at start of value"}},
		{"cut in a name", `{"na`, create, dlijson.Error{Kind: dlijson.Syntax, Offset: 4, Message: "the text ends too early"}},
		{"cut in a list", `{"hosts":[{"ip":"a"},{"ip":`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "hosts[1].ip", Offset: 27, Message: "the text ends too early"}},
		{"cut before the end", `{"name":"a"`, create, dlijson.Error{Kind: dlijson.Syntax, Offset: 11, Message: "the text ends too early"}},
		{"no value", `{"name":}`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "name", Offset: 8, Message: "missing value after object name"}},
		{"no colon", `{"name" "a"}`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "name", Offset: 8, Message: "invalid character after object name (expecting ':')"}},
		{"number as name", `{1:2}`, create, dlijson.Error{Kind: dlijson.Syntax, Offset: 1, Message: "expected the name of a field"}},
		{"comma at the end", `{"hosts":[{},]}`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "hosts[1]", Offset: 12, Message: "invalid character at start of value"}},
		{"broken literal", `{"name":nul}`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "name", Offset: 11, Message: "invalid character in literal null (expecting 'l')"}},
		{"broken literal of another type", `{"name":tru}`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "name", Offset: 11, Message: "invalid character in literal true (expecting 'e')"}},
		{"comment", `{/**/}`, create, dlijson.Error{Kind: dlijson.Syntax, Offset: 1, Message: "invalid character at start of value"}},

		{"foreign character", `{é}`, create, dlijson.Error{Kind: dlijson.Syntax, Offset: 1, Message: "invalid character at start of value"}},
		{"quote as character", `{"name":'}`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "name", Offset: 8, Message: "invalid character at start of value"}},
		{"unknown escape", `{"name":"a\x00"}`, create, dlijson.Error{Kind: dlijson.Syntax, Path: "name", Offset: 10, Message: "invalid escape sequence in string"}},
		{"newline in a string", "{\"name\":\"a\nb\"}", create, dlijson.Error{Kind: dlijson.Syntax, Path: "name", Offset: 10, Message: "invalid character in string (expecting non-control character)"}},
		{"leading zero", `{"limit":05}`, list, dlijson.Error{Kind: dlijson.Syntax, Offset: 10, Message: "invalid character after object value (expecting ',' or '}')"}},

		{"unknown", `{"colour":1}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: "colour", Offset: 1, Message: `unknown field "colour"`}},
		{"unknown below", `{"hosts":[{},{"nmae":"a"}]}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: "hosts[1].nmae", Offset: 14, Message: `unknown field "nmae": did you mean "name"?`}},
		{"one letter less", `{"host":[]}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: "host", Offset: 1, Message: `unknown field "host": did you mean "hosts"?`}},
		{"camel case", `{"destVpcId":""}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: "destVpcId", Offset: 1, Message: `unknown field "destVpcId": did you mean "dest_vpc_id"?`}},
		{"capitals", `{"NAME":""}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: "NAME", Offset: 1, Message: `unknown field "NAME": did you mean "name"?`}},
		{"name of the proto", `{"is_privis":true}`, &connsvcv1.EnhancedConnection{}, dlijson.Error{Kind: dlijson.UnknownField, Path: "is_privis", Offset: 1, Message: `unknown field "is_privis": did you mean "isPrivis"?`}},
		{"unknown null", `{"colour":null}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: "colour", Offset: 1, Message: `unknown field "colour"`}},
		{"no name", `{"":1}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: `""`, Offset: 1, Message: `unknown field ""`}},
		{"hostile name", `{"a\n\u202eb":1}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: `"a\n\u202eb"`, Offset: 1, Message: `unknown field "a\n\u202eb"`}},
		{"endless name", `{"` + strings.Repeat("ü", 5000) + `":1}`, create, dlijson.Error{Kind: dlijson.UnknownField, Path: `"` + strings.Repeat("ü", 64) + `…"`, Offset: 1, Message: `unknown field "` + strings.Repeat("ü", 64) + `…"`}},
		{"deep unknown", `{"colour":` + deep, create, dlijson.Error{Kind: dlijson.UnknownField, Path: "colour", Offset: 1, Message: `unknown field "colour"`}},

		{"number for string", `{"name": 5}`, create, dlijson.Error{Kind: dlijson.Type, Path: "name", Offset: 9, Message: "expected a string, got a number"}},
		{"boolean for string", `{"name":true}`, create, dlijson.Error{Kind: dlijson.Type, Path: "name", Offset: 8, Message: "expected a string, got a boolean"}},
		{"object for string", `{"hosts":[{"ip" : {}}]}`, create, dlijson.Error{Kind: dlijson.Type, Path: "hosts[0].ip", Offset: 18, Message: "expected a string, got an object"}},
		{"string for list", `{"queues":"q"}`, create, dlijson.Error{Kind: dlijson.Type, Path: "queues", Offset: 10, Message: "expected a list, got a string"}},
		{"object for list", `{"hosts":{}}`, create, dlijson.Error{Kind: dlijson.Type, Path: "hosts", Offset: 9, Message: "expected a list, got an object"}},
		{"number in list", `{"queues":["a",1]}`, create, dlijson.Error{Kind: dlijson.Type, Path: "queues[1]", Offset: 15, Message: "expected a string, got a number"}},
		{"null in list of strings", `{"queues":[ null]}`, create, dlijson.Error{Kind: dlijson.Type, Path: "queues[0]", Offset: 12, Message: "expected a string, got null"}},
		{"null in list of objects", `{"hosts":[{},null]}`, create, dlijson.Error{Kind: dlijson.Type, Path: "hosts[1]", Offset: 13, Message: "expected an object, got null"}},
		{"deep for string", `{"name":` + deep, create, dlijson.Error{Kind: dlijson.Type, Path: "name", Offset: 8, Message: "expected a string, got a list"}},
		{"string for number", `{"limit":"5"}`, list, dlijson.Error{Kind: dlijson.Type, Path: "limit", Offset: 9, Message: "expected an integer, got a string"}},
		{"fraction", `{"offset":5.0}`, list, dlijson.Error{Kind: dlijson.Type, Path: "offset", Offset: 10, Message: "expected an integer, got a number with a fraction or an exponent"}},
		{"exponent", `{"offset":1e2}`, list, dlijson.Error{Kind: dlijson.Type, Path: "offset", Offset: 10, Message: "expected an integer, got a number with a fraction or an exponent"}},
		{"string for boolean", `{"isPrivis":"true"}`, &connsvcv1.EnhancedConnection{}, dlijson.Error{Kind: dlijson.Type, Path: "isPrivis", Offset: 12, Message: "expected a boolean, got a string"}},
		{"number for enum", `{"status":1}`, list, dlijson.Error{Kind: dlijson.Type, Path: "status", Offset: 10, Message: "expected a string, got a number"}},
		{"another word", `{"status":"GONE"}`, list, dlijson.Error{Kind: dlijson.Type, Path: "status", Offset: 10, Message: "expected one of ACTIVE, DELETED, got another word"}},
		{"unspecified", `{"status":"STATUS_UNSPECIFIED"}`, list, dlijson.Error{Kind: dlijson.Type, Path: "status", Offset: 10, Message: "expected one of ACTIVE, DELETED, got another word"}},
		{"foreign letter", `{"view":"BAſIC"}`, list, dlijson.Error{Kind: dlijson.Type, Path: "view", Offset: 8, Message: "expected one of BASIC, FULL, got another word"}},
		{"time as text", `{"create_time":"1566888011125"}`, route, dlijson.Error{Kind: dlijson.Type, Path: "create_time", Offset: 15, Message: "expected an integer, got a string"}},

		{"over int32", `{"limit":2147483648}`, list, dlijson.Error{Kind: dlijson.Range, Path: "limit", Offset: 9, Message: "expected an integer from -2147483648 to 2147483647"}},
		{"under int32", `{"limit":-2147483649}`, list, dlijson.Error{Kind: dlijson.Range, Path: "limit", Offset: 9, Message: "expected an integer from -2147483648 to 2147483647"}},
		{"over int64", `{"limit":99999999999999999999}`, list, dlijson.Error{Kind: dlijson.Range, Path: "limit", Offset: 9, Message: "expected an integer from -2147483648 to 2147483647"}},
		{"time too late", `{"create_time":253402300800000}`, route, dlijson.Error{Kind: dlijson.Range, Path: "create_time", Offset: 15, Message: "expected an integer from -62135596800000 to 253402300799999"}},
		{"time too early", `{"create_time":-62135596800001}`, route, dlijson.Error{Kind: dlijson.Range, Path: "create_time", Offset: 15, Message: "expected an integer from -62135596800000 to 253402300799999"}},
		{"too many elements", `{"hosts":[` + strings.Repeat("{},", 100_000) + `{}]}`, create, dlijson.Error{Kind: dlijson.Range, Path: "hosts", Offset: 300_010, Message: "more than 100000 elements"}},
		{"too many elements in two lists", `{"hosts":[` + strings.Repeat("{},", 99_998) + `{}],"queues":["a","b"]}`, create, dlijson.Error{Kind: dlijson.Range, Path: "queues", Offset: 300_022, Message: "more than 100000 elements"}},

		{"twice", `{"name":"a", "name":"b"}`, create, dlijson.Error{Kind: dlijson.Duplicate, Path: "name", Offset: 13, Message: `field "name" stands twice`}},
		{"twice, once escaped", `{"hosts":[{"ip":"a","\u0069p":"a"}]}`, create, dlijson.Error{Kind: dlijson.Duplicate, Path: "hosts[0].ip", Offset: 20, Message: `field "ip" stands twice`}},
		{"twice, once null", `{"name":null,"name":"b"}`, create, dlijson.Error{Kind: dlijson.Duplicate, Path: "name", Offset: 13, Message: `field "name" stands twice`}},

		{"no UTF-8", "{\"name\":\"ab\xff\"}", create, dlijson.Error{Kind: dlijson.Encoding, Path: "name", Offset: 11, Message: "invalid UTF-8"}},
		{"no UTF-8 in a name", "{\"n\xffame\":\"ab\"}", create, dlijson.Error{Kind: dlijson.Encoding, Offset: 3, Message: "invalid UTF-8"}},
		{"first half of a pair", `{"name":"\ud834"}`, create, dlijson.Error{Kind: dlijson.Encoding, Path: "name", Offset: 9, Message: "half a surrogate pair is no character"}},
		{"second half of a pair", `{"name":"\udd1e"}`, create, dlijson.Error{Kind: dlijson.Encoding, Path: "name", Offset: 9, Message: "half a surrogate pair is no character"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range readers(test.text) {
				err := dlijson.DecodeRequest(r, test.m.ProtoReflect().New().Interface())
				checkError(t, name, err, test.want)
			}
		})
	}
}

// grpc-gateway ignores io.EOF of a decoder, so a body that ends early must be
// another error: an empty one would clear a list of hosts.
func TestDecodeRequestNeverReturnsEOF(t *testing.T) {
	const text = ` {"name":"a","hosts":[{"ip":"b"}],"queues":["c"]}`
	for i := range text {
		for name, r := range readers(text[:i]) {
			err := dlijson.DecodeRequest(r, &connsvcv1.CreateEnhancedConnectionRequest{})
			if err == nil || errors.Is(err, io.EOF) {
				t.Errorf("%s, %q: error %v", name, text[:i], err)
			}
		}
	}
}

func checkError(t *testing.T, name string, err error, want dlijson.Error) {
	t.Helper()
	var got *dlijson.Error
	if !errors.As(err, &got) {
		t.Fatalf("%s: error %v, want %v", name, err, &want)
	}
	if diff := cmp.Diff(want, *got); diff != "" {
		t.Errorf("%s: error (-want +got):\n%s", name, diff)
	}
}

func TestDecodeRequestOmits(t *testing.T) {
	omit := []protoreflect.Name{"project_id", "connection_id"}
	m := &connsvcv1.CreateRouteRequest{ProjectId: "p", ConnectionId: "c", Cidr: "stays"}
	if err := dlijson.DecodeRequest(strings.NewReader(`{"name":"n"}`), m, omit...); err != nil {
		t.Fatal(err)
	}
	want := &connsvcv1.CreateRouteRequest{ProjectId: "p", ConnectionId: "c", Name: "n", Cidr: "stays"}
	if diff := cmp.Diff(want, m, protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	err := dlijson.DecodeRequest(strings.NewReader(`{"name":"n","project_id":"other"}`), m, omit...)
	checkError(t, "in the path", err, dlijson.Error{
		Kind: dlijson.UnknownField, Path: "project_id", Offset: 12,
		Message: `unknown field "project_id": it is given by the path`,
	})
	err = dlijson.DecodeRequest(strings.NewReader(`{"project_ids":"other"}`), m, omit...)
	checkError(t, "no hint at what is in the path", err, dlijson.Error{
		Kind: dlijson.UnknownField, Path: "project_ids", Offset: 1,
		Message: `unknown field "project_ids"`,
	})
}

// A list in the text replaces the list of the message.
func TestDecodeRequestReplacesLists(t *testing.T) {
	m := &connsvcv1.CreateEnhancedConnectionRequest{Queues: []string{"a", "b"}, Hosts: []*connsvcv1.Host{{Name: "a"}}}
	if err := dlijson.DecodeRequest(strings.NewReader(`{"queues":["c"],"hosts":[]}`), m); err != nil {
		t.Fatal(err)
	}
	want := &connsvcv1.CreateEnhancedConnectionRequest{Queues: []string{"c"}}
	if diff := cmp.Diff(want, m, protocmp.Transform()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeRequestPassesOnReadErrors(t *testing.T) {
	broken := errors.New("broken")
	for _, text := range []string{``, `{`, `{"name"`, `{"name":`, `{"name":"a`, `{"hosts":[{"ip":"a"}`, `{}`} {
		r := io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		err := dlijson.DecodeRequest(r, &connsvcv1.CreateEnhancedConnectionRequest{})
		if !errors.Is(err, broken) {
			t.Errorf("%s: error %v, want %v", text, err, broken)
		}
	}
	text := `{"name":"` + strings.Repeat("a", 100) + `"}`
	body := http.MaxBytesReader(httptest.NewRecorder(), io.NopCloser(strings.NewReader(text)), 50)
	err := dlijson.DecodeRequest(body, &connsvcv1.CreateEnhancedConnectionRequest{})
	var tooLarge *http.MaxBytesError
	if !errors.As(err, &tooLarge) || tooLarge.Limit != 50 {
		t.Errorf("error %v, want a *http.MaxBytesError", err)
	}
	// A body that ends early is a read error, not a fault of the text.
	err = dlijson.DecodeRequest(iotest.ErrReader(io.ErrUnexpectedEOF), &connsvcv1.CreateEnhancedConnectionRequest{})
	var e *dlijson.Error
	if !errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &e) {
		t.Errorf("error %v, want io.ErrUnexpectedEOF", err)
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct {
		err  dlijson.Error
		want string
	}{
		{dlijson.Error{Kind: dlijson.Type, Path: "hosts[3].ip", Offset: 57, Message: "expected a string"}, "hosts[3].ip: expected a string (at byte 57)"},
		{dlijson.Error{Kind: dlijson.Syntax, Message: "got nothing"}, "got nothing (at byte 0)"},
		{dlijson.Error{Kind: dlijson.Type, Path: "limit", Offset: -1, Message: "expected a whole number"}, "limit: expected a whole number"},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	seen := make(map[string]bool)
	for k := dlijson.Kind(0); k <= dlijson.Depth; k++ {
		seen[k.String()] = true
	}
	if len(seen) != 8 || !seen["kind(0)"] || !seen["unknown_field"] {
		t.Errorf("kinds as words: %v", seen)
	}
}
