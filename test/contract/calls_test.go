package contract_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/connsvc/connsvc/test/dlirest"
)

// callTimeout ends a call to which connsvc does not respond.
const callTimeout = 30 * time.Second

const requestIDName = "X-Request-Id"

// playGRPC makes the call of a case over gRPC.
func (c *contractCase) playGRPC(t *testing.T, s *stage, row mapRow) {
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	headers := metadata.MD{}
	for name, value := range c.Headers {
		if value != nil {
			headers.Append(name, *value)
		}
	}
	ctx = metadata.NewOutgoingContext(ctx, headers)
	var req, resp, wanted proto.Message = &emptypb.Empty{}, &emptypb.Empty{}, &emptypb.Empty{}
	var method string
	if c.GRPC != nil {
		method = c.GRPC.Method
		req.ProtoReflect().SetUnknown(bodyOf(nil, nil, c.GRPC.Hex))
	} else {
		m := methodOf(t, c.RPC)
		method = fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
		req, resp, wanted = message(t, m.Input(), c.Request), newMessage(t, m.Output()), newMessage(t, m.Output())
	}
	var trailer metadata.MD
	err := s.grpc.Invoke(ctx, method, req, resp, grpc.Trailer(&trailer))
	requestID := strings.Join(trailer.Get(requestIDName), ",")
	c.checkRequestID(t, requestID)
	if c.Want.Reason != "" {
		r := errorOf(t, err)
		c.Want.checkError(t, row, r, requestID)
		c.Want.checkNever(t, status.Convert(err).Proto().String())
		checkTrailers(t, status.Convert(err), r)
		checkPushback(t, trailer, r)
		return
	}
	if err != nil {
		t.Fatalf("got %v: %v", err, status.Convert(err).Details())
	}
	if c.Want.Response != nil {
		if err := protojson.Unmarshal(c.Want.Response, wanted); err != nil {
			t.Fatalf("the wanted response: %v", err)
		}
		if diff := cmp.Diff(wanted, resp, protocmp.Transform()); diff != "" {
			t.Errorf("response (-want +got):\n%s", diff)
		}
	}
}

// checkTrailers checks that a status takes at most half of the trailers that clients
// read.
func checkTrailers(t *testing.T, st *status.Status, r *callError) {
	t.Helper()
	size := base64.StdEncoding.EncodedLen(proto.Size(st.Proto())) + len(url.PathEscape(st.Message()))
	if size > trailerLimit/2 {
		t.Errorf("the status takes %d bytes of trailers", size)
	}
	if bad, _ := find[*errdetails.BadRequest](r); len(bad.GetFieldViolations()) > 25 {
		t.Errorf("the status has %d violations", len(bad.GetFieldViolations()))
	}
}

// checkPushback checks that gRPC's own retries wait as long as RetryInfo says.
func checkPushback(t *testing.T, trailer metadata.MD, r *callError) {
	t.Helper()
	wanted := []string(nil)
	if retry, ok := find[*errdetails.RetryInfo](r); ok {
		wait := retry.GetRetryDelay().AsDuration()
		wanted = []string{strconv.Itoa(int(math.Ceil(float64(wait) / float64(time.Millisecond))))}
	}
	if got := trailer.Get("grpc-retry-pushback-ms"); !slices.Equal(got, wanted) {
		t.Errorf("grpc-retry-pushback-ms: %q, wanted %q", got, wanted)
	}
}

func errorOf(t *testing.T, err error) *callError {
	t.Helper()
	if err == nil {
		t.Fatal("the call succeeded")
	}
	st := status.Convert(err)
	r := &callError{code: code.Code(st.Code()).String(), message: st.Message()}
	for _, d := range st.Details() {
		m, ok := d.(proto.Message)
		if !ok {
			t.Fatalf("an unreadable detail: %v", d)
		}
		r.details = append(r.details, m)
	}
	return r
}

// checkRequestID checks that the response has a request ID: the caller's, if it sent a
// safe one.
func (c *contractCase) checkRequestID(t *testing.T, got string) {
	t.Helper()
	sent := c.Headers[requestIDName]
	switch {
	case got == "":
		t.Error("the response has no request ID")
	case sent != nil && strings.ContainsAny(*sent, " <\t") || sent != nil && len(*sent) > 128:
		if got == *sent {
			t.Errorf("the unsafe request ID %q was accepted", got)
		}
	case sent != nil && got != *sent:
		t.Errorf("request ID %q, sent was %q", got, *sent)
	}
}

// playREST makes the call of a case over REST.
func (c *contractCase) playREST(t *testing.T, s *stage, row mapRow, r *dlirest.Request) {
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, r.Method, "http://"+s.rest, bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	// Opaque is sent as it is, even if it is not a valid URL.
	req.URL = &url.URL{Scheme: "http", Host: s.rest, Opaque: r.Target()}
	if len(r.Body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range c.Headers {
		req.Header.Del(name)
		if value != nil {
			req.Header.Set(name, *value)
		}
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	c.checkHTTP(t, row, resp, body)
	s.document.check(t, c, r, req, resp, body)
}

func (c *contractCase) checkHTTP(t *testing.T, row mapRow, resp *http.Response, body []byte) {
	t.Helper()
	if wanted := c.Want.httpStatus(row, c.RPC); resp.StatusCode != wanted {
		t.Errorf("HTTP status %d, wanted %d: %.500s", resp.StatusCode, wanted, body)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		t.Errorf("Content-Type %q", resp.Header.Get("Content-Type"))
	}
	for _, fault := range headerFaults(resp.Header, c.Want.HTTP.Headers) {
		t.Error(fault)
	}
	requestID := resp.Header.Get(requestIDName)
	c.checkRequestID(t, requestID)
	if retry := resp.Header.Get("Retry-After"); (retry != "") != (c.Want.Reason != "" && row.retries()) {
		t.Errorf("Retry-After: %q", retry)
	}
	if c.Want.Reason != "" {
		c.checkErrorBody(t, row, resp, body, requestID)
		return
	}
	wanted := c.Want.HTTP.Body
	if wanted == nil {
		wanted = c.Want.Response
	}
	if wanted != nil {
		if diff := jsonDiff(wanted, body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	}
}

// missingConnection is DLI's error_code of a missing connection, and of an invalid request.
const missingConnection = "DLI.0001"

// wantedCode is the wanted error_code over REST. That of an invalid read is not the one of
// a missing connection.
func (c *contractCase) wantedCode(method string) string {
	if c.Want.Code == missingConnection && c.Want.Reason == "VALIDATION_FAILED" && method == http.MethodGet {
		return "DLI.0018"
	}
	return c.Want.Code
}

// An errorBody is the body of a REST error.
type errorBody struct {
	ErrorCode string            `json:"error_code"`
	ErrorMsg  string            `json:"error_msg"`
	Code      json.Number       `json:"code"`
	Status    string            `json:"status"`
	Details   []json.RawMessage `json:"details"`
	RequestID string            `json:"request_id"`
}

func (c *contractCase) checkErrorBody(t *testing.T, row mapRow, resp *http.Response, body []byte, requestID string) {
	t.Helper()
	var e errorBody
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		t.Fatalf("the error body: %v: %.500s", err, body)
	}
	if e.ErrorCode == "" || e.ErrorMsg == "" || e.RequestID != requestID {
		t.Errorf("error_code %q, error_msg %q, request_id %q (header: %q)", e.ErrorCode, e.ErrorMsg, e.RequestID, requestID)
	}
	if wanted := c.wantedCode(resp.Request.Method); wanted != "" && e.ErrorCode != wanted {
		t.Errorf("error_code %q, wanted %q", e.ErrorCode, wanted)
	}
	if missing := e.ErrorCode == missingConnection; resp.Request.Method == http.MethodGet && missing != (c.Want.Reason == "CONNECTION_NOT_FOUND") {
		t.Errorf("a read fails with %s and %s: Terraform drops what it reads from its state if and only if the code is %s", c.Want.Reason, e.ErrorCode, missingConnection)
	}
	if n, err := e.Code.Int64(); err != nil || code.Code(n).String() != e.Status {
		t.Errorf("code %s is not the number of status %s", e.Code, e.Status)
	}
	r := &callError{code: e.Status, message: e.ErrorMsg}
	for _, raw := range e.Details {
		var packed anypb.Any
		if err := protojson.Unmarshal(raw, &packed); err != nil {
			t.Fatalf("an unreadable detail: %v: %s", err, raw)
		}
		m, err := packed.UnmarshalNew()
		if err != nil {
			t.Fatal(err)
		}
		r.details = append(r.details, m)
	}
	c.Want.checkError(t, row, r, requestID)
	c.Want.checkNever(t, string(body))
	if resp.StatusCode == http.StatusUnauthorized && resp.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}
