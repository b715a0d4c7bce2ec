package service

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// maxLookup bounds the search for who has a name: an error that can be told now
// must not wait long for its details.
const maxLookup = 5 * time.Second

var errNoConnectionID = errors.New("DLI answered without a connection_id")

// withExisting adds to NAME_TAKEN which connection has the name, where one list
// call can tell. Any other error, and one where it cannot, is returned as it is.
func (s *Service) withExisting(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest, err error) error {
	e, ok := find[Error](err)
	if !ok || e.Reason != connsvcv1.ErrorReason_NAME_TAKEN {
		return err
	}
	existing := s.byName(ctx, req.GetProjectId(), req.GetName())
	if existing == nil {
		return e
	}
	e.Resource = &Resource{Type: TypeConnection, Name: existing.GetId(), Description: "has the name " + existing.GetName()}
	e.Metadata = map[string]string{
		"existing_connection_id": existing.GetId(),
		"same_spec":              strconv.FormatBool(sameSpec(req, existing)),
	}
	return e
}

// byName returns the connection of that name; nil where there is none, or DLI
// does not tell.
func (s *Service) byName(ctx context.Context, project, name string) *connsvcv1.EnhancedConnection {
	ctx, cancel := context.WithTimeout(ctx, maxLookup)
	defer cancel()
	req := &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: project,
		Name:      name,
		Status:    connsvcv1.EnhancedConnection_ACTIVE,
	}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	if err := s.dli.Call(ctx, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, req, resp); err != nil {
		return nil
	}
	// DLI's filters are documented loosely; a wrong ID would be worse than none.
	for _, c := range resp.GetConnections() {
		if c.GetName() == name && c.GetStatus() != connsvcv1.EnhancedConnection_DELETED {
			return c
		}
	}
	return nil
}

// sameSpec says whether a connection is as the request asks for, as far as DLI
// returns what was asked: it never returns tags or the route table.
func sameSpec(req *connsvcv1.CreateEnhancedConnectionRequest, c *connsvcv1.EnhancedConnection) bool {
	return strings.EqualFold(req.GetDestVpcId(), c.GetDestVpcId()) &&
		strings.EqualFold(req.GetDestNetworkId(), c.GetDestNetworkId()) &&
		sameNames(req.GetQueues(), c.GetAvailableQueueInfo()) &&
		sameNames(req.GetElasticResourcePools(), c.GetElasticResourcePools()) &&
		maps.Equal(countHosts(req.GetHosts()), countHosts(c.GetHosts()))
}

// sameNames compares names as DLI does: without case.
func sameNames(names []string, peerings []*connsvcv1.Peering) bool {
	asked := make([]string, 0, len(names))
	for _, n := range names {
		asked = append(asked, strings.ToLower(n))
	}
	bound := make([]string, 0, len(peerings))
	for _, p := range peerings {
		bound = append(bound, strings.ToLower(p.GetName()))
	}
	slices.Sort(asked)
	slices.Sort(bound)
	return slices.Equal(asked, bound)
}

type host struct{ name, ip string }

func countHosts(hosts []*connsvcv1.Host) map[host]int {
	count := make(map[host]int, len(hosts))
	for _, h := range hosts {
		count[host{h.GetName(), h.GetIp()}]++
	}
	return count
}
