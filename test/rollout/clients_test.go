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

// A client calls the replicas over one API.
type client interface {
	create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (id string, err error)
	get(ctx context.Context, id string) (name string, err error)
	list(ctx context.Context, limit int32) (n int, err error)
}

// errRejected is an error response of connsvc. Its text has only code and reason.
var errRejected = errors.New("rejected")

// A grpcClient balances over the replicas itself, as clients of a headless service do.
type grpcClient struct {
	conn     *grpc.ClientConn
	resolver *manual.Resolver
	client   connsvcv1.ConnectionServiceClient
}

func newGRPCClient(targets []string) (*grpcClient, error) {
	r := manual.NewBuilderWithScheme("replicas")
	r.InitialState(stateOf(targets))
	conn, err := grpc.NewClient("replicas:///connsvc", grpc.WithResolvers(r),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		return nil, err
	}
	return &grpcClient{conn, r, connsvcv1.NewConnectionServiceClient(conn)}, nil
}

func stateOf(targets []string) resolver.State {
	var s resolver.State
	for _, t := range targets {
		s.Endpoints = append(s.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: t}}})
	}
	return s
}

// use sets the replicas to call.
func (d *grpcClient) use(targets []string) { d.resolver.UpdateState(stateOf(targets)) }

func (d *grpcClient) create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (string, error) {
	resp, err := d.client.CreateEnhancedConnection(ctx, req)
	return resp.GetConnectionId(), reasoned(err)
}

func (d *grpcClient) get(ctx context.Context, id string) (string, error) {
	resp, err := d.client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	return resp.GetName(), reasoned(err)
}

func (d *grpcClient) list(ctx context.Context, limit int32) (int, error) {
	resp, err := d.client.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: proto.Int32(limit)})
	return len(resp.GetConnections()), reasoned(err)
}

func (d *grpcClient) close() error { return d.conn.Close() }

// reasoned returns err with its code and, if it is connsvc's, its reason only.
func reasoned(err error) error {
	if err == nil {
		return nil
	}
	s := status.Convert(err)
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return fmt.Errorf("%w: %v %s", errRejected, s.Code(), info.GetReason())
		}
	}
	return fmt.Errorf("%v %s", s.Code(), s.Message())
}

// A restClient calls through the balancer, in turn over HTTP clients that reuse their
// connections, or connect for each call.
type restClient struct {
	base    string
	clients chan *http.Client
}

// restClients is the least number of connections.
const restClients = 16

func newRESTClient(base string) *restClient { return newRESTClientWith(base, &http.Transport{}) }

// newDialingClient makes a client that connects for each call.
func newDialingClient(base string) *restClient {
	return newRESTClientWith(base, &http.Transport{DisableKeepAlives: true})
}

func newRESTClientWith(base string, transport *http.Transport) *restClient {
	d := &restClient{base: base + "/v2.0/" + project + "/datasource/enhanced-connections", clients: make(chan *http.Client, restClients)}
	for range restClients {
		d.clients <- &http.Client{Transport: transport.Clone()}
	}
	return d
}

func (d *restClient) create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (string, error) {
	req = proto.CloneOf(req)
	key := req.GetRequestId()
	req.RequestId, req.ProjectId = "", ""
	body, err := protojson.Marshal(req)
	if err != nil {
		return "", err
	}
	var response struct {
		ID string `json:"connection_id"`
	}
	err = d.call(ctx, http.MethodPost, "", key, body, &response)
	return response.ID, err
}

func (d *restClient) get(ctx context.Context, id string) (string, error) {
	var response struct {
		Name string `json:"name"`
	}
	err := d.call(ctx, http.MethodGet, "/"+id, "", nil, &response)
	return response.Name, err
}

func (d *restClient) list(ctx context.Context, limit int32) (int, error) {
	var response struct {
		Connections []struct{} `json:"connections"`
	}
	err := d.call(ctx, http.MethodGet, fmt.Sprintf("?limit=%d", limit), "", nil, &response)
	return len(response.Connections), err
}

func (d *restClient) call(ctx context.Context, method, path, key string, body []byte, response any) error {
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	// With GetBody net/http may retry when a connection ends, which not all clients do.
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
		return fmt.Errorf("%w: HTTP %d %s", errRejected, resp.StatusCode, reasonIn(text))
	}
	return json.Unmarshal(text, response)
}

// reasonIn returns the reason of a REST error.
func reasonIn(body []byte) string {
	var response struct {
		Details []struct {
			Reason string `json:"reason"`
		} `json:"details"`
	}
	if json.Unmarshal(body, &response) == nil {
		for _, d := range response.Details {
			if d.Reason != "" {
				return d.Reason
			}
		}
	}
	return ""
}

func (d *restClient) close() {
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
