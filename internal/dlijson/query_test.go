package dlijson_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

type listRequest = connsvcv1.ListEnhancedConnectionsRequest

// listFields are the fields of a list request that are in its query.
func listFields() []protoreflect.FieldDescriptor {
	var fields []protoreflect.FieldDescriptor
	all := (&listRequest{}).ProtoReflect().Descriptor().Fields()
	for i := range all.Len() {
		if all.Get(i).Name() != "project_id" {
			fields = append(fields, all.Get(i))
		}
	}
	return fields
}

func tags(pairs ...string) []*connsvcv1.Tag {
	var list []*connsvcv1.Tag
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, &connsvcv1.Tag{Key: pairs[i], Value: &pairs[i+1]})
	}
	return list
}

func TestDecodeQuery(t *testing.T) {
	tests := []struct {
		query string
		want  *listRequest
	}{
		{"", &listRequest{}},
		{"limit=0", &listRequest{Limit: proto.Int32(0)}},
		{"limit=100&offset=7", &listRequest{Limit: proto.Int32(100), Offset: 7}},
		{"limit=-1&offset=-2147483648", &listRequest{Limit: proto.Int32(-1), Offset: -2147483648}},
		{"limit=007", &listRequest{Limit: proto.Int32(7)}},
		{"status=&name=&tags=&view=", &listRequest{}},
		{"status=active", &listRequest{Status: connsvcv1.EnhancedConnection_ACTIVE}},
		{"status=DELETED&view=basic", &listRequest{Status: connsvcv1.EnhancedConnection_DELETED, View: connsvcv1.EnhancedConnectionView_BASIC}},
		{"name=with%20%C3%BC%2B", &listRequest{Name: "with ü+"}},
		{"tags=k1=v1,k2=v2", &listRequest{Tags: tags("k1", "v1", "k2", "v2")}},
		{"tags=k%3Da%3Db,e%3D", &listRequest{Tags: tags("k", "a=b", "e", "")}},
		{"tags==v", &listRequest{Tags: tags("", "v")}},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			q, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			got := &listRequest{}
			if err := dlijson.DecodeQuery(q, got, listFields()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeQueryRejects(t *testing.T) {
	const int32s = "expected an integer from -2147483648 to 2147483647"
	tests := []struct {
		query string
		want  dlijson.Error
	}{
		{"limits=1", dlijson.Error{Kind: dlijson.UnknownField, Path: "limits", Message: `unknown parameter "limits": did you mean "limit"?`}},
		{"colour=", dlijson.Error{Kind: dlijson.UnknownField, Path: "colour", Message: `unknown parameter "colour"`}},
		{"project_id=p", dlijson.Error{Kind: dlijson.UnknownField, Path: "project_id", Message: `unknown parameter "project_id"`}},
		{"a%0Ab=1", dlijson.Error{Kind: dlijson.UnknownField, Path: `"a\nb"`, Message: `unknown parameter "a\nb"`}},
		{"a%FF=1", dlijson.Error{Kind: dlijson.UnknownField, Path: `"a\xff"`, Message: `unknown parameter "a\xff"`}},
		{"limit=1&limit=1", dlijson.Error{Kind: dlijson.Duplicate, Path: "limit", Message: `parameter "limit" stands twice`}},
		{"limit=&limit=1", dlijson.Error{Kind: dlijson.Duplicate, Path: "limit", Message: `parameter "limit" stands twice`}},
		{"limit=", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"offset=&limit=1", dlijson.Error{Kind: dlijson.Type, Path: "offset", Message: "expected a whole number"}},
		{"limit=ten", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"limit=1.5", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"limit=%2B1", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"limit=1_0", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"limit=-", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"limit=+", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"limit=--1", dlijson.Error{Kind: dlijson.Type, Path: "limit", Message: "expected a whole number"}},
		{"offset=2147483648", dlijson.Error{Kind: dlijson.Range, Path: "offset", Message: int32s}},
		{"offset=-99999999999999999999", dlijson.Error{Kind: dlijson.Range, Path: "offset", Message: int32s}},
		{"status=GONE", dlijson.Error{Kind: dlijson.Type, Path: "status", Message: "expected one of ACTIVE, DELETED, got another word"}},
		{"status=STATUS_UNSPECIFIED", dlijson.Error{Kind: dlijson.Type, Path: "status", Message: "expected one of ACTIVE, DELETED, got another word"}},
		{"status=1", dlijson.Error{Kind: dlijson.Type, Path: "status", Message: "expected one of ACTIVE, DELETED, got another word"}},
		{"tags=k1", dlijson.Error{Kind: dlijson.Type, Path: "tags[0]", Message: "expected key=value"}},
		{"tags=a=b,", dlijson.Error{Kind: dlijson.Type, Path: "tags[1]", Message: "expected key=value"}},
		{"name=%FF", dlijson.Error{Kind: dlijson.Encoding, Path: "name", Message: "invalid UTF-8"}},
		{"tags=a=%FF", dlijson.Error{Kind: dlijson.Encoding, Path: "tags", Message: "invalid UTF-8"}},
	}
	for _, test := range tests {
		t.Run(test.query, func(t *testing.T) {
			q, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			test.want.Offset = -1
			checkError(t, test.query, dlijson.DecodeQuery(q, &listRequest{}, listFields()), test.want)
		})
	}
}

func TestEncodeQuery(t *testing.T) {
	tests := []struct {
		name string
		m    *listRequest
		want string
	}{
		{"nothing", &listRequest{}, ""},
		{"omitted", &listRequest{ProjectId: "p"}, ""},
		{"limit of zero", &listRequest{Limit: proto.Int32(0)}, "limit=0"},
		{
			"all", &listRequest{Limit: proto.Int32(5), Offset: 10, Status: connsvcv1.EnhancedConnection_ACTIVE, Name: "a b&c", Tags: tags("k1", "v1", "k2", ""), View: connsvcv1.EnhancedConnectionView_BASIC},
			"limit=5&name=a+b%26c&offset=10&status=ACTIVE&tags=k1%3Dv1%2Ck2%3D&view=BASIC",
		},
		{"number without a word", &listRequest{Status: 99}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := dlijson.EncodeQuery(test.m, listFields()).Encode(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// A field that cannot be in a query is a mistake in the calling code, not in the query.
func TestQueryOfUnsupportedFields(t *testing.T) {
	m := &connsvcv1.EnhancedConnection{IsPrivis: proto.Bool(true), Routes: []*connsvcv1.Route{{Name: "r"}}}
	fields := m.ProtoReflect().Descriptor().Fields()
	for _, name := range []protoreflect.Name{"routes", "is_privis", "create_time"} {
		f := fields.ByName(name)
		err := dlijson.DecodeQuery(url.Values{f.JSONName(): {"x"}}, m, []protoreflect.FieldDescriptor{f})
		var e *dlijson.Error
		if err == nil || errors.As(err, &e) || !strings.Contains(err.Error(), string(f.FullName())) {
			t.Errorf("%s: error %v", name, err)
		}
		if q := dlijson.EncodeQuery(m, []protoreflect.FieldDescriptor{f}); len(q) != 0 {
			t.Errorf("%s: query %v", name, q)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "limit=0&offset=5", "status=active&view=FULL", "tags=k1=v1,k2=v2&name=a", "tags=a=b=c,=,x=", "limit=-0", "name=%FF", "x=1"} {
		f.Add(seed)
	}
	fields := listFields()
	f.Fuzz(func(t *testing.T, query string) {
		q, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		want := &listRequest{}
		if dlijson.DecodeQuery(q, want, fields) != nil {
			return
		}
		got := &listRequest{}
		if err := dlijson.DecodeQuery(dlijson.EncodeQuery(want, fields), got, fields); err != nil {
			t.Fatalf("what was written is not read: %v", err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// waitFields are the fields of a wait that are in its query.
func waitFields() []protoreflect.FieldDescriptor {
	fields := (&connsvcv1.WaitEnhancedConnectionRequest{}).ProtoReflect().Descriptor().Fields()
	return []protoreflect.FieldDescriptor{fields.ByName("timeout"), fields.ByName("addresses")}
}

func TestDurationsAndListsInQueries(t *testing.T) {
	for query, want := range map[string]*connsvcv1.WaitEnhancedConnectionRequest{
		"timeout=60s":                      {Timeout: durationpb.New(time.Minute)},
		"timeout=1.5s":                     {Timeout: durationpb.New(1500 * time.Millisecond)},
		"timeout=2m":                       {Timeout: durationpb.New(2 * time.Minute)},
		"timeout=0s":                       {Timeout: durationpb.New(0)},
		"addresses=a%3A1":                  {Addresses: []string{"a:1"}},
		"addresses=b%3A2&addresses=a%3A1":  {Addresses: []string{"b:2", "a:1"}},
		"addresses=&addresses=a%3A1":       {Addresses: []string{"", "a:1"}},
		"addresses=a%3A1&timeout=0.00001s": {Addresses: []string{"a:1"}, Timeout: durationpb.New(10 * time.Microsecond)},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got := &connsvcv1.WaitEnhancedConnectionRequest{}
		if err := dlijson.DecodeQuery(q, got, waitFields()); err != nil {
			t.Errorf("%s: %v", query, err)
		}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
		again := &connsvcv1.WaitEnhancedConnectionRequest{}
		if err := dlijson.DecodeQuery(dlijson.EncodeQuery(got, waitFields()), again, waitFields()); err != nil || !proto.Equal(got, again) {
			t.Errorf("%s: encoded and decoded it is %v, %v", query, again, err)
		}
	}
	for query, want := range map[string]dlijson.Error{
		"timeout=60":                {Kind: dlijson.Type, Path: "timeout", Message: `expected a duration, as in "60s"`},
		"timeout=soon":              {Kind: dlijson.Type, Path: "timeout", Message: `expected a duration, as in "60s"`},
		"timeout=1s&timeout=1s":     {Kind: dlijson.Duplicate, Path: "timeout", Message: `parameter "timeout" stands twice`},
		"addresses=a&addresses=%FF": {Kind: dlijson.Encoding, Path: "addresses[1]", Message: "invalid UTF-8"},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		want.Offset = -1
		checkError(t, query, dlijson.DecodeQuery(q, &connsvcv1.WaitEnhancedConnectionRequest{}, waitFields()), want)
	}
}

func TestDurationsInBodies(t *testing.T) {
	for text, want := range map[string]dlijson.Error{
		`{"timeout":60}`:  {Kind: dlijson.Type, Path: "timeout", Offset: 11, Message: "expected a duration in quotes, got a number"},
		`{"timeout":"x"}`: {Kind: dlijson.Type, Path: "timeout", Offset: 11, Message: `expected a duration, as in "60s"`},
	} {
		checkError(t, text, dlijson.DecodeRequest(strings.NewReader(text), &connsvcv1.WaitEnhancedConnectionRequest{}), want)
	}
	if _, err := dlijson.AppendRequest(nil, &connsvcv1.WaitEnhancedConnectionRequest{Timeout: &durationpb.Duration{Seconds: 1, Nanos: -1}}, false); err == nil {
		t.Error("a Duration that is none was written")
	}
}
