package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/httprule"
)

// maxConns is the most connections that the door keeps: more than any suite has
// callers.
const maxConns = 512

type restDoor struct {
	host      string
	bindings  map[string]*httprule.Binding // the documented one of each RPC, by full method
	transport *http.Transport
}

func newRESTDoor(address string) (Door, error) {
	all, err := httprule.Bindings(connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0))
	if err != nil {
		return nil, fmt.Errorf("opening the REST door: %w", err)
	}
	d := &restDoor{
		host:      address,
		bindings:  make(map[string]*httprule.Binding),
		transport: &http.Transport{MaxIdleConns: maxConns, MaxIdleConnsPerHost: maxConns},
	}
	for _, b := range all {
		if d.bindings[b.FullMethod] == nil {
			d.bindings[b.FullMethod] = b
		}
	}
	return d, nil
}

func (*restDoor) Name() string { return "rest" }

func (d *restDoor) Close() error {
	d.transport.CloseIdleConnections()
	return nil
}

func (d *restDoor) Call(ctx context.Context, fullMethod string, req, resp proto.Message) *Refusal {
	r, err := d.request(ctx, d.bindings[fullMethod], req)
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
	if _, err := dlijson.DecodeResponse(bytes.NewReader(body), resp); err != nil {
		return &Refusal{Code: codes.Internal, Message: err.Error()}
	}
	return nil
}

// request writes a request as REST has it: a request_id is a header there.
func (d *restDoor) request(ctx context.Context, b *httprule.Binding, req proto.Message) (*http.Request, error) {
	target := url.URL{Scheme: "http", Host: d.host, Opaque: b.URLPath(req)}
	target.RawQuery = dlijson.EncodeQuery(req, b.Query).Encode()
	key := ""
	if create, ok := req.(*connsvcv1.CreateEnhancedConnectionRequest); ok && create.GetRequestId() != "" {
		key = create.GetRequestId()
		create = proto.CloneOf(create)
		create.RequestId = ""
		req = create
	}
	var body []byte
	if b.HasBody {
		var err error
		if body, err = dlijson.AppendRequest(nil, req, b.HTTPMethod == http.MethodPut, b.PathNames...); err != nil {
			return nil, fmt.Errorf("encoding the request: %w", err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, b.HTTPMethod, "http://"+d.host, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making the request: %w", err)
	}
	r.URL = &target
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
