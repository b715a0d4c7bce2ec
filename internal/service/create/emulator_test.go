package create_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/wire"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/upstream"
)

const (
	token           = "token-of-the-test"
	createOperation = "CreateEnhancedConnection"
)

// A stage is an emulator behind a server, and the replicas of connsvc before it.
type stage struct {
	*emulator.Emulator
	url string
}

func newStage(t *testing.T, o emulator.Options) *stage {
	t.Helper()
	o.Tokens = []string{token}
	e := emulator.New(o)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return &stage{e, server.URL}
}

// replica makes a service with a client of its own, which looks so long for what a
// POST without an answer made.
func (s *stage) replica(t *testing.T, reconcileFor time.Duration) replica {
	t.Helper()
	return s.replicaWith(t, quickly(reconcileFor, 250*time.Millisecond))
}

func (s *stage) replicaWith(t *testing.T, policy *configv1.Idempotency) replica {
	t.Helper()
	router, err := upstream.New([]*configv1.Upstream{{
		Endpoint:    s.url,
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
		Timeout:     durationpb.New(time.Second),
		Idempotency: policy,
	}}, upstream.Options{MaxResponseBytes: 1 << 20, Secret: func(*configv1.Secret) (string, error) { return token, nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { router.Close(context.Background()) })
	creator, err := create.New(noop.Meter{})
	if err != nil {
		t.Fatal(err)
	}
	dli, err := router.For(projectID)
	if err != nil {
		t.Fatal(err)
	}
	return replica{creator, dli}
}

func (s *stage) faults(t *testing.T, rules ...faults.Rule) {
	t.Helper()
	if err := s.SetFaults(rules); err != nil {
		t.Fatal(err)
	}
}

// active are the IDs of the connections that exist.
func (s *stage) active() []string {
	var ids []string
	for _, c := range s.Connections(projectID) {
		if c.Status == wire.StatusActive {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func delay(d time.Duration) faults.Duration { return faults.Duration(d) }

// createFaults are all that can go wrong with a POST.
func createFaults() map[string]faults.Fault {
	all := map[string]faults.Fault{
		"latency":            {Kind: faults.Latency, Delay: delay(20 * time.Millisecond)},
		"latency, goes on":   {Kind: faults.Latency, Delay: delay(1200 * time.Millisecond), Commit: true},
		"hang":               {Kind: faults.Hang},
		"hang, committed":    {Kind: faults.Hang, Commit: true},
		"reset before":       {Kind: faults.ResetBefore},
		"reset after":        {Kind: faults.ResetAfter},
		"answer dropped":     {Kind: faults.DropAnswer},
		"answer late":        {Kind: faults.DelayAnswer, Delay: delay(1200 * time.Millisecond)},
		"body truncated":     {Kind: faults.TruncatedBody},
		"body without end":   {Kind: faults.EndlessBody, Commit: true},
		"wrong length":       {Kind: faults.WrongLength},
		"HTML":               {Kind: faults.HTML},
		"HTML, committed":    {Kind: faults.HTML, Commit: true},
		"no JSON":            {Kind: faults.InvalidJSON},
		"no JSON, committed": {Kind: faults.InvalidJSON, Commit: true},
		"unsuccessful":       {Kind: faults.Unsuccessful},
		"expired token":      {Kind: faults.ExpiredToken},
		"stuck":              {Kind: faults.StuckCreating},
		"slow list":          {Kind: faults.SlowList, Delay: delay(200 * time.Millisecond)},
	}
	for _, status := range []int{429, 500, 502, 503, 504} {
		all[strconv.Itoa(status)] = faults.Fault{Kind: faults.Status, Status: status}
		all[fmt.Sprint(status, ", committed")] = faults.Fault{Kind: faults.Status, Status: status, Commit: true}
	}
	return all
}

// TestCreateUnderEveryFault holds whatever goes wrong with a POST: at most one
// connection is made, the outcome is true, and a retry through another replica has the
// outcome of what happened.
func TestCreateUnderEveryFault(t *testing.T) {
	for _, id := range []string{"", requestID} {
		for name, fault := range createFaults() {
			t.Run(fmt.Sprintf("%s/request_id %q", name, id), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, emulator.Options{})
				s.faults(t,
					faults.Rule{Operation: createOperation, Nth: 1, Fault: faults.Fault{Kind: faults.SlowList, Delay: delay(50 * time.Millisecond)}},
					faults.Rule{Operation: createOperation, Nth: 1, Fault: fault})
				s.createAndRepeat(t, id)
			})
		}
	}
}

func (s *stage) createAndRepeat(t *testing.T, requestID string) {
	t.Helper()
	req := createRequest()
	req.RequestId = requestID
	resp, err := createIn(t, s.replica(t, 500*time.Millisecond), 10*time.Second, req)
	switch made := s.active(); {
	case len(made) > 1:
		t.Fatalf("there are %v", made)
	case err == nil && (len(made) != 1 || resp.GetConnectionId() != made[0]):
		t.Fatalf("the caller got %v, there is %v", resp, made)
	case err != nil:
		switch asError(t, err).Reason {
		case connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, connsvcv1.ErrorReason_UPSTREAM_REFUSED,
			connsvcv1.ErrorReason_UPSTREAM_THROTTLED, connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS:
		default:
			t.Errorf("got %v", err)
		}
	}
	again, err := createIn(t, s.replica(t, 500*time.Millisecond), 10*time.Second, req)
	made := s.active()
	if len(made) != 1 {
		t.Fatalf("after a retry there are %v", made)
	}
	if err == nil {
		if again.GetConnectionId() != made[0] {
			t.Errorf("the retry got %v, there is %v", again, made)
		}
		return
	}
	e := wantReason(t, "the retry", err, connsvcv1.ErrorReason_NAME_TAKEN)
	if requestID != "" || e.Metadata["existing_connection_id"] != made[0] || e.Metadata["same_spec"] != "true" {
		t.Errorf("the retry got %v with %v, there is %v", e, e.Metadata, made)
	}
}

// TestLostAnswersAreFound: each fault after which the connection exists is reported
// as a success.
func TestLostAnswersAreFound(t *testing.T) {
	for _, id := range []string{"", requestID} {
		for name, fault := range createFaults() {
			switch {
			case fault.Kind == faults.Status && fault.Status >= 500 && fault.Commit:
			case fault.Kind == faults.DropAnswer, fault.Kind == faults.TruncatedBody, fault.Kind == faults.WrongLength:
			case fault.Kind == faults.HTML && fault.Commit, fault.Kind == faults.InvalidJSON && fault.Commit:
			default:
				continue
			}
			t.Run(fmt.Sprintf("%s/request_id %q", name, id), func(t *testing.T) {
				t.Parallel()
				s := newStage(t, emulator.Options{})
				s.faults(t, faults.Rule{Operation: createOperation, Nth: 1, Fault: fault})
				req := createRequest()
				req.RequestId = id
				resp, err := createIn(t, s.replica(t, 5*time.Second), 10*time.Second, req)
				if made := s.active(); err != nil || len(made) != 1 || resp.GetConnectionId() != made[0] || !resp.GetReconciled() {
					t.Errorf("got %v, %v; there is %v", resp, err, made)
				}
				if state := s.Faults()[0]; state.Seen != 1 {
					t.Errorf("DLI saw %d POSTs", state.Seen)
				}
			})
		}
	}
}

// TestQueueOfAPoolIsAdopted: DLI shows the pool of a queue, and not the queue.
func TestQueueOfAPoolIsAdopted(t *testing.T) {
	s := newStage(t, emulator.Options{PoolOfQueue: map[string]string{"q1": "p7"}})
	s.faults(t, faults.Rule{Operation: createOperation, Nth: 1, Fault: faults.Fault{Kind: faults.DropAnswer}})
	req := createRequest()
	req.Queues = []string{"Q1", "Q2"}
	resp, err := createIn(t, s.replica(t, 5*time.Second), 10*time.Second, req)
	if err != nil || !resp.GetReconciled() {
		t.Errorf("got %v, %v; there is %v", resp, err, s.Connections(projectID))
	}
}

func TestReplicasRaceOnTheEmulator(t *testing.T) {
	for name, o := range map[string]emulator.Options{
		"unique names": {},
		"duplicates":   {Quirks: emulator.Quirks{AllowDuplicateNames: true}},
		"duplicates whose peerings take time": {
			PeeringDelay: 100 * time.Millisecond, Quirks: emulator.Quirks{AllowDuplicateNames: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				s := newStage(t, o)
				first, second := s.replica(t, 5*time.Second), s.replica(t, 5*time.Second)
				var ids [8]string
				var all sync.WaitGroup
				for n := range ids {
					r := first
					if n%2 == 1 {
						r = second
					}
					all.Go(func() {
						req := createRequest()
						req.RequestId = requestID
						resp, err := createIn(t, r, 10*time.Second, req)
						if err != nil {
							t.Error(err)
						}
						ids[n] = resp.GetConnectionId()
					})
				}
				all.Wait()
				made := s.active()
				if len(made) != 1 {
					t.Fatalf("there are %v", made)
				}
				for _, id := range ids {
					if id != made[0] {
						t.Errorf("callers got %v, there is %v", ids, made)
					}
				}
			}
		})
	}
}

func TestConcurrentCreatesShareOnePostOnTheEmulator(t *testing.T) {
	s := newStage(t, emulator.Options{})
	s.faults(t, faults.Rule{Operation: createOperation, Fault: faults.Fault{Kind: faults.Latency, Delay: delay(250 * time.Millisecond)}})
	r := s.replica(t, 5*time.Second)
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if _, err := createIn(t, r, 10*time.Second, createRequest()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if seen := s.Faults()[0].Seen; seen != 1 || len(s.active()) != 1 {
		t.Errorf("DLI saw %d POSTs, there is %v", seen, s.active())
	}
}

// TestLagsOfTheEmulator: lists, tags and clocks that lag or differ, and POSTs that are
// executed late, while two replicas retry one request. Both get the one connection, and
// no call says that its name is another's.
func TestLagsOfTheEmulator(t *testing.T) {
	const lag = 300 * time.Millisecond // the replicas expect up to 500 ms
	list := func(kind faults.Kind) faults.Rule {
		return faults.Rule{Operation: "ListEnhancedConnections", Every: 2, Fault: faults.Fault{Kind: kind, Delay: delay(lag)}}
	}
	post := func(kind faults.Kind, d time.Duration) faults.Rule {
		return faults.Rule{Operation: createOperation, Fault: faults.Fault{Kind: kind, Delay: delay(d)}}
	}
	lost := faults.Rule{Operation: createOperation, Nth: 1, Fault: faults.Fault{Kind: faults.DropAnswer}}
	cut := faults.Rule{Operation: createOperation, Nth: 2, Fault: faults.Fault{Kind: faults.TruncatedBody}}
	for name, rules := range map[string][]faults.Rule{
		"each connection is late":  {post(faults.SlowList, lag)},
		"tags are late":            {post(faults.SlowTags, lag)},
		"snapshots":                {list(faults.SnapshotList)},
		"two machines serve lists": {list(faults.OldList)},
		"Date is ahead":            {{Operation: "*", Fault: faults.Fault{Kind: faults.ShiftedDate, Delay: delay(3 * time.Second)}}, post(faults.SlowTags, lag)},
		"Date is behind":           {{Operation: "*", Fault: faults.Fault{Kind: faults.ShiftedDate, Delay: delay(-2 * time.Second)}}, post(faults.SlowTags, lag)},
	} {
		for _, duplicates := range []bool{false, true} {
			for loss, more := range map[string][]faults.Rule{
				"nothing is lost": nil,
				"a lost response": {lost},
				"a late POST":     {{Operation: createOperation, Nth: 1, Fault: faults.Fault{Kind: faults.LateCommit, Delay: delay(lag)}}},
				"a 400 cut off":   {lost, cut},
			} {
				if duplicates && loss != "nothing is lost" {
					continue // a late or lost POST may leave a duplicate: docs/adr/0005
				}
				t.Run(fmt.Sprintf("%s, %s, duplicates %v", name, loss, duplicates), func(t *testing.T) {
					t.Parallel()
					s := newStage(t, emulator.Options{Quirks: emulator.Quirks{AllowDuplicateNames: duplicates}})
					s.faults(t, slices.Concat(rules, more)...)
					var ids [2]string
					var all sync.WaitGroup
					for i := range ids {
						r := s.replicaWith(t, &configv1.Idempotency{
							ReconcileTimeout: durationpb.New(3 * time.Second), ListLag: durationpb.New(500 * time.Millisecond), RivalWindow: durationpb.New(500 * time.Millisecond),
						})
						all.Go(func() { ids[i] = retryUntilDefinite(t, r) })
					}
					all.Wait()
					if made := s.active(); len(made) != 1 || ids[0] != made[0] || ids[1] != made[0] {
						t.Errorf("callers got %v, there is %v", ids, made)
					}
				})
			}
		}
	}
}

// retryUntilDefinite retries a create with a request_id, and returns its connection.
func retryUntilDefinite(t *testing.T, r replica) string {
	t.Helper()
	for range 20 {
		req := createRequest()
		req.RequestId = requestID
		resp, err := createIn(t, r, 10*time.Second, req)
		if err == nil {
			return resp.GetConnectionId()
		}
		switch e := asError(t, err); e.Reason {
		case connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE:
		default:
			t.Errorf("got %v", e)
			return ""
		}
	}
	t.Error("the outcome stays unknown")
	return ""
}
