package service_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/upstream"
)

const listMethod = connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName

// A catalogue is a DLI that lists connections by limit and offset, and whose
// answers are too large where they hold more than most hosts.
type catalogue struct {
	plain
	connections []*connsvcv1.EnhancedConnection
	most        int // 0: any number
	requests    []*connsvcv1.ListEnhancedConnectionsRequest
}

func (d *catalogue) For(string) (*catalogue, error) { return d, nil }

func (d *catalogue) Call(ctx context.Context, method string, req, resp proto.Message) error {
	if method != listMethod {
		return fmt.Errorf("unexpected call of %s", method)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r := req.(*connsvcv1.ListEnhancedConnectionsRequest)
	d.requests = append(d.requests, proto.CloneOf(r))
	limit := 100
	if r.Limit != nil {
		limit = int(r.GetLimit())
	}
	page := d.connections[min(int(r.GetOffset()), len(d.connections)):]
	if limit > 0 {
		page = page[:min(limit, len(page))]
	}
	hosts := 0
	for _, c := range page {
		hosts += len(c.GetHosts())
	}
	if d.most > 0 && hosts > d.most {
		return &upstream.Error{Kind: upstream.TooLarge, HTTPStatus: 200, Sent: true}
	}
	answer := resp.(*connsvcv1.ListEnhancedConnectionsResponse)
	answer.Message = "as asked"
	for _, c := range page {
		answer.Connections = append(answer.Connections, proto.CloneOf(c))
	}
	return nil
}

// connections makes n connections with so many hosts each.
func connections(n, hosts int) []*connsvcv1.EnhancedConnection {
	var all []*connsvcv1.EnhancedConnection
	for i := range n {
		c := &connsvcv1.EnhancedConnection{Id: fmt.Sprintf("id-%d", i), Status: connsvcv1.EnhancedConnection_ACTIVE}
		for h := range hosts {
			c.Hosts = append(c.Hosts, &connsvcv1.Host{Name: fmt.Sprintf("%s-%d", strings.Repeat("h", 1000), h), Ip: "192.168.0.1"})
		}
		all = append(all, c)
	}
	return all
}

func renamed(list []*connsvcv1.EnhancedConnection) []*connsvcv1.EnhancedConnection {
	for _, c := range list {
		c.Id += "-too"
	}
	return list
}

func idsOf(list []*connsvcv1.EnhancedConnection) []string {
	var ids []string
	for _, c := range list {
		ids = append(ids, c.GetId())
	}
	return ids
}

// pages follows next_page_token to the end.
func pages(t *testing.T, s *service.Service, req *connsvcv1.ListEnhancedConnectionsRequest) [][]string {
	t.Helper()
	var all [][]string
	for range 1000 {
		resp, err := s.ListEnhancedConnections(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if size := proto.Size(resp); size >= 4<<20 {
			t.Fatalf("page %d has %d bytes", len(all), size)
		}
		if int(resp.GetCount()) != len(resp.GetConnections()) || !resp.GetIsSuccess() || resp.GetMessage() != "as asked" {
			t.Fatalf("count %d, is_success %v, message %q", resp.GetCount(), resp.GetIsSuccess(), resp.GetMessage())
		}
		all = append(all, idsOf(resp.GetConnections()))
		if resp.NextPageToken == nil {
			return all
		}
		req = proto.CloneOf(req)
		req.Offset, req.PageToken = 0, resp.GetNextPageToken()
	}
	t.Fatal("the pages have no end")
	return nil
}

func TestListPages(t *testing.T) {
	const full, half = 1800, 1200 // hosts: 1.9 MB, 1.2 MB
	for name, c := range map[string]struct {
		dli   catalogue
		req   *connsvcv1.ListEnhancedConnectionsRequest
		sizes []int
	}{
		"nothing":           {catalogue{}, &connsvcv1.ListEnhancedConnectionsRequest{}, []int{0}},
		"one page":          {catalogue{connections: connections(5, 1)}, &connsvcv1.ListEnhancedConnectionsRequest{}, []int{5}},
		"a limit":           {catalogue{connections: connections(5, 1)}, &connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(2)}, []int{2, 2, 1}},
		"a limit that fits": {catalogue{connections: connections(4, 1)}, &connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(2)}, []int{2, 2, 0}},
		"the default limit": {catalogue{connections: connections(101, 0)}, &connsvcv1.ListEnhancedConnectionsRequest{}, []int{100, 1}},
		"all":               {catalogue{connections: connections(250, 0)}, &connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(0)}, []int{250}},
		"an offset":         {catalogue{connections: connections(5, 1)}, &connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(2), Offset: 1}, []int{2, 2, 0}},
		"large ones":        {catalogue{connections: connections(5, full)}, &connsvcv1.ListEnhancedConnectionsRequest{}, []int{2, 2, 1}},
		"all large ones":    {catalogue{connections: connections(5, full)}, &connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(0)}, []int{2, 2, 1}},
		"small ones after large ones": {
			catalogue{connections: slices.Concat(connections(3, full), renamed(connections(150, 1)))},
			&connsvcv1.ListEnhancedConnectionsRequest{},
			[]int{2, 100, 51},
		},
		"without their hosts": {
			catalogue{connections: connections(5, full)},
			&connsvcv1.ListEnhancedConnectionsRequest{View: connsvcv1.EnhancedConnectionView_BASIC},
			[]int{5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t, &c.dli)
			c.req.ProjectId = projectID
			got := pages(t, s, c.req)
			var sizes []int
			for _, p := range got {
				sizes = append(sizes, len(p))
			}
			if d := cmp.Diff(c.sizes, sizes); d != "" {
				t.Errorf("sizes of the pages (-want +got)\n%s", d)
			}
			if d := cmp.Diff(idsOf(c.dli.connections)[c.req.GetOffset():], slices.Concat(got...)); d != "" {
				t.Errorf("connections (-want +got)\n%s", d)
			}
			for _, r := range c.dli.requests {
				if r.GetPageToken() != "" || r.GetView() != 0 || r.GetProjectId() != projectID {
					t.Errorf("DLI was asked %v", r)
				}
			}
		})
	}
}

// TestListPageHoldsAtLeastOne holds even where a single connection is more than a
// page should be.
func TestListPageHoldsAtLeastOne(t *testing.T) {
	s := newService(t, &catalogue{connections: connections(2, 5000)})
	resp, err := s.ListEnhancedConnections(t.Context(), &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID})
	if err != nil || len(resp.GetConnections()) != 1 || resp.NextPageToken == nil {
		t.Errorf("%d connections, token %q, %v", len(resp.GetConnections()), resp.GetNextPageToken(), err)
	}
}

// TestUnpaginatedList: no page token, and every connection of DLI's response.
func TestUnpaginatedList(t *testing.T) {
	for name, c := range map[string]struct {
		req  *connsvcv1.ListEnhancedConnectionsRequest
		want int
	}{
		"more than a page": {&connsvcv1.ListEnhancedConnectionsRequest{}, 5},
		"a limit":          {&connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(2)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			dli := &catalogue{connections: connections(5, 1800)}
			c.req.ProjectId = projectID
			ctx := call.NewContext(t.Context(), &call.Call{Unpaginated: true})
			resp, err := newService(t, dli).ListEnhancedConnections(ctx, c.req)
			if err != nil || !slices.Equal(idsOf(resp.GetConnections()), idsOf(dli.connections)[:c.want]) || resp.NextPageToken != nil {
				t.Errorf("got %v, token %q, %v", idsOf(resp.GetConnections()), resp.GetNextPageToken(), err)
			}
		})
	}
}

// TestListLargerThanTheLimit: DLI is asked once, and the caller learns what to do.
func TestListLargerThanTheLimit(t *testing.T) {
	for _, unpaginated := range []bool{false, true} {
		for _, view := range []connsvcv1.EnhancedConnectionView{connsvcv1.EnhancedConnectionView_FULL, connsvcv1.EnhancedConnectionView_BASIC} {
			dli := &catalogue{connections: connections(5, 10), most: 40}
			ctx := call.NewContext(t.Context(), &call.Call{Unpaginated: unpaginated})
			resp, err := newService(t, dli).ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID, View: view})
			e := wantReason(t, view.String(), err, connsvcv1.ErrorReason_ANSWER_TOO_LARGE)
			if !strings.Contains(e.Message, "limit") || len(dli.requests) != 1 || resp != nil {
				t.Errorf("unpaginated %v, %v: %q after %d calls", unpaginated, view, e.Message, len(dli.requests))
			}
		}
	}
}

// TestListVisibleShrinksBatches: what others have there does not make a caller's list too large.
func TestListVisibleShrinksBatches(t *testing.T) {
	dli := &catalogue{connections: connections(30, 10), most: 40}
	own := idsOf(dli.connections)[20:]
	ctx := call.NewContext(t.Context(), &call.Call{Visible: func(c *connsvcv1.EnhancedConnection) bool { return slices.Contains(own, c.GetId()) }})
	resp, err := newService(t, dli).ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID, Limit: proto.Int32(2)})
	if err != nil || !slices.Equal(idsOf(resp.GetConnections()), own[:2]) {
		t.Fatalf("got %v, %v", idsOf(resp.GetConnections()), err)
	}
	var limits []int32
	for _, r := range dli.requests {
		limits = append(limits, r.GetLimit())
	}
	if want := append([]int32{100, 10}, slices.Repeat([]int32{1}, 22)...); !slices.Equal(limits, want) {
		t.Errorf("asked for %v, want %v", limits, want)
	}
	// One that is too large by itself cannot be read by any list.
	dli = &catalogue{connections: connections(1, 50), most: 40}
	_, err = newService(t, dli).ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID})
	wantReason(t, "too large alone", err, connsvcv1.ErrorReason_ANSWER_TOO_LARGE)
}

// filtered is a request with every filter.
func filtered() *connsvcv1.ListEnhancedConnectionsRequest {
	return &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: projectID, Limit: proto.Int32(2), Status: connsvcv1.EnhancedConnection_ACTIVE, Name: "n",
		Tags: []*connsvcv1.Tag{{Key: "a", Value: proto.String("1")}, {Key: "b", Value: proto.String("2")}},
	}
}

func TestPageToken(t *testing.T) {
	type request = connsvcv1.ListEnhancedConnectionsRequest
	dli := &catalogue{connections: connections(5, 0)}
	s := newService(t, dli)
	resp, err := s.ListEnhancedConnections(t.Context(), filtered())
	if err != nil {
		t.Fatal(err)
	}
	token := resp.GetNextPageToken()
	for name, c := range map[string]struct {
		change func(*request)
		valid  bool
	}{
		"the same":             {func(*request) {}, true},
		"another limit":        {func(r *request) { r.Limit = nil }, true},
		"another view":         {func(r *request) { r.View = connsvcv1.EnhancedConnectionView_BASIC }, true},
		"tags in another turn": {func(r *request) { slices.Reverse(r.Tags) }, true},
		"shorter":              {func(r *request) { r.PageToken = token[:len(token)-1] }, false},
		"longer":               {func(r *request) { r.PageToken += "A" }, false},
		"a line end":           {func(r *request) { r.PageToken = token[:6] + "\n" }, false},
		"a line end more":      {func(r *request) { r.PageToken += "\n" }, false},
		"no base64":            {func(r *request) { r.PageToken = strings.Repeat("%", 7) }, false},
		"another version":      {func(r *request) { r.PageToken = "AQAAAAI" }, false},
		"a negative offset":    {func(r *request) { r.PageToken = "Av____8" }, false},
		"of an older release":  {func(r *request) { r.PageToken = "AQAAAAIA" + strings.Repeat("A", 22) }, false},
		"made up":              {func(r *request) { r.PageToken = "2" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			req := filtered()
			req.PageToken = token
			c.change(req)
			dli.requests = nil
			_, err := s.ListEnhancedConnections(t.Context(), req)
			if c.valid {
				if err != nil || dli.requests[0].GetOffset() != 2 {
					t.Errorf("DLI was asked %v, %v", dli.requests, err)
				}
				return
			}
			e := wantReason(t, name, err, connsvcv1.ErrorReason_VALIDATION_FAILED)
			if len(e.Violations) != 1 || e.Violations[0].Field != "page_token" || len(dli.requests) != 0 {
				t.Errorf("violations %v, %d calls of DLI", e.Violations, len(dli.requests))
			}
		})
	}
}

// FuzzPageToken holds that a token is refused, or is one that connsvc gives.
func FuzzPageToken(f *testing.F) {
	dli := &catalogue{connections: connections(5, 0)}
	resp, err := newService(f, dli).ListEnhancedConnections(f.Context(), filtered())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(resp.GetNextPageToken())
	f.Add("")
	f.Add("\xff")
	f.Add(strings.Repeat("_", 7))
	f.Fuzz(func(t *testing.T, token string) {
		dli := &catalogue{connections: connections(5, 0)}
		req := filtered()
		req.PageToken = token
		_, err := newService(t, dli).ListEnhancedConnections(t.Context(), req)
		if err != nil {
			wantReason(t, "token", err, connsvcv1.ErrorReason_VALIDATION_FAILED)
			return
		}
		asked := filtered()
		asked.Offset = dli.requests[0].GetOffset()
		if d := cmp.Diff(asked, dli.requests[0], protocmp.Transform()); d != "" || asked.GetOffset() < 0 || token != "" && len(token) != 7 {
			t.Errorf("token %q (-want +got)\n%s", token, d)
		}
	})
}

// TestListOfAnImpossibleName lists none, and does not ask DLI.
func TestListOfAnImpossibleName(t *testing.T) {
	for _, name := range []string{"a-b", strings.Repeat("a", 65), "ü", " "} {
		dli := &catalogue{connections: connections(2, 1)}
		resp, err := newService(t, dli).ListEnhancedConnections(t.Context(), &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID, Name: name})
		if err != nil || !resp.GetIsSuccess() || len(resp.GetConnections()) != 0 || resp.NextPageToken != nil || len(dli.requests) != 0 {
			t.Errorf("%q: got %v, %v after %d calls of DLI", name, resp, err, len(dli.requests))
		}
	}
}
