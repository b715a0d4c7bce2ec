package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// hosts makes n hosts whose names are as long as they may be.
func hosts(n int) []*connsvcv1.Host {
	all := make([]*connsvcv1.Host, 0, n)
	for i := range n {
		name := fmt.Sprintf("host-%05d-", i)
		all = append(all, &connsvcv1.Host{Name: name + strings.Repeat("x", 128-len(name)), Ip: "192.168.100.100"})
	}
	return all
}

func TestMostHosts(t *testing.T) {
	want := createRequest()
	want.Hosts = hosts(20000)
	overBothAPIs(t, func(t *testing.T, d api) {
		var got proto.Message
		b := start(t, &stub{on: func(_ context.Context, req proto.Message) error { got = req; return nil }, hosts: want.Hosts}, setup{})
		if r := d.create(t, b, want, nil); r.code != "OK" {
			t.Fatalf("got %s %s", r.code, r.text)
		}
		if !proto.Equal(want, got) {
			t.Error("what the service got is not what was sent")
		}
	})
	b := start(t, &stub{hosts: want.Hosts}, setup{})
	t.Run("read back over gRPC", func(t *testing.T) {
		got, err := b.grpc.GetEnhancedConnection(t.Context(), &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: connection})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.GetHosts(), got.GetHosts(), protocmp.Transform()); diff != "" {
			t.Error("the hosts are not those that were made")
		}
	})
	t.Run("read back over REST", func(t *testing.T) {
		got := &connsvcv1.EnhancedConnection{}
		if _, err := dlijson.DecodeResponse(strings.NewReader(string(b.do(t, http.MethodGet, one, nil, nil).body)), got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.GetHosts(), got.GetHosts(), protocmp.Transform()); diff != "" {
			t.Error("the hosts are not those that were made")
		}
	})
}

// TestBadHostsFitInTrailers uses a client that takes 8 KiB of headers, as many do.
func TestBadHostsFitInTrailers(t *testing.T) {
	bad := createRequest()
	for range 20000 {
		bad.Hosts = append(bad.Hosts, &connsvcv1.Host{Name: "-" + strings.Repeat("ü", 100), Ip: "x"})
	}
	b := start(t, &stub{}, setup{dial: []grpc.DialOption{grpc.WithMaxHeaderListSize(8192)}})
	id := strings.Repeat("i", 128)
	t.Run("grpc", func(t *testing.T) {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", id)
		_, err := b.grpc.CreateEnhancedConnection(ctx, bad)
		st := status.Convert(err)
		if st.Code() != codes.InvalidArgument {
			t.Fatalf("got %v", err)
		}
		seen := map[string]bool{}
		for _, detail := range st.Details() {
			switch d := detail.(type) {
			case *errdetails.ErrorInfo:
				seen["info"] = d.GetReason() == "VALIDATION_FAILED" && d.GetMetadata()["violations_total"] == "40000"
			case *errdetails.BadRequest:
				n := len(d.GetFieldViolations())
				seen["bad"] = n > 0 && n <= 25 && d.GetFieldViolations()[0].GetField() == "hosts[0].name"
			case *errdetails.RequestInfo:
				seen["request"] = d.GetRequestId() == id
			}
		}
		if len(seen) != 3 || !seen["info"] || !seen["bad"] || !seen["request"] {
			t.Errorf("got %v in %v", seen, st.Proto())
		}
	})
	t.Run("rest", func(t *testing.T) {
		got := createREST(t, b, bad, nil)
		if n := strings.Count(got.text, `"field":`); got.status != http.StatusBadRequest || n != 1000 {
			t.Errorf("got %d with %d violations", got.status, n)
		}
		if strings.Contains(got.text, "ü") {
			t.Error("a value that the caller sent is echoed")
		}
	})
	t.Run("one host too many", func(t *testing.T) {
		over := createRequest()
		over.Hosts = hosts(20001)
		overBothAPIs(t, func(t *testing.T, d api) {
			if got := d.create(t, b, over, nil); got.code != "INVALID_ARGUMENT" || !strings.Contains(got.text, "hosts") {
				t.Errorf("got %s %s", got.code, got.text)
			}
		})
	})
}

// TestBodyLimit: gRPC's own limit is 1 MiB more, and its status has no details.
func TestBodyLimit(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		fits := createRequest()
		fits.Hosts = hosts(10)
		size := proto.Size(fits)
		if d.name == "rest" {
			body, err := dlijson.AppendRequest(nil, fits, false, "project_id")
			if err != nil {
				t.Fatal(err)
			}
			size = len(body)
		}
		b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxRequestBytes = int64(size) }})
		if got := d.create(t, b, fits, nil); got.code != "OK" {
			t.Errorf("at the limit: got %s %s", got.code, got.text)
		}
		over := proto.CloneOf(fits)
		over.Name += "x"
		if got := d.create(t, b, over, nil); got.code != "RESOURCE_EXHAUSTED" || got.reason != "BODY_TOO_LARGE" {
			t.Errorf("a byte over: got %s %s", got.code, got.text)
		}
		over.Hosts = hosts(5000)
		if got := d.create(t, b, over, nil); got.code != "RESOURCE_EXHAUSTED" || got.reason != "BODY_TOO_LARGE" {
			t.Errorf("less than a MiB over: got %s %s", got.code, got.text)
		}
		over.Hosts = hosts(10000)
		got := d.create(t, b, over, metadata.MD{"x-request-id": {"far-over"}})
		if got.code != "RESOURCE_EXHAUSTED" || got.requestID != "far-over" {
			t.Errorf("far over: got %+v", got)
		}
		if logged := b.logs.await(t, "call", "far-over"); logged["reason"] != "BODY_TOO_LARGE" {
			t.Errorf("far over: logged %v", logged)
		}
	})
}
