package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	callTimeout = 10 * time.Second
	// maxInFlight bounds the calls in flight; one beyond it has failed. Callers do not
	// slow down because a service does.
	maxInFlight = 500
)

var errTooMany = fmt.Errorf("%d calls were in flight", maxInFlight)

// The kinds of calls.
const (
	kindCreate = "create"
	kindRetry  = "retried create" // the request_id of an earlier create, over any API
	kindGet    = "get"
	kindList   = "list"
)

// mix is the sequence of calls.
var mix = [...]string{kindCreate, kindGet, kindList, kindGet, kindRetry, kindGet, kindCreate, kindGet, kindList, kindGet}

// A load makes calls at a steady rate, over all clients in turn.
type load struct {
	interval time.Duration
	names    []string
	clients  []client
	tally    *tally

	mu   sync.Mutex
	made []creation
}

// A creation is a create and the connection that it made.
type creation struct {
	req *connsvcv1.CreateEnhancedConnectionRequest
	id  string
}

// run calls until ctx ends, and waits for the last response.
func (l *load) run(ctx context.Context) {
	var calls sync.WaitGroup
	defer calls.Wait()
	slots := make(chan struct{}, maxInFlight)
	ticker := time.NewTicker(l.interval)
	defer ticker.Stop()
	began := time.Now()
	next := 0
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		// A ticker drops ticks on a busy machine; this keeps the rate.
		for due := int(time.Since(began) / l.interval); next < due; next++ {
			n := next
			select {
			case slots <- struct{}{}:
				calls.Go(func() { l.call(context.WithoutCancel(ctx), n); <-slots })
			default:
				l.tally.add(l.names[n%len(l.names)], mix[n/len(l.names)%len(mix)], errTooMany)
			}
		}
	}
}

// call makes the nth call.
func (l *load) call(ctx context.Context, n int) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	d, kind := l.clients[n%len(l.clients)], mix[n/len(l.clients)%len(mix)]
	last, found := l.last()
	if !found {
		kind = kindCreate // nothing exists to read yet
	}
	var err error
	switch kind {
	case kindCreate:
		err = l.create(ctx, d, n)
	case kindRetry:
		var id string
		if id, err = d.create(ctx, last.req); err == nil && id != last.id {
			err = errors.New("a retry returned another connection")
		}
	case kindGet:
		var name string
		if name, err = d.get(ctx, last.id); err == nil && name != last.req.GetName() {
			err = errors.New("another connection")
		}
	case kindList:
		var found int
		if found, err = d.list(ctx, 10); err == nil && found == 0 {
			err = errors.New("an empty list")
		}
	}
	l.tally.add(l.names[n%len(l.names)], kind, err)
}

func (l *load) create(ctx context.Context, d client, n int) error {
	req := newCreate(fmt.Sprintf("rollout_%d", n))
	req.RequestId = requestID(n)
	id, err := d.create(ctx, req)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made = append(l.made, creation{req, id})
	return nil
}

// last returns the last creation.
func (l *load) last() (creation, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.made) == 0 {
		return creation{}, false
	}
	return l.made[len(l.made)-1], true
}

func newCreate(name string) *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: project, Name: name,
		DestVpcId: "22094d8f-c310-4621-913d-4c4d655d8495", DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
		Queues: []string{"q1"},
	}
}

func requestID(n int) string { return fmt.Sprintf("5a2c1f0e-0000-4000-8000-%012d", n) }
