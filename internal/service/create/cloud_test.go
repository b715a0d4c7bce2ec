package create_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/upstream"
)

// A cloud is a DLI of one project that creates, lists and deletes, in the time of
// the test, and does with a POST what the test says.
type cloud struct {
	latency    time.Duration // of each call
	lag        time.Duration // until a list shows what was made
	nameLag    time.Duration // until a list without tags shows it, if longer
	tagLag     time.Duration // until a list by tags shows it, if longer
	hashLag    time.Duration // until a list by two tags shows it, if longer
	ahead      time.Duration // of its clock
	dateAhead  time.Duration // of its Date, of that clock
	hidesDate  bool
	duplicates bool          // names may be taken twice
	creating   time.Duration // while which a new connection cannot be deleted
	policy     *configv1.Idempotency
	// post does what becomes of the n-th POST; nil: commit.
	post func(ctx context.Context, n int, commit func() (string, error)) (string, error)
	// list, get and remove may fail a call; nil: none.
	list, get, remove func(n int) error

	mu          sync.Mutex
	connections []*stored
	posts       []*connsvcv1.CreateEnhancedConnectionRequest
	lists, gets, removes,
	made int
	unique  *bool // whether names are, as it has shown
	metrics sync.Once
	meter   metric.Meter
	reader  *sdkmetric.ManualReader
}

type stored struct {
	connection *connsvcv1.EnhancedConnection
	tags       []*connsvcv1.Tag
	made       time.Time
	lag        time.Duration // until lists show it, if longer than that of the cloud
	deleted    bool
}

func (d *cloud) Idempotency() *configv1.Idempotency { return d.policy }

func (d *cloud) Skew() (time.Duration, bool) { return d.ahead + d.dateAhead, !d.hidesDate }

func (d *cloud) UniqueNames() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unique != nil {
		return *d.unique
	}
	return d.policy.GetUniqueNames()
}

func (d *cloud) RecordUniqueNames(unique bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unique = &unique
}

// replica is one of the replicas in front of the cloud.
func (d *cloud) replica() replica { return d.replicaOver(d) }

func (d *cloud) replicaOver(dli create.DLI) replica {
	d.metrics.Do(func() {
		d.reader = sdkmetric.NewManualReader()
		d.meter = sdkmetric.NewMeterProvider(sdkmetric.WithReader(d.reader)).Meter("test")
	})
	creator, err := create.New(d.meter)
	if err != nil {
		panic(err)
	}
	return replica{creator, dli}
}

// outcomes counts the outcomes of the creates of all replicas.
func (d *cloud) outcomes() map[string]int64 {
	var data metricdata.ResourceMetrics
	if err := d.reader.Collect(context.Background(), &data); err != nil {
		panic(err)
	}
	counts := map[string]int64{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			for _, point := range m.Data.(metricdata.Sum[int64]).DataPoints {
				if outcome, _ := point.Attributes.Value("outcome"); point.Value > 0 {
					counts[outcome.AsString()] += point.Value
				}
			}
		}
	}
	return counts
}

// TestOutcomesFromTheStart: a series that is missing at first cannot be seen to grow.
func TestOutcomesFromTheStart(t *testing.T) {
	dli := &cloud{}
	dli.replica()
	var data metricdata.ResourceMetrics
	if err := dli.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	counter := data.ScopeMetrics[0].Metrics[0]
	if points := counter.Data.(metricdata.Sum[int64]).DataPoints; counter.Name != "connsvc.create.reconciles" || len(points) != 6 {
		t.Errorf("%s has %d series", counter.Name, len(points))
	}
}

// counted counts the given outcomes.
func counted(outcomes ...string) map[string]int64 {
	counts := map[string]int64{}
	for _, o := range outcomes {
		counts[o]++
	}
	return counts
}

func (d *cloud) Call(ctx context.Context, _ string, req, resp proto.Message) error {
	if err := wait(ctx, d.latency); err != nil {
		return err
	}
	switch r := req.(type) {
	case *connsvcv1.CreateEnhancedConnectionRequest:
		id, err := d.create(ctx, r)
		resp.(*connsvcv1.CreateEnhancedConnectionResponse).ConnectionId = id
		return err
	case *connsvcv1.ListEnhancedConnectionsRequest:
		return d.listThem(r, resp.(*connsvcv1.ListEnhancedConnectionsResponse))
	case *connsvcv1.GetEnhancedConnectionRequest:
		return d.show(r.GetConnectionId(), resp)
	case *connsvcv1.DeleteEnhancedConnectionRequest:
		return d.delete(r.GetConnectionId())
	default:
		return fmt.Errorf("unexpected call with %T", req)
	}
}

// wait waits as a call of DLI does.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		kind := upstream.Timeout
		if errors.Is(ctx.Err(), context.Canceled) {
			kind = upstream.Cancelled
		}
		return &upstream.Error{Kind: kind, Sent: true, Err: ctx.Err()}
	}
}

func (d *cloud) create(ctx context.Context, r *connsvcv1.CreateEnhancedConnectionRequest) (string, error) {
	d.mu.Lock()
	d.posts = append(d.posts, proto.CloneOf(r))
	n := len(d.posts)
	d.mu.Unlock()
	commit := func() (string, error) { return d.add(r) }
	if d.post == nil {
		return commit()
	}
	return d.post(ctx, n, commit)
}

// add makes the connection that a request asks for.
func (d *cloud) add(r *connsvcv1.CreateEnhancedConnectionRequest) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.connections {
		if !d.duplicates && !s.deleted && s.connection.GetName() == r.GetName() {
			return "", answered(400, "DLI.0006", "The object exists.")
		}
	}
	d.made++
	// IDs do not follow the age.
	c := connectionOf(r, fmt.Sprintf("%02d-%d", 50-d.made, d.made))
	c.CreateTime = timestamppb.New(time.Now().Add(d.ahead).Truncate(time.Millisecond))
	d.connections = append(d.connections, &stored{connection: c, tags: r.GetTags(), made: time.Now()})
	return c.GetId(), nil
}

// connectionOf is a connection as the request asks for.
func connectionOf(r *connsvcv1.CreateEnhancedConnectionRequest, id string) *connsvcv1.EnhancedConnection {
	c := &connsvcv1.EnhancedConnection{
		Id: id, Name: r.GetName(), Status: connsvcv1.EnhancedConnection_ACTIVE,
		DestVpcId: r.GetDestVpcId(), DestNetworkId: r.GetDestNetworkId(), Hosts: r.GetHosts(),
	}
	for _, q := range r.GetQueues() {
		c.AvailableQueueInfo = append(c.AvailableQueueInfo, &connsvcv1.Peering{Name: q})
	}
	for _, p := range r.GetElasticResourcePools() {
		c.ElasticResourcePools = append(c.ElasticResourcePools, &connsvcv1.Peering{Name: p})
	}
	return c
}

func (d *cloud) listThem(r *connsvcv1.ListEnhancedConnectionsRequest, resp *connsvcv1.ListEnhancedConnectionsResponse) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lists++
	if d.list != nil {
		if err := d.list(d.lists); err != nil {
			return err
		}
	}
	for _, s := range d.connections {
		hasTags := !slices.ContainsFunc(r.GetTags(), func(t *connsvcv1.Tag) bool {
			return !slices.ContainsFunc(s.tags, func(other *connsvcv1.Tag) bool { return proto.Equal(t, other) })
		})
		if !s.deleted && hasTags && strings.EqualFold(s.connection.GetName(), r.GetName()) && time.Since(s.made) >= d.lagOf(s, r) {
			resp.Connections = append(resp.Connections, proto.CloneOf(s.connection))
		}
	}
	slices.Reverse(resp.Connections) // no document says which come first
	return nil
}

// lagOf is how long a list does not show a connection.
func (d *cloud) lagOf(s *stored, r *connsvcv1.ListEnhancedConnectionsRequest) time.Duration {
	lag := max(d.lag, s.lag)
	if len(r.GetTags()) > 0 {
		lag = max(lag, d.tagLag)
	} else {
		lag = max(lag, d.nameLag)
	}
	if len(r.GetTags()) > 1 {
		lag = max(lag, d.hashLag)
	}
	return lag
}

func (d *cloud) show(id string, resp proto.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gets++
	if d.get != nil {
		if err := d.get(d.gets); err != nil {
			return err
		}
	}
	for _, s := range d.connections {
		if !s.deleted && s.connection.GetId() == id {
			proto.Merge(resp, s.connection)
			return nil
		}
	}
	return answered(400, "DLI.0001", "Connection "+id+" does not exist.")
}

func (d *cloud) delete(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.removes++
	if d.remove != nil {
		if err := d.remove(d.removes); err != nil {
			return err
		}
	}
	for _, s := range d.connections {
		if s.deleted || s.connection.GetId() != id {
			continue
		}
		if time.Since(s.made) < d.creating {
			return answered(400, "DLI.0007", "The connection that is being created cannot be deleted.")
		}
		s.deleted = true
		return nil
	}
	return answered(400, "DLI.0001", "Connection "+id+" does not exist.")
}

// existing are the IDs of what was made and not deleted.
func (d *cloud) existing() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var ids []string
	for _, s := range d.connections {
		if !s.deleted {
			ids = append(ids, s.connection.GetId())
		}
	}
	return ids
}

// has puts a connection as req asks for into the cloud, of an age.
func (d *cloud) has(t *testing.T, req *connsvcv1.CreateEnhancedConnectionRequest, age time.Duration) string {
	t.Helper()
	id, err := d.add(req)
	if err != nil {
		t.Fatal(err)
	}
	s := d.connections[len(d.connections)-1]
	s.made = s.made.Add(-age)
	s.connection.CreateTime = timestamppb.New(s.connection.GetCreateTime().AsTime().Add(-age))
	return id
}

// inBubble runs a test in a time of its own.
func inBubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// commitThenFail executes a POST, and fails with err.
func commitThenFail(err error) func(context.Context, int, func() (string, error)) (string, error) {
	return func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
		if _, err := commit(); err != nil {
			return "", err
		}
		return "", err
	}
}

// failWith fails a POST with err, and does not execute it.
func failWith(err error) func(context.Context, int, func() (string, error)) (string, error) {
	return func(context.Context, int, func() (string, error)) (string, error) { return "", err }
}
