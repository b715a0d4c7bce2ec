package dlijson_test

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

func TestDecodeResponse(t *testing.T) {
	const nested = `{"a":[{"b":[1,-2.5e7,"x",true,null,{"is_success":false}]}]}`
	tests := []struct {
		name, text string
		want       proto.Message
		envelope   dlijson.Envelope
	}{
		{
			"DLI's example of a create", `{"is_success":true,"message":"Create peer connection for queues:{q}","connection_id":"2a620c33"}`,
			&connsvcv1.CreateEnhancedConnectionResponse{IsSuccess: true, Message: "Create peer connection for queues:{q}", ConnectionId: "2a620c33"},
			dlijson.Envelope{IsSuccess: true, Message: "Create peer connection for queues:{q}"},
		},
		{
			"DLI's example of a list", `{"is_success":true,"message":"","count":1,"connections":[{"name":"withvpc","id":"4c69",
			"available_queue_info":[{"status":"ACTIVE","name":"resource_mode_1","peer_id":"d2ae","err_msg":"","update_time":1566889577861}],
			"dest_vpc_id":"2209","dest_network_id":"78f2","isPrivis":true,"create_time":1566888011125,"status":"ACTIVE"}]}`,
			&connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true, Count: 1, Connections: []*connsvcv1.EnhancedConnection{{
				Name: "withvpc", Id: "4c69", DestVpcId: "2209", DestNetworkId: "78f2", IsPrivis: proto.Bool(true),
				Status:     connsvcv1.EnhancedConnection_ACTIVE,
				CreateTime: &timestamppb.Timestamp{Seconds: 1566888011, Nanos: 125_000_000},
				AvailableQueueInfo: []*connsvcv1.Peering{{
					Status: connsvcv1.Peering_ACTIVE, Name: "resource_mode_1", PeerId: "d2ae",
					UpdateTime: &timestamppb.Timestamp{Seconds: 1566889577, Nanos: 861_000_000},
				}},
			}}},
			dlijson.Envelope{IsSuccess: true},
		},
		{"nothing said", `{}`, &connsvcv1.CreateRouteResponse{IsSuccess: true}, dlijson.Envelope{IsSuccess: true}},
		{"null said", `{"is_success":null,"message":null}`, &connsvcv1.CreateRouteResponse{IsSuccess: true}, dlijson.Envelope{IsSuccess: true}},
		{"no success", `{"message":"why","is_success":false}`, &connsvcv1.CreateRouteResponse{Message: "why"}, dlijson.Envelope{Message: "why"}},
		{"a message without the two", `{"id":"1","is_success":false,"message":"w\u00fcy"}`, &connsvcv1.EnhancedConnection{Id: "1"}, dlijson.Envelope{Message: "wüy"}},
		{"nothing said to a message without the two", `{"id":"1"}`, &connsvcv1.EnhancedConnection{Id: "1"}, dlijson.Envelope{IsSuccess: true}},
		{"null said to a message without the two", `{"is_success":null,"message":null}`, &connsvcv1.EnhancedConnection{}, dlijson.Envelope{IsSuccess: true}},
		{
			"the two below are no envelope", `{"hosts":[{"name":"a","is_success":false,"message":"m"}]}`,
			&connsvcv1.EnhancedConnection{Hosts: []*connsvcv1.Host{{Name: "a"}}},
			dlijson.Envelope{IsSuccess: true},
		},
		{
			"unknown names", `{"x":` + nested + `,"id":"1","hosts":[{"y":` + nested + `,"ip":"2"}],"x":1}`,
			&connsvcv1.EnhancedConnection{Id: "1", Hosts: []*connsvcv1.Host{{Ip: "2"}}},
			dlijson.Envelope{IsSuccess: true},
		},
		{
			"unknown words", `{"status":"MELTED","available_queue_info":[{"status":""},{"status":"active"}]}`,
			&connsvcv1.EnhancedConnection{AvailableQueueInfo: []*connsvcv1.Peering{{}, {Status: connsvcv1.Peering_ACTIVE}}},
			dlijson.Envelope{IsSuccess: true},
		},
		{"nulls", `{"create_time":null,"hosts":null,"status":null,"isPrivis":null,"x":null}` + "\n", &connsvcv1.EnhancedConnection{}, dlijson.Envelope{IsSuccess: true}},
		{"deep, but not too deep", `{"x":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`, &connsvcv1.EnhancedConnection{}, dlijson.Envelope{IsSuccess: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range readers(test.text) {
				got := test.want.ProtoReflect().New().Interface()
				envelope, err := dlijson.DecodeResponse(r, got)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(test.want, got, protocmp.Transform()); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				if envelope != test.envelope {
					t.Errorf("%s: envelope %+v, want %+v", name, envelope, test.envelope)
				}
			}
		})
	}
}

// A message that is decoded into again does not keep the previous envelope.
func TestDecodeResponseForgets(t *testing.T) {
	m := &connsvcv1.CreateRouteResponse{IsSuccess: false, Message: "old"}
	envelope, err := dlijson.DecodeResponse(strings.NewReader(`{}`), m)
	if err != nil || envelope != (dlijson.Envelope{IsSuccess: true}) || !m.GetIsSuccess() || m.GetMessage() != "" {
		t.Errorf("envelope %+v, error %v, message %v", envelope, err, m)
	}
}

func TestDecodeResponseRejects(t *testing.T) {
	connection, created := &connsvcv1.EnhancedConnection{}, &connsvcv1.CreateEnhancedConnectionResponse{}
	listed := &connsvcv1.ListEnhancedConnectionsResponse{}
	tests := []struct {
		name, text string
		m          proto.Message
		want       dlijson.Error
	}{
		{"nothing", "", created, dlijson.Error{Kind: dlijson.Syntax, Message: "expected a JSON object, got nothing"}},
		{"HTML", "<html></html>", created, dlijson.Error{Kind: dlijson.Syntax, Message: "expected a JSON object, got no JSON"}},
		{"list", "[]", created, dlijson.Error{Kind: dlijson.Syntax, Message: "expected a JSON object, got a list"}},
		{"more", "{}{}", created, dlijson.Error{Kind: dlijson.Syntax, Offset: 2, Message: "expected nothing after the JSON object"}},
		{"no list", `{}`, listed, dlijson.Error{Kind: dlijson.Missing, Path: "connections", Offset: 2, Message: "missing, and is_success too"}},
		{"another list", `{"count":0,"items":[]}`, listed, dlijson.Error{Kind: dlijson.Missing, Path: "connections", Offset: 22, Message: "missing, and is_success too"}},
		{"cut", `{"hosts":[{"name":"a"},`, connection, dlijson.Error{Kind: dlijson.Syntax, Path: "hosts[1]", Offset: 23, Message: "the text ends too early"}},
		{"cut in what is passed over", `{"x":[1,`, connection, dlijson.Error{Kind: dlijson.Syntax, Offset: 8, Message: "the text ends too early"}},
		{"is_success as text", `{"is_success":"true"}`, created, dlijson.Error{Kind: dlijson.Type, Path: "is_success", Offset: 14, Message: "expected a boolean, got a string"}},
		{"is_success as text without a field", `{"is_success":"true"}`, connection, dlijson.Error{Kind: dlijson.Type, Path: "is_success", Offset: 14, Message: "expected a boolean, got a string"}},
		{"message as number", `{"message":1}`, connection, dlijson.Error{Kind: dlijson.Type, Path: "message", Offset: 11, Message: "expected a string, got a number"}},
		{"is_success twice", `{"is_success":true,"is_success":true}`, created, dlijson.Error{Kind: dlijson.Duplicate, Path: "is_success", Offset: 19, Message: `field "is_success" stands twice`}},
		{"is_success twice without a field", `{"is_success":true,"is_success":true}`, connection, dlijson.Error{Kind: dlijson.Duplicate, Path: "is_success", Offset: 19, Message: `field "is_success" stands twice`}},
		{"message twice without a field", `{"message":null,"message":""}`, connection, dlijson.Error{Kind: dlijson.Duplicate, Path: "message", Offset: 16, Message: `field "message" stands twice`}},
		{"field twice", `{"id":"a","id":"a"}`, connection, dlijson.Error{Kind: dlijson.Duplicate, Path: "id", Offset: 10, Message: `field "id" stands twice`}},
		{"time as text", `{"create_time":"1"}`, connection, dlijson.Error{Kind: dlijson.Type, Path: "create_time", Offset: 15, Message: "expected an integer, got a string"}},
		{"too deep", `{"x":` + strings.Repeat("[", 70), connection, dlijson.Error{Kind: dlijson.Depth, Offset: 68, Message: "nested more than 64 deep"}},
		{"too deep below", `{"hosts":[{"x":` + strings.Repeat(`{"a":`, 70), connection, dlijson.Error{Kind: dlijson.Depth, Path: "hosts[0]", Offset: 320, Message: "nested more than 64 deep"}},
		{"no UTF-8 in what is passed over", "{\"x\":[\"\xff\"]}", connection, dlijson.Error{Kind: dlijson.Encoding, Offset: 7, Message: "invalid UTF-8"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, r := range readers(test.text) {
				envelope, err := dlijson.DecodeResponse(r, test.m.ProtoReflect().New().Interface())
				checkError(t, name, err, test.want)
				if envelope != (dlijson.Envelope{}) {
					t.Errorf("%s: envelope %+v beside an error", name, envelope)
				}
			}
		})
	}
}

// The limit of elements counts those of all lists, also of lists in other lists.
func TestDecodeResponseBoundsElements(t *testing.T) {
	const half = dlijson.MaxResponseItems / 2
	text := func(last int) string {
		return `{"connections":[{"hosts":[` + strings.Repeat("{},", half-1) + `{}]},{"hosts":[` +
			strings.Repeat("{},", last-1) + `{}]}]}`
	}
	m := &connsvcv1.ListEnhancedConnectionsResponse{}
	if _, err := dlijson.DecodeResponse(strings.NewReader(text(half-2)), m); err != nil {
		t.Fatal(err)
	}
	if n := len(m.GetConnections()[1].GetHosts()); n != half-2 {
		t.Errorf("%d hosts", n)
	}
	_, err := dlijson.DecodeResponse(strings.NewReader(text(half-1)), m)
	checkError(t, "one more", err, dlijson.Error{
		Kind: dlijson.Range, Path: "connections[1].hosts", Offset: 6_000_032, Message: "more than 2000000 elements",
	})
}

// A growing reader counts what it learns of.
type growing struct {
	io.Reader
	bytes, most int64
}

func (g *growing) Grow(bytes int64) error {
	if g.bytes += bytes; g.bytes > g.most {
		return errFull
	}
	return nil
}

var errFull = errors.New("full")

// A Grower learns about as much as elements take: at least half, at most twice.
func TestDecodeResponseReportsElements(t *testing.T) {
	const n = 100_000
	of := func(element string) string { return strings.Repeat(element+",", n-1) + element }
	for name, text := range map[string]string{
		"connections": `{"connections":[` + of("{}") + `]}`,
		"hosts":       `{"connections":[{"hosts":[` + of("{}") + `]}]}`,
		"queues":      `{"connections":[{"available_queue_info":[` + of("{}") + `]}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			m, r := &connsvcv1.ListEnhancedConnectionsResponse{}, &growing{Reader: strings.NewReader(text), most: 1 << 30}
			runtime.GC()
			runtime.ReadMemStats(&before)
			if _, err := dlijson.DecodeResponse(r, m); err != nil {
				t.Fatal(err)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			runtime.KeepAlive(m)
			runtime.KeepAlive(text)
			if took := int64(after.HeapAlloc - before.HeapAlloc); r.bytes < took/2 || r.bytes > 2*took {
				t.Errorf("%d elements are reported as %d bytes, and take %d", n, r.bytes, took)
			}
			r = &growing{Reader: strings.NewReader(text), most: r.bytes / 2}
			if _, err := dlijson.DecodeResponse(r, m); !errors.Is(err, errFull) || r.bytes > r.most+1<<20 {
				t.Errorf("got %v at %d bytes, of which %d are allowed", err, r.bytes, r.most)
			}
		})
	}
}

func TestDecodeResponsePassesOnReadErrors(t *testing.T) {
	broken := errors.New("broken")
	if _, err := dlijson.DecodeResponse(iotest.ErrReader(broken), &connsvcv1.EnhancedConnection{}); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestErrorInAResponse(t *testing.T) {
	const text = `{"is_success":false,"message":"no","error_code":"DLI.0006","error_msg":"The object exists."}`
	got, err := dlijson.DecodeResponse(strings.NewReader(text), &connsvcv1.EnhancedConnection{})
	if err != nil {
		t.Fatal(err)
	}
	want := dlijson.Envelope{Message: "no", ErrorCode: "DLI.0006", ErrorMsg: "The object exists."}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("envelope (-want +got):\n%s", diff)
	}
}
