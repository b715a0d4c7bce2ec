package soak_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/test/stage"
)

const (
	methodPrefix = "/connsvc.v1.ConnectionService/"
	// callTimeout is the deadline of a call; an impatient caller gives up much earlier.
	callTimeout = 20 * time.Second
	// retryTimeout bounds the retries of a call.
	retryTimeout = 2 * time.Minute
	// longestPause is the longest delay before a retry. It is shorter than RetryInfo
	// asks for, which makes the test harder for connsvc.
	longestPause = 60 * time.Millisecond

	create = "CreateEnhancedConnection"
	list   = "ListEnhancedConnections"

	ok           = "OK"
	nameTaken    = "NAME_TAKEN"
	noConnection = "CONNECTION_NOT_FOUND"
	noResource   = "RESOURCE_NOT_FOUND"
)

// inconclusive are the reasons after which a caller retries: temporary ones, those that
// leave open whether the call was executed, and rejections that end with their phase.
var inconclusive = []string{
	"UPSTREAM_UNAVAILABLE", "UPSTREAM_THROTTLED", "OVERLOADED", "UPSTREAM_TIMEOUT", "UPSTREAM_FAULT", "CREATE_OUTCOME_UNKNOWN",
	"CONNECTION_BUSY", "UPSTREAM_REFUSED", "UPSTREAM_CREDENTIALS", "UPSTREAM_DENIED", "ANSWER_TOO_LARGE",
}

// A connection is the state that DLI must have, by the responses to its owner.
type connection struct {
	id, name string
	created  time.Time // when the owner had the response
	changed  time.Time // when the owner had the response to the latest change
	hosts    []*connsvcv1.Host
	queue    bool // q1 is bound
	route    bool // r1 exists
	granted  bool
}

// A caller works on connections of its own.
type caller struct {
	stage   *stage.Stage
	tally   *tally
	project string
	name    string
	random  *rand.Rand
	made    int
	owns    []*connection
}

// work calls until ctx ends. It completes the call that has begun then.
func (c *caller) work(ctx context.Context) {
	for ctx.Err() == nil {
		c.act(ctx)
	}
}

func (c *caller) act(ctx context.Context) {
	if len(c.owns) == 0 || len(c.owns) < 20 && c.random.IntN(4) == 0 {
		c.create(ctx)
		return
	}
	conn := c.owns[c.random.IntN(len(c.owns))]
	switch c.random.IntN(8) {
	case 0:
		c.delete(ctx, conn)
	case 1:
		c.replaceHosts(ctx, conn)
	case 2:
		c.bindOrUnbind(ctx, conn)
	case 3:
		c.addOrRemoveRoute(ctx, conn)
	case 4:
		c.grantOrRevoke(ctx, conn)
	case 5:
		c.list(ctx, conn)
	default:
		c.get(ctx, conn)
	}
}

// A request is a call that is retried until its outcome is conclusive.
type request struct {
	rpc       string
	req       proto.Message
	resp      func() proto.Message
	impatient bool // its caller may give up early
	// again are the reasons, beside success, that a retry may end with.
	again []string
}

// retry calls until the outcome is conclusive, and returns it. If it breaks a
// guarantee, retry records that.
func (c *caller) retry(ctx context.Context, client stage.Client, random *rand.Rand, q request) (proto.Message, *stage.Failure) {
	// The end of the soak does not cut off a call.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), retryTimeout)
	defer cancel()
	for n := 1; ctx.Err() == nil; n++ {
		deadline := callTimeout
		if q.impatient && n == 1 && random.IntN(30) == 0 {
			deadline = time.Duration(1+random.IntN(30)) * time.Millisecond
		}
		resp, failure := q.resp(), (*stage.Failure)(nil)
		expired := c.once(ctx, deadline, func(ctx context.Context) {
			failure = client.Call(ctx, methodPrefix+q.rpc, q.req, resp)
		}) || failure != nil && failure.Code == codes.DeadlineExceeded // connsvc may notice the deadline first
		outcome := failure.Outcome()
		c.tally.record(q.rpc, outcome, n > 1)
		switch {
		case failure == nil:
			return resp, nil
		case failure.NoResponse() && expired && deadline < callTimeout:
			c.tally.add(&c.tally.impatient)
		case failure.NoResponse():
			c.tally.add(&c.tally.noResponse)
			c.tally.violated("%s over %s: no response: %v", q.rpc, client.Name(), failure)
			return nil, failure
		case slices.Contains(inconclusive, outcome):
		case n > 1 && q.rpc == create && slices.Contains(q.again, outcome) && failure.Metadata["existing_connection_id"] == "":
			// The list lags, so the owner of the name is not known yet.
		case n > 1 && slices.Contains(q.again, outcome):
			return nil, failure
		default:
			c.tally.violated("%s of %v over %s, call %d: %v", q.rpc, q.req, client.Name(), n, failure)
			return nil, failure
		}
		pause := time.Duration(1 + random.Int64N(int64(longestPause)))
		wait(ctx, min(max(failure.RetryAfter, pause), longestPause))
	}
	c.tally.violated("%s of %v over %s: no conclusive outcome", q.rpc, q.req, client.Name())
	return nil, &stage.Failure{}
}

// once makes a call with a deadline and reports whether the deadline passed.
func (c *caller) once(ctx context.Context, deadline time.Duration, call func(context.Context)) (expired bool) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	call(ctx)
	return ctx.Err() != nil
}

func (c *caller) client() stage.Client {
	clients := c.stage.Clients()
	return clients[c.random.IntN(len(clients))]
}

func (c *caller) uuid() string {
	a, b := c.random.Uint64(), c.random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0xfff, b&0xffffffffffff)
}

func (c *caller) hosts() []*connsvcv1.Host {
	hosts := make([]*connsvcv1.Host, c.random.IntN(4))
	for i := range hosts {
		hosts[i] = &connsvcv1.Host{Name: fmt.Sprintf("h%d", i), Ip: fmt.Sprintf("10.0.%d.%d", c.random.IntN(256), i)}
	}
	return hosts
}
