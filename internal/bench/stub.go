package main

import (
	"bytes"
	"io"
	"net/http"
	"path"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

const (
	connectionID = "2a620c33-5609-40c9-affd-2b6453071b0f"
	projectID    = "48cc2c48765f481480c7db940d6409d1"
	collection   = "/v2.0/" + projectID + "/datasource/enhanced-connections"
)

// A stubDLI serves creates, gets and lists of a connection with 20,000 hosts, as cheaply
// as it can.
type stubDLI struct{ created, got, listed []byte }

func newStubDLI() *stubDLI {
	got, err := dlijson.AppendResponse(nil, largeConnection())
	must(err)
	listed, err := dlijson.AppendResponse(nil, largeList())
	must(err)
	return &stubDLI{
		created: []byte(`{"is_success":true,"message":"","connection_id":"` + connectionID + `"}`),
		got:     got,
		listed:  listed,
	}
}

func (s *stubDLI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
		w.Write(s.created)
	case strings.HasPrefix(r.URL.Path, collection+"/"):
		// connsvc rejects a connection with another ID than it asked for.
		before, after, _ := bytes.Cut(s.got, []byte(connectionID))
		for _, part := range [][]byte{before, []byte(path.Base(r.URL.Path)), after} {
			w.Write(part)
		}
	default:
		w.Write(s.listed)
	}
}

func largeConnection() *connsvcv1.EnhancedConnection {
	request := createRequest(20000)
	return &connsvcv1.EnhancedConnection{
		Id: connectionID, Name: request.GetName(), Status: connsvcv1.EnhancedConnection_ACTIVE,
		DestVpcId: request.GetDestVpcId(), DestNetworkId: request.GetDestNetworkId(), Hosts: request.GetHosts(),
		CreateTime: timestamppb.Now(), UpdateTime: timestamppb.Now(),
		AvailableQueueInfo: []*connsvcv1.Peering{{
			PeerId: connectionID, Status: connsvcv1.Peering_ACTIVE, Name: "q1", UpdateTime: timestamppb.Now(),
		}},
	}
}

func largeList() *connsvcv1.ListEnhancedConnectionsResponse {
	return &connsvcv1.ListEnhancedConnectionsResponse{
		IsSuccess: true, Count: 1, Connections: []*connsvcv1.EnhancedConnection{largeConnection()},
	}
}
