package server_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// wireCodec sends bytes as they are, and reads nothing.
type wireCodec struct{}

func (wireCodec) Name() string { return "proto" }

func (wireCodec) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(v.([]byte))}, nil
}

func (wireCodec) Unmarshal(mem.BufferSlice, any) error { return nil }

// sendWire calls an RPC with a request as it is on the wire.
func (b *bench) sendWire(t *testing.T, rpc string, wire []byte) result {
	t.Helper()
	var trailer metadata.MD
	err := b.conn.Invoke(t.Context(), rpc, wire, nil, grpc.ForceCodecV2(wireCodec{}), grpc.Trailer(&trailer))
	return grpcResult(t, err, trailer)
}

// TestTooManyItems: what would take a gigabyte to count is counted on the wire,
// and told as the other API tells it.
func TestTooManyItems(t *testing.T) {
	b := start(t, &stub{}, setup{})
	rpc := connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName
	host := []byte{0x42, 0x00}
	most := bytes.Repeat(host, dlijson.MaxRequestItems)
	const text = "hosts: " + dlijson.TooManyItems
	for name, tt := range map[string]struct {
		wire  []byte
		field string // wanted in the error
		more  bool   // the error is that of a list too long
	}{
		"one too many":            {slices.Concat(most, host), text, true},
		"16 MB":                   {bytes.Repeat(host, 8<<20), text, true},
		"as many as may be":       {most, "project_id: ", false},
		"as many, and a tag":      {slices.Concat(most, []byte{0x4a, 0x00}), "tags: " + dlijson.TooManyItems, true},
		"not a list":              {bytes.Repeat([]byte{0x12, 0x00}, 1+dlijson.MaxRequestItems), "project_id: ", false},
		"a field nobody knows":    {bytes.Repeat([]byte{0x7a, 0x00}, 1+dlijson.MaxRequestItems), "project_id: ", false},
		"broken after the last":   {slices.Concat(most, []byte{0x42}), "not a valid protobuf message", false},
		"broken before too many":  {slices.Concat([]byte{0x07}, most, host), "not a valid protobuf message", false},
		"truncated, and too many": {slices.Concat(most, host, []byte{0x42, 0x7f}), text, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.sendWire(t, rpc, tt.wire)
			if got.reason != "VALIDATION_FAILED" || !strings.Contains(got.text, tt.field) {
				t.Errorf("got %s %.300s", got.code, got.text)
			}
			if more := strings.Contains(got.text, dlijson.TooManyItems); more != tt.more {
				t.Errorf("refused for its length: %v, want %v: %.300s", more, tt.more, got.text)
			}
		})
	}
	body := `{"hosts":[{}` + strings.Repeat(",{}", dlijson.MaxRequestItems) + `]}`
	if got := b.do(t, http.MethodPost, connections, nil, strings.NewReader(body)); !strings.Contains(got.text, text) {
		t.Errorf("REST: got %.300s", got.body)
	}
}

// TestNoRequestHasNumbersInLists: they are packed, and would not be counted.
func TestNoRequestHasNumbersInLists(t *testing.T) {
	var check func(protoreflect.MessageDescriptor, int)
	check = func(m protoreflect.MessageDescriptor, depth int) {
		if depth > 10 {
			t.Fatalf("%s contains itself: it would be counted without end", m.FullName())
		}
		for i := range m.Fields().Len() {
			f := m.Fields().Get(i)
			if f.IsPacked() {
				t.Errorf("%s is a list of numbers", f.FullName())
			}
			if f.Message() != nil {
				check(f.Message(), depth+1)
			}
		}
	}
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService").Methods()
	for i := range methods.Len() {
		check(methods.Get(i).Input(), 0)
	}
}
