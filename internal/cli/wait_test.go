package cli_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

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
	waits := 0
	for _, call := range f.calls("WaitEnhancedConnection") {
		sent := call.(*connsvcv1.WaitEnhancedConnectionRequest)
		if sent.GetTimeout().AsDuration() > 0 {
			waits++
		} else if waits > 0 {
			t.Error("it does not wait")
		}
		if !proto.Equal(&connsvcv1.WaitEnhancedConnectionRequest{
			ProjectId: "p1", ConnectionId: id1, Addresses: []string{"db:5432"}, Queues: []string{"q1"}, Timeout: sent.GetTimeout(),
		}, sent) {
			t.Errorf("sent %v", sent)
		}
	}
	if waits == 0 {
		t.Error("it does not wait")
	}

	f.on("WaitEnhancedConnection", timeOver(), status.Error(codes.Unavailable, "the connection broke"), ready)
	c := f.command(t)
	c.terminal = true
	r = c.run(t, "wait", id1, "-o", "json")
	check(t, r.stdout, `"reached": "READY"`)
	check(t, r.stderr, "\r\x1b[Kwaiting for "+id1+": q1 is CREATING, q... (")
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
