package cli_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

type reached = connsvcv1.WaitEnhancedConnectionResponse

// timeOver is the response of a wait that can go on.
func timeOver() *reached {
	return &reached{
		Reached: connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT, Connection: connection(id1, "orders", connsvcv1.Peering_CREATING),
		Tests: []*connsvcv1.AddressTest{{Queue: "q1", Address: "db:5432"}},
	}
}

// TestWait waits on after connsvc's own limit, a shutdown and a broken connection, and says
// what it waits for.
func TestWait(t *testing.T) {
	f := startFake(t)
	ready := &reached{
		IsSuccess: true, Reached: connsvcv1.WaitEnhancedConnectionResponse_READY, Connection: connection(id1, "orders", connsvcv1.Peering_ACTIVE),
		Tests: []*connsvcv1.AddressTest{{Queue: "q1", Address: "db:5432", Reachable: true, Result: "REACHABLE"}},
	}
	f.on("WaitEnhancedConnection", again(1), timeOver(), again(1), ready)
	r := f.command(t).run(t, "wait", id1, "--address-reachable", "db:5432", "--queue", "q1")
	if r.status != 0 || r.stdout != `00000000-0000-4000-8000-000000000001: READY

KIND   NAME  STATUS  MESSAGE
queue  q1    ACTIVE

QUEUE  ADDRESS  REACHABLE  RESULT
q1     db:5432  yes        REACHABLE
` {
		t.Errorf("status %d: %s", r.status, r.stdout)
	}
	check(t, r.stderr, "waiting for "+id1+"\n", ": q1 is CREATING, q1 does not reach db:5432\n")
	if strings.ContainsAny(r.stderr, "\r\x1b") {
		t.Errorf("%q is for a terminal", r.stderr)
	}
	check(t, r.stderr, "waiting for "+id1+": tests of db:5432\n")
	check(t, r.stderr, ": connsvc is shutting down: wait again, trying again\n")
	base := &connsvcv1.WaitEnhancedConnectionRequest{ProjectId: "p1", ConnectionId: id1, Addresses: []string{"db:5432"}, Queues: []string{"q1"}}
	for i, sent := range f.waits() {
		want := proto.CloneOf(base)
		switch want.Timeout = sent.GetTimeout(); i {
		case 0, 1:
			want.Timeout = &durationpb.Duration{}
		case 2, 3: // the peering is CREATING
			want.Timeout, want.Addresses, want.Queues = durationpb.New(30*time.Second), nil, nil
		}
		if !proto.Equal(sent, want) {
			t.Errorf("sent %v as call %d", sent, i)
		}
	}
	if n := len(f.waits()); n != 5 {
		t.Errorf("%d calls", n)
	}

	f.on("WaitEnhancedConnection", timeOver(), status.Error(codes.Unavailable, "the connection broke"), ready)
	c := f.command(t)
	c.terminal = true
	r = c.run(t, "wait", id1, "-o", "json")
	check(t, r.stdout, `"reached": "READY"`)
	check(t, r.stderr, "\r\x1b[Kwaiting for "+id1+": q1 is CREATING, q... (")
}

// waits returns the calls of WaitEnhancedConnection so far.
func (f *fake) waits() (all []*connsvcv1.WaitEnhancedConnectionRequest) {
	for _, call := range f.calls("WaitEnhancedConnection") {
		all = append(all, call.(*connsvcv1.WaitEnhancedConnectionRequest))
	}
	return all
}

// TestWaitForAddresses: tests of addresses, which begin anew with each call, have all the time
// that is left.
func TestWaitForAddresses(t *testing.T) {
	f := startFake(t)
	untested := timeOver()
	untested.Connection = connection(id1, "orders", connsvcv1.Peering_ACTIVE)
	f.on("WaitEnhancedConnection", untested, &reached{Reached: connsvcv1.WaitEnhancedConnectionResponse_READY})
	if r := f.command(t).run(t, "wait", id1, "--address-reachable", "db:5432", "--timeout", "2h"); r.status != 0 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	if sent := f.waits(); len(sent) != 2 || sent[1].GetTimeout().AsDuration() != time.Hour { // the contract's limit
		t.Errorf("sent %v", sent)
	}
}

// TestWaitInterrupted: neither a DLI that is out or slow nor a connsvc that does not respond ends
// a wait, from its first call on.
func TestWaitInterrupted(t *testing.T) {
	var patience time.Duration // of the first call
	f := startFake(t, grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		if at, ok := stream.Context().Deadline(); ok && patience == 0 {
			patience = time.Until(at)
		}
		return handler(srv, stream)
	}))
	throttled := failure(codes.Unavailable, connsvcv1.ErrorReason_UPSTREAM_THROTTLED, "DLI throttles requests", &errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Nanos: 1}})
	ready := &reached{Reached: connsvcv1.WaitEnhancedConnectionResponse_READY}
	f.on("WaitEnhancedConnection", throttled, status.Error(codes.DeadlineExceeded, "context deadline exceeded"), ready)
	r := f.command(t).run(t, "wait", id1)
	if r.status != 0 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	check(t, r.stderr, ": DLI throttles requests, trying again\n", ": no response of connsvc, trying again\n")
	if patience <= 10*time.Second { // what connsvc takes to read DLI once
		t.Errorf("the first call ends after %v", patience)
	}
	f.on("WaitEnhancedConnection", failure(codes.DeadlineExceeded, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, "DLI is slow"),
		failure(codes.Internal, connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI is broken"), ready)
	f.on("ListEnhancedConnections", failure(codes.DeadlineExceeded, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, "DLI is slow"),
		&connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{connection(id1, "orders")}})
	if r := f.command(t).run(t, "wait", "orders"); r.status != 0 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}

	// Where the outage lasts to the end, the last state is what the wait ends with.
	f.on("WaitEnhancedConnection", timeOver(), failure(codes.Unavailable, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE, "DLI is out"))
	r = f.command(t).run(t, "wait", id1, "--timeout", "200ms")
	if r.status != cli.ExitNotReached {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	check(t, r.stdout, id1+": TIMEOUT\n", "queue  q1    CREATING")
	f.on("WaitEnhancedConnection", throttled)
	r = f.command(t).run(t, "wait", id1, "--timeout", "10ms")
	if r.status != 1 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	check(t, r.stderr, "reason: UPSTREAM_THROTTLED")
}

// TestWaitGone: a connection that was seen and is deleted between two calls is GONE.
func TestWaitGone(t *testing.T) {
	f := startFake(t)
	f.on("WaitEnhancedConnection", timeOver(), again(1), failure(codes.NotFound, connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, "no such"))
	r := f.command(t).run(t, "wait", id1)
	if r.status != cli.ExitNotReached || r.stdout != id1+": GONE\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// TestWaitNotReached: a wait that did not end with READY has an exit status of its own.
func TestWaitNotReached(t *testing.T) {
	f := startFake(t)
	for _, tt := range []struct {
		response     proto.Message
		out, message string
	}{
		{&reached{Reached: connsvcv1.WaitEnhancedConnectionResponse_FAILED, Connection: connection(id1, "orders", connsvcv1.Peering_FAILED), Failures: []*connsvcv1.PeeringFailure{
			{Name: "q1", ErrMsg: "no", Advice: "check the subnet"},
		}}, "FAILED  ADVICE\nq1      check the subnet\n", `a peering of "` + id1 + `" is FAILED`},
		{&reached{Reached: connsvcv1.WaitEnhancedConnectionResponse_GONE}, "GONE", "does not exist any more"},
		{timeOver(), "q1     db:5432  no", "the time is over"},
	} {
		f.on("WaitEnhancedConnection", tt.response)
		r := f.command(t).run(t, "wait", id1, "--timeout", "1ms")
		if r.status != cli.ExitNotReached {
			t.Errorf("%s: status %d", tt.out, r.status)
		}
		check(t, r.stdout, tt.out)
		check(t, r.stderr, tt.message)
	}
}

// TestWaitFails: an error that no repetition helps against ends the wait.
func TestWaitFails(t *testing.T) {
	f := startFake(t)
	f.on("WaitEnhancedConnection", failure(codes.NotFound, connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, "no such"))
	r := f.command(t).run(t, "wait", id1)
	if r.status != 1 || len(f.calls("WaitEnhancedConnection")) != 1 {
		t.Errorf("status %d, %d calls", r.status, len(f.calls("WaitEnhancedConnection")))
	}
	check(t, r.stderr, "reason: CONNECTION_NOT_FOUND")
	c := f.command(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.ctx = ctx
	if r := c.run(t, "wait", id1); r.status != 1 {
		t.Errorf("status %d", r.status)
	}
}
