package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/connsvc/connsvc/test/dlirest"
)

// maxConns is the most idle connections that the client keeps: more than the
// parallel callers of any suite.
const maxConns = 512

type restClient struct {
	host      string
	transport *http.Transport
}

func newRESTClient(address string) Client {
	return &restClient{
		host:      address,
		transport: &http.Transport{MaxIdleConns: maxConns, MaxIdleConnsPerHost: maxConns},
	}
}

func (*restClient) Name() string { return "rest" }

func (c *restClient) Close() error {
	c.transport.CloseIdleConnections()
	return nil
}

func (c *restClient) Call(ctx context.Context, fullMethod string, req, resp proto.Message) *Failure {
	r, err := c.request(ctx, path.Base(fullMethod), req)
	if err != nil {
		return &Failure{Code: codes.Internal, Message: err.Error()}
	}
	response, err := c.transport.RoundTrip(r)
	if err != nil {
		return &Failure{Code: codes.Unavailable, Message: err.Error()}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return &Failure{Code: codes.Unavailable, Message: err.Error()}
	}
	if response.StatusCode >= http.StatusBadRequest {
		return readFailure(body)
	}
	if err := dlirest.Decode(body, resp); err != nil {
		return &Failure{Code: codes.Internal, Message: err.Error()}
	}
	return nil
}

// ownOperations are operations of connsvc that DLI does not have.
var ownOperations = map[string]dlirest.Operation{
	"ApplyEnhancedConnection":   {Method: http.MethodPost, Path: "/connsvc/v1/{project_id}/enhanced-connections:apply"},
	"CompareEnhancedConnection": {Method: http.MethodPost, Path: "/connsvc/v1/{project_id}/enhanced-connections:compare"},
	"ListHosts":                 {Method: http.MethodGet, Path: "/connsvc/v1/{project_id}/enhanced-connections/{connection_id}/hosts"},
	"AddHosts":                  {Method: http.MethodPost, Path: "/connsvc/v1/{project_id}/enhanced-connections/{connection_id}:addHosts"},
	"RemoveHosts":               {Method: http.MethodPost, Path: "/connsvc/v1/{project_id}/enhanced-connections/{connection_id}:removeHosts"},
}

// request writes a call as an HTTP request. In DLI's REST a request_id is a header.
func (c *restClient) request(ctx context.Context, rpc string, req proto.Message) (*http.Request, error) {
	fields, err := dlirest.Fields(req)
	if err != nil {
		return nil, err
	}
	operation, own := ownOperations[rpc]
	key := ""
	if !own {
		operation = dlirest.OperationsOf(rpc)[0]
		key, _ = fields["request_id"].(string)
		delete(fields, "request_id")
	}
	call, err := operation.Request(fields)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, call.Method, "http://"+c.host, bytes.NewReader(call.Body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	r.URL = &url.URL{Scheme: "http", Host: c.host, Opaque: call.Target()}
	// With GetBody, the transport retries requests that have an Idempotency-Key.
	r.GetBody = nil
	if sent := authorizationOf(ctx); len(sent) > 0 {
		r.Header["Authorization"] = sent
	}
	if key != "" {
		r.Header["Idempotency-Key"] = []string{key}
	}
	return r, nil
}

func readFailure(body []byte) *Failure {
	var e struct {
		Message string            `json:"error_msg"`
		Code    codes.Code        `json:"code"`
		Details []json.RawMessage `json:"details"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return &Failure{Code: codes.Internal, Message: fmt.Sprintf("%v: %.200s", err, body)}
	}
	r := &Failure{Code: e.Code, Message: e.Message}
	for _, raw := range e.Details {
		var packed anypb.Any
		if err := protojson.Unmarshal(raw, &packed); err != nil {
			continue
		}
		if detail, err := packed.UnmarshalNew(); err == nil {
			r.add(detail)
		}
	}
	return r
}
