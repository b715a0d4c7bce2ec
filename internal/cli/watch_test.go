package cli_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

type event = connsvcv1.WatchEnhancedConnectionsResponse

// TestWatch prints what changes, and resumes with the last token after a RECONNECT, a broken
// connection and a shutdown.
func TestWatch(t *testing.T) {
	f := startFake(t)
	at := timestamppb.New(time.Date(2026, 11, 28, 20, 16, 40, 0, time.UTC))
	failed := connection(id1, "orders", connsvcv1.Peering_FAILED)
	failed.AvailableQueueInfo[0].ErrMsg = "no address"
	f.on("WatchEnhancedConnections",
		[]any{
			&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_ADDED, Connection: connection(id1, "orders", connsvcv1.Peering_CREATING), AsOf: at},
			&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_SYNCED, ResumeToken: "t1", AsOf: at},
			&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_RECONNECT, ResumeToken: "t2"},
		},
		[]any{
			&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_MODIFIED, Connection: failed, ResumeToken: "t3", AsOf: at},
			&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_HEARTBEAT, ResumeToken: "t3", AsOf: at},
			status.Error(codes.Internal, "stream terminated"),
		},
		again(1),
		[]any{&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_DELETED, Connection: connection(id1, "orders"), ResumeToken: "t4", AsOf: at}},
	)
	r := f.command(t).run(t, "watch", id1)
	want := `2026-11-28 20:16:40  ADDED     ` + id1 + `  orders  1 CREATING
2026-11-28 20:16:40  MODIFIED  ` + id1 + `  orders  1 FAILED  q1: no address
2026-11-28 20:16:40  DELETED   ` + id1 + `  orders
`
	if r.status != 0 || r.stdout != want {
		t.Errorf("status %d: got\n%s%s\nwant\n%s", r.status, r.stdout, r.stderr, want)
	}
	check(t, r.stderr, "the watch broke, resuming: stream terminated")
	var tokens []string
	for _, call := range f.calls("WatchEnhancedConnections") {
		tokens = append(tokens, call.(*connsvcv1.WatchEnhancedConnectionsRequest).GetResumeToken())
	}
	if tokens = slices.Compact(tokens); !slices.Equal(tokens, []string{"", "t2", "t3"}) {
		t.Errorf("tokens %q", tokens)
	}
}

// TestWatchThatCannotPrint ends, and does not resume after an event that nobody has seen.
func TestWatchThatCannotPrint(t *testing.T) {
	f := startFake(t)
	f.on("WatchEnhancedConnections", []any{
		&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_ADDED, Connection: connection(id1, "orders", connsvcv1.Peering_ACTIVE)},
		&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_SYNCED, ResumeToken: "t1"},
	})
	c := f.command(t)
	c.full = true
	if r := c.run(t, "watch", id1); r.status == 0 || !strings.Contains(r.stderr, errFull.Error()) {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	if calls := f.calls("WatchEnhancedConnections"); len(calls) != 1 {
		t.Errorf("%d watches", len(calls))
	}
}

// TestWatchJSON prints an event a line, without the advice to reconnect; a token that is not
// taken any more starts the watch anew.
func TestWatchJSON(t *testing.T) {
	f := startFake(t)
	f.on("WatchEnhancedConnections",
		[]any{
			&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_SYNCED, ResumeToken: "t1"},
			&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_RECONNECT, ResumeToken: "t1"},
		},
		failure(codes.InvalidArgument, connsvcv1.ErrorReason_VALIDATION_FAILED, "resume_token"),
		[]any{&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_DELETED, Connection: connection(id1, "orders")}},
	)
	r := f.command(t).run(t, "watch", id1, "-o", "json")
	if want := `{"type":"SYNCED","resume_token":"t1"}
{"type":"DELETED","connection":{"id":"` + id1 + `","name":"orders","status":"ACTIVE","available_queue_info":[],"elastic_resource_pools":[],` +
		`"dest_vpc_id":"","dest_network_id":"","ipv6_enable":false,"isPrivis":true,"routes":[]},"resume_token":""}
`; r.stdout != want || r.status != 0 {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	check(t, r.stderr, "the watch starts anew")

	f.on("WatchEnhancedConnections", failure(codes.InvalidArgument, connsvcv1.ErrorReason_VALIDATION_FAILED, "resume_token"))
	if r := f.command(t).run(t, "watch", "--resume-token", "of the user"); r.status != 1 {
		t.Errorf("status %d", r.status)
	}
	f.on("WatchEnhancedConnections", status.Error(codes.Unavailable, "nobody"))
	if r := f.command(t).run(t, "watch"); r.status != 1 {
		t.Errorf("status %d", r.status)
	}
}

// TestWatchEnds: it ends with its time, or when it is interrupted, without an error.
func TestWatchEnds(t *testing.T) {
	f := startFake(t)
	f.on("WatchEnhancedConnections", []any{&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_SYNCED}, status.Error(codes.Unavailable, "broken")})
	if r := f.command(t).run(t, "watch", "--timeout", "10ms"); r.status != 0 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	c := f.command(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.ctx = ctx
	if r := c.run(t, "watch"); r.status != 0 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}

// TestTest polls the result of a test.
func TestTest(t *testing.T) {
	f := startFake(t)
	f.on("CreateConnectivityTest", &connsvcv1.CreateConnectivityTestResponse{TaskId: 7})
	f.on("GetConnectivityTest", &connsvcv1.GetConnectivityTestResponse{}, &connsvcv1.GetConnectivityTestResponse{Connectivity: "REACHABLE"})
	r := f.command(t).run(t, "test", "q1", "db:5432")
	if r.status != 0 || r.stdout != "q1 db:5432: REACHABLE\n" || r.stderr != "testing whether q1 reaches db:5432\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	if sent := f.calls("GetConnectivityTest")[1].(*connsvcv1.GetConnectivityTestRequest); sent.GetTaskId() != 7 || sent.GetQueueName() != "q1" {
		t.Errorf("sent %v", sent)
	}
	f.on("GetConnectivityTest", &connsvcv1.GetConnectivityTestResponse{Connectivity: "UNREACHABLE"})
	r = f.command(t).run(t, "test", "q1", "db:5432", "-o", "yaml")
	if r.status != cli.ExitNotReached || r.stdout != "queue: q1\naddress: db:5432\nreachable: false\nresult: UNREACHABLE\n" {
		t.Errorf("status %d: %s", r.status, r.stdout)
	}
	f.on("GetConnectivityTest", &connsvcv1.GetConnectivityTestResponse{})
	if r = f.command(t).run(t, "test", "q1", "db:5432", "--timeout", "10ms"); r.status != 1 {
		t.Errorf("status %d", r.status)
	}
	f.on("CreateConnectivityTest", failure(codes.NotFound, connsvcv1.ErrorReason_QUEUE_NOT_FOUND, "no queue"), io.EOF)
	r = f.command(t).run(t, "test", "q9", "db:5432")
	check(t, r.stderr, "reason: QUEUE_NOT_FOUND")
}
