// Package poll reads connections for callers who wait until something changes. All who are
// interested in a project share one poller, which reads only while there are any.
//
// DLI's lists lag: that a list does not show a connection proves nothing. A list says where
// to look; what is missing, or contradicts a recent GET, is decided by a GET, or where much
// is missing by further lists. What is not decided yet stays as it is known, and holds
// back no caller who does not ask for it. A caller is never answered from a read that began
// before it came.
package poll

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
)

// DLI is what a poller needs of the DLI of its project.
type DLI interface {
	// Call makes the call of an RPC.
	Call(ctx context.Context, fullMethod string, req, resp proto.Message) error
	// CallersOwn reports whether calls are made with the caller's own credentials.
	CallersOwn() bool
	// Polling and Idempotency are the configuration; nil is the default. They are only to
	// be read.
	Polling() *configv1.Polling
	Idempotency() *configv1.Idempotency
	// AwaitPoll waits until the budget of polls allows one more call, or ctx ends.
	AwaitPoll(ctx context.Context) error
}

// Pollers are the pollers of a process. They are safe for concurrent use.
type Pollers struct {
	dli     func(projectID string) (DLI, error)
	metrics metrics
	stop    context.CancelFunc
	ctx     context.Context // of all pollers: no caller's
	running sync.WaitGroup

	mu     sync.Mutex // guards all pollers and subscriptions
	byKey  map[key]*poller
	load   map[string]int // subscriptions by the origin of their caller
	closed bool
}

// A key is what callers who share a poller have in common.
type key struct {
	project string
	own     bool   // with the caller's own credentials
	token   string // where own; what DLI shows to one caller is not shown to another
}

// New returns pollers that look up the DLI of a project in router before each poll, so
// that a reload takes effect with the next.
func New[D DLI](router interface {
	For(projectID string) (D, error)
}, meter metric.Meter,
) (*Pollers, error) {
	s := &Pollers{
		dli:   func(projectID string) (DLI, error) { return router.For(projectID) },
		byKey: make(map[key]*poller), load: make(map[string]int),
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s, s.metrics.init(meter)
}

// Close ends all pollers, and returns when they have ended. Who still waits gets an error.
func (s *Pollers) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop()
	s.running.Wait()
}

// Stopping is the error of calls that end because connsvc stops.
func Stopping() *apierror.Error {
	return apierror.New(connsvcv1.ErrorReason_OVERLOADED, "connsvc is shutting down: wait again", nil)
}

// An Interest is what a caller wants to know.
type Interest struct {
	Project string
	// All is interest in every connection of the project.
	All bool
	// IDs must be found, or proven not to exist, even if no list shows them.
	IDs []string
	// Confirm wants a GET to confirm that the connections of IDs are settled: lists lag.
	Confirm bool
	// Caller is who is interested. Its Visible is called by one goroutine at a time.
	Caller *call.Call
}

// Join subscribes to what an interest is about. Its first View that is Read is of a read that
// begins after Join. The caller must Leave.
func (s *Pollers) Join(i Interest) (*Subscription, error) {
	own, err := s.callersOwn(i.Project)
	if err != nil {
		return nil, err
	}
	sub := &Subscription{pollers: s, interest: i, ids: make(map[string]string, len(i.IDs))}
	for _, id := range i.IDs {
		sub.ids[fold(id)] = id
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, Stopping()
	}
	s.place(sub, own)
	return sub, nil
}

func (s *Pollers) callersOwn(project string) (bool, error) {
	dli, err := s.dli(project)
	if err != nil {
		return false, apierror.FromDLI(err, apierror.Subject{Project: project})
	}
	return dli.CallersOwn(), nil
}

// place gives a subscription to the poller of its key. s.mu must be held.
func (s *Pollers) place(sub *Subscription, own bool) {
	k := key{project: sub.interest.Project, own: own}
	if own {
		k.token = sub.interest.Caller.CallerToken
	}
	p := s.byKey[k]
	if p == nil {
		p = newPoller(s, k)
		s.byKey[k] = p
		s.running.Go(p.run)
	}
	sub.poller, sub.after = p, p.begun
	p.subs[sub] = struct{}{}
	s.load[sub.interest.Caller.Origin]++
	p.wakeUp()
}

// fold returns an ID as states know it: DLI and callers may write UUIDs in either case.
func fold(id string) string { return strings.ToLower(id) }
