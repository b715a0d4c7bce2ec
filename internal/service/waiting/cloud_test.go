package waiting_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/goleak"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const project = "48cc2c48765f481480c7db940d6409d1"

// idOf is the ID of the nth connection of a test.
func idOf(n int) string { return fmt.Sprintf("503fc86a-5e60-4349-92c2-%012d", n) }

// A cloud is a DLI that responds at once, and whose lists show what was lag ago.
type cloud struct {
	mu       sync.Mutex
	conns    map[string]*connsvcv1.EnhancedConnection
	history  []snapshot
	lag      time.Duration
	hidden   map[string]bool // from lists
	down     error
	getDown  map[string]error
	first    func(ctx context.Context, method string, req proto.Message) error // before a call
	explode  map[string]int                                                    // panic at this call of a method of the cloud from now on
	maxList  int                                                               // connections of a response; 0: any number
	calls    map[string]int
	tokens   []string // of the calls
	reaches  func(queue, address string) string
	own      bool
	removed  bool // from the configuration
	polling  *configv1.Polling
	budget   *rate.Limiter
	testing  *rate.Limiter // the share of tests; nil: all of the budget
	tests    []string
	testDown error
}

type snapshot struct {
	at    time.Time
	conns map[string]*connsvcv1.EnhancedConnection
}

func newCloud() *cloud {
	return &cloud{
		conns: make(map[string]*connsvcv1.EnhancedConnection), calls: make(map[string]int),
		hidden: make(map[string]bool), getDown: make(map[string]error), explode: make(map[string]int),
	}
}

func (c *cloud) For(p string) (*cloud, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p != project || c.removed {
		return nil, &upstream.Error{Kind: upstream.NotConfigured}
	}
	return c, nil
}

func (c *cloud) CallersOwn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mayExplode("CallersOwn")
	return c.own
}

func (c *cloud) Polling() *configv1.Polling {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mayExplode("Polling")
	return c.polling
}

func (c *cloud) mayExplode(method string) {
	if n := c.explode[method]; n > 0 {
		if c.explode[method]--; n == 1 {
			panic(method)
		}
	}
}

func (c *cloud) Idempotency() *configv1.Idempotency { return nil }

func (c *cloud) AwaitPoll(ctx context.Context) error {
	if c.budget == nil {
		return nil
	}
	return c.budget.Wait(ctx)
}

func (c *cloud) AwaitTest(ctx context.Context) error {
	if c.testing != nil {
		if err := c.testing.Wait(ctx); err != nil {
			return err
		}
	}
	return c.AwaitPoll(ctx)
}

// change changes the connections.
func (c *cloud) change(f func(map[string]*connsvcv1.EnhancedConnection)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.history) == 0 {
		c.history = append(c.history, snapshot{conns: maps.Clone(c.conns)})
	}
	c.conns = maps.Clone(c.conns)
	f(c.conns)
	c.history = append(c.history, snapshot{time.Now(), c.conns})
}

// with changes the cloud itself.
func (c *cloud) with(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

// put creates or replaces a connection with these peerings.
func (c *cloud) put(n int, peerings ...*connsvcv1.Peering) {
	c.change(func(all map[string]*connsvcv1.EnhancedConnection) {
		all[idOf(n)] = &connsvcv1.EnhancedConnection{
			Id: idOf(n), Name: fmt.Sprintf("c%d", n), Status: connsvcv1.EnhancedConnection_ACTIVE,
			CreateTime: timestamppb.New(time.Unix(int64(n), 0)), AvailableQueueInfo: peerings,
			Hosts: []*connsvcv1.Host{{Name: "db", Ip: "10.0.0.1"}}, IsPrivis: proto.Bool(true),
		}
	})
}

func (c *cloud) remove(n int) {
	c.change(func(all map[string]*connsvcv1.EnhancedConnection) { delete(all, idOf(n)) })
}

func (c *cloud) fail(err error) { c.with(func() { c.down = err }) }

// counted returns the number of calls of DLI so far.
func (c *cloud) counted() (lists, gets int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName], c.calls[connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName]
}

func (c *cloud) Call(ctx context.Context, method string, req, resp proto.Message) error {
	if c.first != nil {
		if err := c.first(ctx, method, req); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[method]++
	c.mayExplode("Call")
	c.tokens = append(c.tokens, call.From(ctx).CallerToken)
	if c.down != nil {
		return c.down
	}
	switch r := req.(type) {
	case *connsvcv1.GetEnhancedConnectionRequest:
		if err := c.getDown[r.GetConnectionId()]; err != nil {
			return err
		}
		conn := c.conns[r.GetConnectionId()]
		if conn == nil {
			return missing(r.GetConnectionId())
		}
		proto.Merge(resp, conn)
		resp.(*connsvcv1.EnhancedConnection).IsPrivis = nil // as DLI documents it
	case *connsvcv1.ListEnhancedConnectionsRequest:
		return c.list(r, resp.(*connsvcv1.ListEnhancedConnectionsResponse))
	case *connsvcv1.CreateConnectivityTestRequest:
		if c.testDown != nil {
			return c.testDown
		}
		c.tests = append(c.tests, c.reaches(r.GetQueueName(), r.GetAddress()))
		resp.(*connsvcv1.CreateConnectivityTestResponse).TaskId = int64(len(c.tests))
	case *connsvcv1.GetConnectivityTestRequest:
		resp.(*connsvcv1.GetConnectivityTestResponse).Connectivity = c.tests[r.GetTaskId()-1]
	}
	return nil
}

func (c *cloud) list(r *connsvcv1.ListEnhancedConnectionsRequest, resp *connsvcv1.ListEnhancedConnectionsResponse) error {
	shown := c.conns
	for _, s := range c.history {
		if !s.at.After(time.Now().Add(-c.lag)) {
			shown = s.conns
		}
	}
	for _, id := range slices.Sorted(maps.Keys(shown)) {
		if !c.hidden[id] {
			resp.Connections = append(resp.Connections, proto.CloneOf(shown[id]))
		}
	}
	resp.Connections = resp.Connections[min(int(r.GetOffset()), len(resp.Connections)):]
	if limit := int(r.GetLimit()); limit > 0 {
		resp.Connections = resp.Connections[:min(limit, len(resp.Connections))]
	}
	if c.maxList > 0 && len(resp.Connections) > c.maxList {
		return &upstream.Error{Kind: upstream.TooLarge, Sent: true}
	}
	resp.Count = int32(len(resp.Connections))
	return nil
}

func missing(id string) error {
	return &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusBadRequest, Code: "DLI.0001", Message: "Connection " + id + " does not exist.", Sent: true}
}

var (
	errDown      = &upstream.Error{Kind: upstream.Unreachable}
	errDenied    = &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusForbidden, Code: "APIGW.0302", Sent: true}
	errThrottled = &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusTooManyRequests, Code: "APIGW.0308", RetryAfter: 20 * time.Second, Sent: true}
)

func peering(queue string, status connsvcv1.Peering_Status) *connsvcv1.Peering {
	return &connsvcv1.Peering{Name: queue, PeerId: "peer-" + queue, Status: status}
}

var (
	creating = peering("q1", connsvcv1.Peering_CREATING)
	active   = peering("q1", connsvcv1.Peering_ACTIVE)
	failed   = &connsvcv1.Peering{Name: "q1", Status: connsvcv1.Peering_FAILED, ErrMsg: "Failed to get subnet 86ddcf50-233a-449d-9811-cfef2f603213"}
)

// newWaits makes a Waits over a cloud. Close must be called in the bubble of the test.
func newWaits(tb testing.TB, c *cloud) *waiting.Waits {
	tb.Helper()
	w, err := waiting.New(c, noop.Meter{})
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// A stream records the events of a watch.
type stream struct {
	ctx    context.Context
	mu     sync.Mutex
	events []*connsvcv1.WatchEnhancedConnectionsResponse
	gate   chan struct{} // not nil: Send waits for an element
}

func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) Send(e *connsvcv1.WatchEnhancedConnectionsResponse) error {
	if s.gate != nil {
		select {
		case <-s.gate:
		case <-s.ctx.Done():
			return s.ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	return nil
}

// take returns the events since the last take.
func (s *stream) take() []*connsvcv1.WatchEnhancedConnectionsResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	events := s.events
	s.events = nil
	return events
}

// words describes events, each by its type, and the name and peerings of its connection.
func words(events []*connsvcv1.WatchEnhancedConnectionsResponse) string {
	all := make([]string, len(events))
	for i, e := range events {
		each := []string{e.GetType().String()}
		if c := e.GetConnection(); c != nil {
			each = append(each, c.GetName())
			for _, p := range c.GetAvailableQueueInfo() {
				each = append(each, p.GetStatus().String())
			}
		}
		all[i] = strings.Join(each, " ")
	}
	return strings.Join(all, ", ")
}

// token returns the last resume token of events.
func token(events []*connsvcv1.WatchEnhancedConnectionsResponse) string {
	for _, e := range slices.Backward(events) {
		if e.GetResumeToken() != "" {
			return e.GetResumeToken()
		}
	}
	return ""
}

// A watched is a watch that runs.
type watched struct {
	*stream
	stop  context.CancelFunc
	ended chan error
}

// watch begins a watch. The caller of the test must end it.
func watch(ctx context.Context, w *waiting.Waits, req *connsvcv1.WatchEnhancedConnectionsRequest) *watched {
	ctx, stop := context.WithCancel(ctx)
	s := &watched{&stream{ctx: ctx}, stop, make(chan error, 1)}
	req.ProjectId = project
	go func() { s.ended <- w.Watch(req, s) }()
	return s
}

func (s *watched) end() error {
	s.stop()
	return <-s.ended
}
