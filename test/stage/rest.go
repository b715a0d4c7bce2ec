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

// maxConns is the most connections that the door keeps: more than any suite has
// callers.
const maxConns = 512

type restDoor struct {
	host      string
	transport *http.Transport
}

func newRESTDoor(address string) Door {
	return &restDoor{
		host:      address,
		transport: &http.Transport{MaxIdleConns: maxConns, MaxIdleConnsPerHost: maxConns},
	}
}

func (*restDoor) Name() string { return "rest" }

func (d *restDoor) Close() error {
	d.transport.CloseIdleConnections()
	return nil
}

func (d *restDoor) Call(ctx context.Context, fullMethod string, req, resp proto.Message) *Refusal {
	r, err := d.request(ctx, path.Base(fullMethod), req)
	if err != nil {
		return &Refusal{Code: codes.Internal, Message: err.Error()}
	}
	answer, err := d.transport.RoundTrip(r)
	if err != nil {
		return &Refusal{Code: codes.Unavailable, Message: err.Error()}
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return &Refusal{Code: codes.Unavailable, Message: err.Error()}
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return readRefusal(body)
	}
	if err := dlirest.Decode(body, resp); err != nil {
		return &Refusal{Code: codes.Internal, Message: err.Error()}
	}
	return nil
}

// request writes a request as REST has it: a request_id is a header there.
func (d *restDoor) request(ctx context.Context, rpc string, req proto.Message) (*http.Request, error) {
	fields, err := dlirest.Fields(req)
	if err != nil {
		return nil, err
	}
	key, _ := fields["request_id"].(string)
	delete(fields, "request_id")
	call, err := dlirest.OperationsOf(rpc)[0].Request(fields)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, call.Method, "http://"+d.host, bytes.NewReader(call.Body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	r.URL = &url.URL{Scheme: "http", Host: d.host, Opaque: call.Target()}
	// The transport would repeat what has an Idempotency-Key or GetBody.
	r.GetBody = nil
	if key != "" {
		r.Header["Idempotency-Key"] = []string{key}
	}
	return r, nil
}

func readRefusal(body []byte) *Refusal {
	var e struct {
		Message string            `json:"error_msg"`
		Code    codes.Code        `json:"code"`
		Details []json.RawMessage `json:"details"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return &Refusal{Code: codes.Internal, Message: fmt.Sprintf("%v: %.200s", err, body)}
	}
	r := &Refusal{Code: e.Code, Message: e.Message}
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
