package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/test/dlirest"
)

// An outcome is a response, or the code of DLI's error.
type outcome struct {
	response proto.Message
	code     string
}

// compare makes one call directly and through connsvc. It fills response and reports
// whether the call succeeded.
func (m *machine) compare(t *rapid.T, rpc string, req, response proto.Message) bool {
	t.Helper()
	want := m.overHTTP(t, m.directURL, rpc, req, response)
	if deleted, ok := want.response.(*connsvcv1.EnhancedConnection); ok && deleted.GetStatus() == connsvcv1.EnhancedConnection_DELETED {
		want = outcome{code: "DLI.0001"} // connsvc reports it as missing
	}
	var got outcome
	if rapid.Bool().Draw(t, "over gRPC") {
		got = m.overGRPC(t, rpc, req, response)
	} else {
		got = m.overHTTP(t, m.restURL, rpc, req, response)
	}
	if want.code != got.code {
		t.Fatalf("%s: directly %q, through connsvc %q\nrequest: %v", rpc, want.code, got.code, req)
	}
	if want.response == nil {
		return false
	}
	// Only connsvc has page tokens.
	own := protocmp.IgnoreFields(&connsvcv1.ListEnhancedConnectionsResponse{}, "next_page_token")
	if diff := cmp.Diff(want.response, got.response, protocmp.Transform(), own); diff != "" {
		t.Fatalf("%s (-direct +through connsvc):\n%s\nrequest: %v", rpc, diff, req)
	}
	proto.Merge(response, want.response)
	return true
}

func (m *machine) overHTTP(t *rapid.T, base, rpc string, req, response proto.Message) outcome {
	t.Helper()
	r, err := httpRequest(base, rpc, req)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := m.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		var failure struct {
			Code string `json:"error_code"`
		}
		if err := json.Unmarshal(text, &failure); err != nil || failure.Code == "" {
			t.Fatalf("%s returned %s: %s", rpc, resp.Status, text)
		}
		return outcome{code: failure.Code}
	}
	decoded := response.ProtoReflect().New().Interface()
	if err := dlirest.Decode(text, decoded); err != nil {
		t.Fatalf("%s: %v", rpc, err)
	}
	return outcome{response: decoded}
}

func httpRequest(base, rpc string, req proto.Message) (*http.Request, error) {
	fields, err := dlirest.Fields(req)
	if err != nil {
		return nil, err
	}
	r, err := dlirest.OperationsOf(rpc)[0].Request(fields)
	if err != nil {
		return nil, err
	}
	return http.NewRequestWithContext(context.Background(), r.Method, base+r.Target(), bytes.NewReader(r.Body))
}

func (m *machine) overGRPC(t *rapid.T, rpc string, req, response proto.Message) outcome {
	t.Helper()
	decoded := response.ProtoReflect().New().Interface()
	err := m.grpc.Invoke(context.Background(), "/"+connsvcv1.ConnectionService_ServiceDesc.ServiceName+"/"+rpc, req, decoded)
	if err == nil {
		return outcome{response: decoded}
	}
	for _, detail := range status.Convert(err).Details() {
		info, ok := detail.(*errdetails.ErrorInfo)
		switch {
		case !ok:
		case info.GetMetadata()["dli_error_code"] != "":
			return outcome{code: info.GetMetadata()["dli_error_code"]}
		case info.GetReason() == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND.String(): // deleted, for which DLI returns 200
			return outcome{code: "DLI.0001"}
		}
	}
	t.Fatalf("%s: %v has no DLI code", rpc, err)
	return outcome{}
}
