package apply_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/test/stage"
)

const errorsProject = "errors"

// TestErrors: what an apply, a comparison and a change of hosts reject, over both APIs.
func TestErrors(t *testing.T) {
	s := newStage(t, map[string]*emulator.Emulator{errorsProject: emulator.New(emulator.Options{
		Queues: []string{"q1"}, PeeringDelay: time.Hour, Quirks: emulator.Quirks{AllowDuplicateNames: true},
	})})
	made, failure := apply(s.GRPC, errorsProject, base())
	if failure != nil {
		t.Fatal(failure)
	}
	id := made.GetConnectionId()
	for range 2 {
		if failure := call(s.GRPC, "CreateEnhancedConnection", &connsvcv1.CreateEnhancedConnectionRequest{
			ProjectId: errorsProject, Name: "twice", DestVpcId: vpcID, DestNetworkId: networkID,
		}, &connsvcv1.CreateEnhancedConnectionResponse{}); failure != nil {
			t.Fatal(failure)
		}
	}
	applied := func(wanted *spec, replace bool) proto.Message {
		return &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: errorsProject, Connection: wanted, AllowReplace: replace}
	}
	moved := changed(func(s *spec) { s.DestVpcId = otherVPC })
	for _, tt := range []struct {
		name, rpc string
		req, resp proto.Message
		code      codes.Code
		reason    string
		metadata  map[string]string
		step      string // of the report, that failed; empty: no report
	}{
		{
			"another VPC", "ApplyEnhancedConnection", applied(moved, false), &connsvcv1.ApplyEnhancedConnectionResponse{},
			codes.FailedPrecondition, "REPLACE_NEEDED",
			map[string]string{"existing_connection_id": id, "differs": "dest_vpc_id"},
			"",
		},
		{
			"a replacement that loses hosts", "ApplyEnhancedConnection", applied(changed(func(s *spec) { s.DestVpcId, s.Hosts = otherVPC, nil }), true), &connsvcv1.ApplyEnhancedConnectionResponse{},
			codes.FailedPrecondition, "REPLACE_NEEDED",
			map[string]string{"would_lose": "hosts"},
			"",
		},
		{
			"a replacement while a peering is created", "ApplyEnhancedConnection", applied(moved, true), &connsvcv1.ApplyEnhancedConnectionResponse{},
			codes.FailedPrecondition, "CONNECTION_BUSY", nil, "DELETE",
		},
		{
			"two of the name", "ApplyEnhancedConnection", applied(changed(func(s *spec) { s.Name = "twice" }), false), &connsvcv1.ApplyEnhancedConnectionResponse{},
			codes.FailedPrecondition, "NAME_AMBIGUOUS", nil, "",
		},
		{
			"a queue that does not exist", "ApplyEnhancedConnection", applied(changed(func(s *spec) { s.Queues = []string{"q1", "q9"} }), false), &connsvcv1.ApplyEnhancedConnectionResponse{},
			codes.NotFound, "QUEUE_NOT_FOUND", nil, "BIND",
		},
		{
			"a tag of connsvc's", "ApplyEnhancedConnection", applied(changed(func(s *spec) {
				s.Name, s.Tags = "tagged", []*connsvcv1.Tag{{Key: "connsvc.request_id", Value: proto.String("x")}}
			}), false), &connsvcv1.ApplyEnhancedConnectionResponse{},
			codes.InvalidArgument, "VALIDATION_FAILED", nil, "CREATE",
		},
		{
			"a name that is none", "ApplyEnhancedConnection", applied(changed(func(s *spec) { s.Name = "a-b" }), false), &connsvcv1.ApplyEnhancedConnectionResponse{},
			codes.InvalidArgument, "VALIDATION_FAILED", nil, "",
		},
		{
			"the same name twice", "CompareEnhancedConnection", &connsvcv1.CompareEnhancedConnectionRequest{ProjectId: errorsProject, Connections: []*spec{base(), base()}}, &connsvcv1.CompareEnhancedConnectionResponse{},
			codes.InvalidArgument, "VALIDATION_FAILED", nil, "",
		},
		{
			"an etag of other hosts", "AddHosts", &connsvcv1.AddHostsRequest{ProjectId: errorsProject, ConnectionId: id, Hosts: hosts("z"), Etag: "x"}, &connsvcv1.AddHostsResponse{},
			codes.Aborted, "CONCURRENT_CHANGE", nil, "",
		},
		{
			"the last hosts", "RemoveHosts", &connsvcv1.RemoveHostsRequest{ProjectId: errorsProject, ConnectionId: id, Names: []string{"a", "b"}}, &connsvcv1.RemoveHostsResponse{},
			codes.FailedPrecondition, "EMPTY_NOT_ALLOWED", nil, "",
		},
		{
			"hosts of nothing", "ListHosts", &connsvcv1.ListHostsRequest{ProjectId: errorsProject, ConnectionId: "503fc86a-5e60-4349-92c2-7e399404fa8a"}, &connsvcv1.ListHostsResponse{},
			codes.NotFound, "CONNECTION_NOT_FOUND", nil, "",
		},
	} {
		for _, client := range s.Clients() {
			t.Run(tt.name+"/"+client.Name(), func(t *testing.T) {
				failure := call(client, tt.rpc, tt.req, tt.resp)
				if failure == nil || failure.Code != tt.code || failure.Reason != tt.reason {
					t.Fatalf("got %v, want %s/%s", failure, tt.code, tt.reason)
				}
				for key, value := range tt.metadata {
					if failure.Metadata[key] != value {
						t.Errorf("metadata %v, want %v", failure.Metadata, tt.metadata)
					}
				}
				if got := failedStep(failure); got != tt.step {
					t.Errorf("step %q failed, want %q: %v", got, tt.step, failure.Report)
				}
			})
		}
	}
	closeStage(t, s)
}

func failedStep(failure *stage.Failure) string {
	for _, s := range failure.Report.GetSteps() {
		if s.GetState() == connsvcv1.ApplyStep_FAILED {
			return s.GetAction().String()
		}
	}
	return ""
}
