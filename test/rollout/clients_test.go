package rollout_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const project = "48cc2c48765f481480c7db940d6409d1"

// A door is a way to call the replicas.
type door interface {
	create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (id string, err error)
	get(ctx context.Context, id string) (name string, err error)
	list(ctx context.Context, limit int32) (n int, err error)
}

// errRefused is a call that has an answer, and it is an error; its text is the
// reason alone.
var errRefused = errors.New("refused")

// A grpcDoor calls by a client that balances by itself, as those of a headless
// service do.
type grpcDoor struct {
	conn     *grpc.ClientConn
	resolver *manual.Resolver
	client   connsvcv1.ConnectionServiceClient
}

func newGRPCDoor(targets []string) (*grpcDoor, error) {
	r := manual.NewBuilderWithScheme("replicas")
	r.InitialState(stateOf(targets))
	conn, err := grpc.NewClient("replicas:///connsvc", grpc.WithResolvers(r),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		return nil, err
	}
	return &grpcDoor{conn, r, connsvcv1.NewConnectionServiceClient(conn)}, nil
}

func stateOf(targets []string) resolver.State {
	var s resolver.State
	for _, t := range targets {
		s.Endpoints = append(s.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: t}}})
	}
	return s
}

// use makes these the replicas that are called.
func (d *grpcDoor) use(targets []string) { d.resolver.UpdateState(stateOf(targets)) }

func (d *grpcDoor) create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (string, error) {
	resp, err := d.client.CreateEnhancedConnection(ctx, req)
	return resp.GetConnectionId(), reasoned(err)
}

func (d *grpcDoor) get(ctx context.Context, id string) (string, error) {
	resp, err := d.client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	return resp.GetName(), reasoned(err)
}

func (d *grpcDoor) list(ctx context.Context, limit int32) (int, error) {
	resp, err := d.client.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: proto.Int32(limit)})
	return len(resp.GetConnections()), reasoned(err)
}

func (d *grpcDoor) close() error { return d.conn.Close() }

// reasoned is err by its code, and by its reason where it is one of connsvc's.
func reasoned(err error) error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return fmt.Errorf("%w: %v %s", errRefused, s.Code(), info.GetReason())
		}
	}
	return fmt.Errorf("%v %s", s.Code(), s.Message())
}

// A restDoor calls through the balancer by clients that keep their connections,
// each in its turn.
type restDoor struct {
	base    string
	clients chan *http.Client
}

// restClients is how many connections are kept at least.
const restClients = 16

func newRESTDoor(base string) *restDoor {
	d := &restDoor{base: base + "/v2.0/" + project + "/datasource/enhanced-connections", clients: make(chan *http.Client, restClients)}
	for range restClients {
		d.clients <- &http.Client{Transport: &http.Transport{}}
	}
	return d
}

func (d *restDoor) create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (string, error) {
	req = proto.CloneOf(req)
	key := req.GetRequestId()
	req.RequestId, req.ProjectId = "", ""
	body, err := protojson.Marshal(req)
	if err != nil {
		return "", err
	}
	var answer struct {
		ID string `json:"connection_id"`
	}
	err = d.call(ctx, http.MethodPost, "", key, body, &answer)
	return answer.ID, err
}

func (d *restDoor) get(ctx context.Context, id string) (string, error) {
	var answer struct {
		Name string `json:"name"`
	}
	err := d.call(ctx, http.MethodGet, "/"+id, "", nil, &answer)
	return answer.Name, err
}

func (d *restDoor) list(ctx context.Context, limit int32) (int, error) {
	var answer struct {
		Connections []struct{} `json:"connections"`
	}
	err := d.call(ctx, http.MethodGet, fmt.Sprintf("?limit=%d", limit), "", nil, &answer)
	return len(answer.Connections), err
}

func (d *restDoor) call(ctx context.Context, method, path, key string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	// Else net/http may send it again by itself when its connection ends, and
	// not every client does.
	req.GetBody = nil
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	var client *http.Client
	select {
	case client = <-d.clients:
		d.clients <- client
	case <-ctx.Done():
		return ctx.Err()
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%w: HTTP %d %s", errRefused, resp.StatusCode, reasonIn(text))
	}
	return json.Unmarshal(text, answer)
}

// reasonIn is the reason in a REST error.
func reasonIn(body []byte) string {
	var answer struct {
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	}
	if json.Unmarshal(body, &answer) == nil {
		for _, d := range answer.Details {
			if d.Reason != "" {
				return d.Reason
			}
		}
	}
	return ""
}

func (d *restDoor) close() {
	for range restClients {
		(<-d.clients).CloseIdleConnections()
	}
}

func newClient(conn *grpc.ClientConn) connsvcv1.ConnectionServiceClient {
	return connsvcv1.NewConnectionServiceClient(conn)
}

// listOf lists the connections of a project.
func listOf(ctx context.Context, m *measured, project string) error {
	_, err := m.grpc.client.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: proto.Int32(1)})
	return reasoned(err)
}
