package main

import (
	"bytes"
	"fmt"
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

	watchedProject = "1480c7db940d6409d148cc2c48765f48"

	collection = "/v2.0/" + projectID + "/datasource/enhanced-connections"
)

// A stubDLI serves creates, gets and lists of a connection with 20,000 hosts, and lists of
// the connections of another project, as cheaply as it can.
type stubDLI struct{ created, got, listed, watched []byte }

func newStubDLI() *stubDLI {
	got, err := dlijson.AppendResponse(nil, largeConnection())
	must(err)
	listed, err := dlijson.AppendResponse(nil, largeList())
	must(err)
	watched, err := dlijson.AppendResponse(nil, watchedList())
	must(err)
	return &stubDLI{
		created: []byte(`{"is_success":true,"message":"","connection_id":"` + connectionID + `"}`),
		got:     got,
		listed:  listed,
		watched: watched,
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
	case strings.Contains(r.URL.Path, watchedProject):
		w.Write(s.watched)
	case r.URL.Query().Get("name") != "":
		before, after, _ := bytes.Cut(s.listed, []byte(`"name":"test"`))
		for _, part := range [][]byte{before, []byte(`"name":"` + r.URL.Query().Get("name") + `"`), after} {
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

// watchedList is 100 connections with 20 hosts and a peering each.
func watchedList() *connsvcv1.ListEnhancedConnectionsResponse {
	list := &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true, Count: 100}
	for i := range list.GetCount() {
		c := largeConnection()
		c.Id, c.Name, c.Hosts = fmt.Sprintf("2a620c33-5609-40c9-affd-%012d", i), fmt.Sprintf("test%d", i), c.GetHosts()[:20]
		list.Connections = append(list.Connections, c)
	}
	return list
}

func largeList() *connsvcv1.ListEnhancedConnectionsResponse {
	return &connsvcv1.ListEnhancedConnectionsResponse{
		IsSuccess: true, Count: 1, Connections: []*connsvcv1.EnhancedConnection{largeConnection()},
	}
}
