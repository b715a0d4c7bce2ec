package create_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

var (
	seed      = flag.Uint64("chaos.seed", 0, "the schedule of TestPrinciple to run; 0: random ones")
	schedules = flag.Int("chaos.schedules", 150, "how many schedules TestPrinciple runs")
)

// TestPrinciple runs creates under random schedules of lags, losses, clocks, deadlines and
// concurrent retries. Each definite outcome must be proven.
func TestPrinciple(t *testing.T) {
	if *seed != 0 {
		runSchedule(t, *seed)
		return
	}
	for range *schedules {
		runSchedule(t, rand.Uint64())
	}
}

func runSchedule(t *testing.T, seed uint64) {
	t.Helper()
	t.Run(fmt.Sprintf("-chaos.seed=%d", seed), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			newSchedule(t, seed).run()
		})
	})
}

// A schedule is a DLI and the requests of its callers, all for one name.
type schedule struct {
	t        *testing.T
	dli      *chaos
	requests []*connsvcv1.CreateEnhancedConnectionRequest
}

func newSchedule(t *testing.T, seed uint64) *schedule {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, seed))
	duplicates := random.IntN(2) == 0
	s := &schedule{t: t, dli: newChaos(random, duplicates)}
	s.dli.policy = &configv1.Idempotency{UniqueNames: !duplicates && random.IntN(3) == 0}
	if random.IntN(3) == 0 {
		s.dli.policy.RivalWindow = durationpb.New(longestLag)
	}
	s.dli.policy.DisableTag = random.IntN(8) == 0
	for i := range 1 + random.IntN(3) {
		req := createRequest()
		req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: fmt.Sprintf("of-request-%d", i), Ip: "10.0.0.1"})
		if random.IntN(4) > 0 {
			req.RequestId = fmt.Sprintf("7f1b8a52-5d3c-4f0e-9a0b-2f6f3c1d%04d", i)
		}
		s.requests = append(s.requests, req)
	}
	if random.IntN(3) == 0 {
		s.dli.has(t, createRequest(), s.dli.duration(0, time.Minute))
	}
	return s
}

// run has every request tried by two callers, each of which retries, then once in calm.
func (s *schedule) run() {
	var all sync.WaitGroup
	for i, req := range s.requests {
		callers := 2
		if req.GetRequestId() == "" {
			callers = 1
		}
		for range callers {
			all.Go(func() {
				for range 4 {
					time.Sleep(s.dli.duration(0, 3*time.Second))
					if s.try(i, s.dli.duration(100*time.Millisecond, 30*time.Second)) {
						return
					}
				}
			})
		}
	}
	all.Wait()
	time.Sleep(longestLate + longestLag)
	s.dli.calm = true
	for i, req := range s.requests {
		if req.GetRequestId() != "" && !s.dli.policy.GetDisableTag() && !s.try(i, time.Hour) && !s.namedByNothing(req) {
			s.t.Errorf("request %d has no definite outcome in calm", i)
		}
	}
}

// namedByNothing reports whether another's connection has the name, but no list by name
// shows it: so nothing proves that it is another's.
func (s *schedule) namedByNothing(req *connsvcv1.CreateEnhancedConnectionRequest) bool {
	own := false
	for _, c := range s.dli.live() {
		own = own || s.ofRequest(c, req)
	}
	return s.dli.hidesNames && !own
}

// try makes one call, and checks its outcome. It returns whether it is definite.
func (s *schedule) try(i int, deadline time.Duration) bool {
	req := s.requests[i]
	w := &witness{chaos: s.dli}
	ctx, cancel := context.WithTimeout(s.t.Context(), deadline)
	defer cancel()
	if s.dli.fails(0.1) {
		stop := time.AfterFunc(s.dli.duration(0, deadline), cancel)
		defer stop.Stop()
	}
	resp, err := s.dli.replicaOver(w).create(ctx, proto.CloneOf(req))
	if w.posts > 1 {
		s.t.Errorf("request %d: one call posted %d times", i, w.posts)
	}
	if err == nil {
		s.checkSuccess(i, w, resp)
		return true
	}
	switch e := apierror.From(err); e.Reason {
	case connsvcv1.ErrorReason_NAME_TAKEN:
		s.checkTaken(i, w, e)
		return true
	case connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, connsvcv1.ErrorReason_CALLER_CANCELLED, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT,
		connsvcv1.ErrorReason_UPSTREAM_FAULT, connsvcv1.ErrorReason_UPSTREAM_THROTTLED:
		return false
	default:
		s.t.Errorf("request %d: %v", i, e)
		return false
	}
}

// checkTaken: DLI rejected the POST of this call, and what exists is not of this request.
func (s *schedule) checkTaken(i int, w *witness, e *apierror.Error) {
	if !w.rejected {
		s.t.Errorf("request %d: %v, but DLI did not reject a POST of this call", i, e)
	}
	for id, c := range s.dli.live() {
		if s.requests[i].GetRequestId() != "" && s.ofRequest(c, s.requests[i]) {
			s.t.Errorf("request %d: %v, but connection %s is its own", i, e, id)
		}
	}
}

// checkSuccess: the connection exists and is of this request; without a warning, the
// check for a duplicate was conclusive.
func (s *schedule) checkSuccess(i int, w *witness, resp *connsvcv1.CreateEnhancedConnectionResponse) {
	req, live := s.requests[i], s.dli.live()
	c := live[resp.GetConnectionId()]
	switch {
	case c == nil && resp.Warning != nil && s.dli.duplicates: // the warning says that it may be a duplicate
	case c == nil:
		s.t.Errorf("request %d: %v does not exist", i, resp)
	case !s.ofRequest(c, req):
		s.t.Errorf("request %d: %v is another's", i, resp)
	case req.GetRequestId() == "" || resp.Warning != nil || w.UniqueNames() || !s.dli.duplicates:
	case !s.conclusive(w, c):
		s.t.Errorf("request %d: %v has no warning, but its lists were %v", i, resp, w.shown)
	}
}

// conclusive reports whether a list by tags showed a connection, as late as it must, and
// none showed an older one.
func (s *schedule) conclusive(w *witness, c *stored) bool {
	after := time.Time{}
	switch {
	case w.posts == 0: // it was there before
	case w.made != "":
		after = w.ended.Add(s.dli.policy.GetRivalWindow().AsDuration())
	default: // whether this call's POST made one is not known
		after = w.ended.Add(longestLag)
	}
	proven := false
	for _, sight := range w.shown {
		for _, id := range sight.ids {
			if other := s.dli.live()[id]; other != nil && other.connection.GetCreateTime().AsTime().Before(c.connection.GetCreateTime().AsTime()) {
				return false
			}
		}
		own := slices.Contains(sight.ids, c.connection.GetId()) || w.made != "" && slices.Contains(sight.ids, w.made)
		proven = proven || own && !sight.began.Before(after)
	}
	return proven
}

// ofRequest reports whether a request made a connection: by its hosts, which differ by
// request, and its tags, if there are any.
func (s *schedule) ofRequest(c *stored, req *connsvcv1.CreateEnhancedConnectionRequest) bool {
	name := req.GetHosts()[len(req.GetHosts())-1].GetName()
	if !slices.ContainsFunc(c.connection.GetHosts(), func(h *connsvcv1.Host) bool { return h.GetName() == name }) {
		return false
	}
	return req.GetRequestId() == "" || s.dli.policy.GetDisableTag() || slices.ContainsFunc(c.tags, func(t *connsvcv1.Tag) bool {
		return strings.EqualFold(t.GetValue(), req.GetRequestId())
	})
}
