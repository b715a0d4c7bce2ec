package server_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// applying is a service whose applies are the test's.
type applying struct {
	*stub

	apply func(context.Context, *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error)
}

func (a applying) ApplyEnhancedConnection(ctx context.Context, req *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
	return a.apply(ctx, req)
}

func applyRequest() *connsvcv1.ApplyEnhancedConnectionRequest {
	c := createRequest()
	return &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: c.GetProjectId(), Connection: &connsvcv1.EnhancedConnectionSpec{
		Name: "test", DestVpcId: c.GetDestVpcId(), DestNetworkId: c.GetDestNetworkId(), Queues: []string{"q1"},
		Hosts: []*connsvcv1.Host{{Name: "secret-host", Ip: "10.0.0.1"}, {Name: "b", Ip: "10.0.0.2"}},
	}}
}

func applyGRPC(t *testing.T, b *bench, req *connsvcv1.ApplyEnhancedConnectionRequest) result {
	t.Helper()
	var trailer metadata.MD
	_, err := b.grpc.ApplyEnhancedConnection(metadata.NewOutgoingContext(t.Context(), bearer(callerToken)), req, grpc.Trailer(&trailer))
	return grpcResult(t, err, trailer)
}

// TestApplyCountsCreates: one that creates takes from the caller's creates, as a create does;
// one that changes, or only compares, does not.
func TestApplyCountsCreates(t *testing.T) {
	service := applying{&stub{}, func(ctx context.Context, req *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
		if !req.GetValidateOnly() {
			if err := call.From(ctx).CountCreate(); err != nil {
				return nil, err
			}
		}
		return &connsvcv1.ApplyEnhancedConnectionResponse{IsSuccess: true}, nil
	}}
	b := start(t, service, setup{config: func(c *configv1.Config) {
		c.Limits.PerCaller = &configv1.CallerLimits{CreatesPerMinute: 1, CreatesBurst: 2}
	}})
	apply := func(validateOnly bool) string {
		req := applyRequest()
		req.ValidateOnly = validateOnly
		return applyGRPC(t, b, req).reason
	}
	if reason := apply(false); reason != "" {
		t.Errorf("an apply: %s", reason)
	}
	if _, err := b.grpc.CreateEnhancedConnection(t.Context(), createRequest()); err != nil {
		t.Errorf("a create after it: %v", err)
	}
	if reason := apply(false); reason != "CALLER_QUOTA" {
		t.Errorf("another apply: %q, want CALLER_QUOTA", reason)
	}
	if reason := apply(true); reason != "" {
		t.Errorf("one that only compares: %s", reason)
	}
}

// TestApplyAsksThePolicy for each of its calls, as if the caller made it: what a rule denies
// there, an apply must not do.
func TestApplyAsksThePolicy(t *testing.T) {
	var asked error
	var seen bool
	conn := &connsvcv1.EnhancedConnection{Id: connection, Name: "theirs"}
	service := applying{&stub{}, func(ctx context.Context, _ *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
		record := call.From(ctx)
		seen = record.Sees(conn)
		for _, allowed := range []proto.Message{
			&connsvcv1.AssociateQueuesRequest{ProjectId: project, ConnectionId: connection, Queues: []string{"q1"}},
			&connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: project, ConnectionId: connection},
		} {
			if err := record.Permit(ctx, allowed, conn); err != nil {
				t.Errorf("%T: %v", allowed, err)
			}
		}
		asked = record.Permit(ctx, &connsvcv1.UpdatePrivilegesRequest{ProjectId: project}, conn)
		return nil, record.Permit(ctx, &connsvcv1.AssociateQueuesRequest{ProjectId: project, ConnectionId: connection, Queues: []string{"q2"}}, conn)
	}}
	deny := rule("no-grants", "", "UpdatePrivileges")
	deny.Effect = configv1.PolicyRule_DENY
	b := governed(t, service, &configv1.Policy{Rules: []*configv1.PolicyRule{
		deny, rule("bind", `connection.name == "theirs" && request.queues == ["q1"]`, "AssociateQueues"),
		rule("see", `connection.name != "theirs"`, "GetEnhancedConnection"),
		rule("apply", `request.connection.name == "test"`, "ApplyEnhancedConnection"),
		rule("rest", `!(method in ["AssociateQueues", "GetEnhancedConnection", "ApplyEnhancedConnection"])`),
	}})
	got := applyGRPC(t, b, applyRequest())
	if got.reason != "POLICY_DENIED" || !strings.Contains(got.text, "AssociateQueues") {
		t.Errorf("got %+v", got)
	}
	if e := apierror.From(asked); e == nil || e.Reason != connsvcv1.ErrorReason_POLICY_DENIED || e.Metadata["policy_rule"] != "no-grants" {
		t.Errorf("a grant: %v", asked)
	}
	if seen {
		t.Error("the apply sees a connection that its caller may not get")
	}
	other := applyRequest()
	other.Connection.Name = "other"
	if got := applyGRPC(t, b, other); got.reason != "POLICY_DENIED" {
		t.Errorf("got %+v", got)
	}
}

// TestApplyIsAudited with the steps that were needed, and without its hosts.
func TestApplyIsAudited(t *testing.T) {
	steps := []*connsvcv1.ApplyStep{
		{Action: connsvcv1.ApplyStep_SET_HOSTS, State: connsvcv1.ApplyStep_DONE, Count: 3},
		{Action: connsvcv1.ApplyStep_BIND, State: connsvcv1.ApplyStep_FAILED, Count: 1},
		{Action: connsvcv1.ApplyStep_GRANT, State: connsvcv1.ApplyStep_NOT_NEEDED},
	}
	for name, outcome := range map[string]func() (*connsvcv1.ApplyEnhancedConnectionResponse, error){
		"OK": func() (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
			return &connsvcv1.ApplyEnhancedConnectionResponse{ConnectionId: connection, Steps: steps}, nil
		},
		"NOT_FOUND": func() (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
			e := apierror.New(connsvcv1.ErrorReason_QUEUE_NOT_FOUND, "", nil)
			e.Report = &connsvcv1.ApplyReport{ConnectionId: connection, Steps: steps}
			return nil, e
		},
	} {
		t.Run(name, func(t *testing.T) {
			service := applying{&stub{}, func(context.Context, *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
				return outcome()
			}}
			b, tr := audited(t, service, &configv1.Audit{})
			got := applyGRPC(t, b, applyRequest())
			records := tr.records(t, got.requestID)
			if len(records) != 1 {
				t.Fatalf("records %v", records)
			}
			r := records[0]
			if r["event"] != "change" || r["outcome"] != name || r["project"] != project || r["resource_id"] != connection || r["hosts"] != 2.0 ||
				fmt.Sprint(r["steps"]) != "[SET_HOSTS DONE 3 BIND FAILED 1]" || !strings.Contains(fmt.Sprint(r["request"]), "test") {
				t.Errorf("got %v", r)
			}
			if strings.Contains(tr.String(), "secret-host") {
				t.Errorf("a record has hosts: %s", tr)
			}
		})
	}
}

// TestTooManyItemsWithin: lists inside of a request's messages count too.
func TestTooManyItemsWithin(t *testing.T) {
	b := start(t, &stub{}, setup{})
	host := []byte{0x3a, 0x00} // hosts of a spec
	within := func(field protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), content)
	}
	most := bytes.Repeat(host, dlijson.MaxRequestItems)
	half := within(2, most[:len(most)/2])
	const apply, compare = connsvcv1.ConnectionService_ApplyEnhancedConnection_FullMethodName, connsvcv1.ConnectionService_CompareEnhancedConnection_FullMethodName
	for name, tt := range map[string]struct {
		rpc, want string
		wire      []byte
	}{
		"one too many":            {apply, "connection.hosts: " + dlijson.TooManyItems, within(2, slices.Concat(most, host))},
		"as many as may be":       {apply, "project_id: ", within(2, most)},
		"in several":              {compare, "connections[1].hosts: " + dlijson.TooManyItems, slices.Concat(half, half)},
		"not valid inside":        {apply, "not a valid protobuf message", within(2, slices.Concat(most, []byte{0x3a}))},
		"connections too":         {compare, "connections: " + dlijson.TooManyItems, bytes.Repeat([]byte{0x12, 0x00}, dlijson.MaxRequestItems+1)},
		"a number where it is no": {apply, "connection", slices.Concat([]byte{0x10, 0x01}, bytes.Repeat([]byte{0x18, 0x01}, dlijson.MaxRequestItems))},
	} {
		t.Run(name, func(t *testing.T) {
			if got := b.sendWire(t, tt.rpc, tt.wire); got.reason != "VALIDATION_FAILED" || !strings.Contains(got.text, tt.want) {
				t.Errorf("got %s %.300s", got.code, got.text)
			}
		})
	}
	body := `{"connection":{"hosts":[{}` + strings.Repeat(",{}", dlijson.MaxRequestItems) + `]}}`
	path := "/connsvc/v1/" + project + "/enhanced-connections:apply"
	if got := b.do(t, http.MethodPost, path, nil, strings.NewReader(body)); !strings.Contains(got.text, "connection.hosts: "+dlijson.TooManyItems) {
		t.Errorf("REST: got %.300s", got.body)
	}
}
