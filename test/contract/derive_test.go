package contract_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/test/dlirest"
)

// operationsOf returns DLI's operations of an RPC, which are its REST forms too, the
// documented one first.
func operationsOf(t *testing.T, rpc string) []dlirest.Operation {
	t.Helper()
	all := dlirest.OperationsOf(rpc)
	if len(all) == 0 {
		t.Fatalf("no RPC %q", rpc)
	}
	return all
}

// requestOf writes a request as REST does, from its JSON alone.
func requestOf(t *testing.T, o dlirest.Operation, fields map[string]any) *dlirest.Request {
	t.Helper()
	r, err := o.Request(fields)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// methodOf returns the gRPC method of an RPC.
func methodOf(t *testing.T, rpc string) protoreflect.MethodDescriptor {
	t.Helper()
	m := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService").Methods().ByName(protoreflect.Name(rpc))
	if m == nil {
		t.Fatalf("no RPC %q", rpc)
	}
	return m
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
		t.Fatalf("a request that gRPC cannot express: %v", err)
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

// script fills in what an exchange leaves out: DLI gets the request that the caller
// made, and responds with success.
func (c *contractCase) script(t *testing.T, exchanges []exchange) []scripted {
	t.Helper()
	script := make([]scripted, 0, len(exchanges))
	for _, e := range exchanges {
		s := scripted{fault: e.Fault, response: c.sample.Response}
		if e.Response != nil {
			s.response = *e.Response
		}
		if s.response.Status == 0 {
			s.response.Status = http.StatusOK
		}
		if e.Want != nil {
			s.want = *e.Want
		} else {
			r := requestOf(t, operationsOf(t, c.RPC)[0], c.Request)
			s.want = upstreamWant{Method: r.Method, Path: r.Path, Query: r.Query, Body: r.Body}
		}
		script = append(script, s)
	}
	return script
}
