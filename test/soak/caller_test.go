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
	// patience is the deadline of a call; an impatient caller gives up long before.
	patience = 20 * time.Second
	// wits is how long a caller goes on asking: without an end it would never know.
	wits = 2 * time.Minute
	// longestPause is what a caller waits at most before it asks again. It is less
	// patient than RetryInfo asks it to be, which makes things harder for connsvc.
	longestPause = 60 * time.Millisecond

	create = "CreateEnhancedConnection"

	ok           = "OK"
	nameTaken    = "NAME_TAKEN"
	noConnection = "CONNECTION_NOT_FOUND"
	noResource   = "RESOURCE_NOT_FOUND"
)

// unsettling are the answers after which a caller has to ask again: those that are
// temporary, and those that do not say what was done. The weather brings refusals
// that an operator would mend.
var unsettling = []string{
	"UPSTREAM_UNAVAILABLE", "UPSTREAM_THROTTLED", "OVERLOADED", "UPSTREAM_TIMEOUT", "UPSTREAM_FAULT", "CREATE_OUTCOME_UNKNOWN",
	"CONNECTION_BUSY", "UPSTREAM_REFUSED", "UPSTREAM_CREDENTIALS", "UPSTREAM_DENIED", "ANSWER_TOO_LARGE",
}

// A connection is what its owner was told that DLI has.
type connection struct {
	id, name string
	since    time.Time // when the owner was told
	hosts    []*connsvcv1.Host
	queue    bool // q1 is bound
	route    bool // r1 is there
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

// work goes on until ctx ends. What was begun then is brought to its end.
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
		c.routeOrNot(ctx, conn)
	case 4:
		c.grantOrRevoke(ctx, conn)
	case 5:
		c.list(ctx, conn)
	default:
		c.get(ctx, conn)
	}
}

// A question is a call that is repeated until its answer leaves nothing open.
type question struct {
	rpc       string
	req       proto.Message
	resp      func() proto.Message
	impatient bool // its caller may give a call up
	// again are the answers, beside success, that a repeat may have.
	again []string
}

// ask asks until it knows, and returns the last answer. It is nil where a promise
// was broken, which is noted.
func (c *caller) ask(ctx context.Context, door stage.Door, random *rand.Rand, q question) (proto.Message, *stage.Refusal) {
	// The end of the soak does not end what was begun.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), wits)
	defer cancel()
	for n := 1; ctx.Err() == nil; n++ {
		deadline := patience
		if q.impatient && n == 1 && random.IntN(30) == 0 {
			deadline = time.Duration(1+random.IntN(30)) * time.Millisecond
		}
		resp, refusal := q.resp(), (*stage.Refusal)(nil)
		gone := c.once(ctx, deadline, func(ctx context.Context) {
			refusal = door.Call(ctx, methodPrefix+q.rpc, q.req, resp)
		}) || refusal != nil && refusal.Code == codes.DeadlineExceeded // connsvc may know it first
		c.tally.told(q.rpc, refusal.Told(), n > 1)
		told := refusal.Told()
		switch {
		case refusal == nil:
			return resp, nil
		case refusal.Lost() && gone && deadline < patience:
			c.tally.add(&c.tally.impatient)
		case refusal.Lost():
			c.tally.add(&c.tally.lost)
			c.tally.breaks("%s over %s: no answer: %v", q.rpc, door.Name(), refusal)
			return nil, refusal
		case slices.Contains(unsettling, told):
		case n > 1 && q.rpc == create && slices.Contains(q.again, told) && refusal.Metadata["existing_connection_id"] == "":
			// The name is taken; whose it is nobody knows as long as lists lag.
		case n > 1 && slices.Contains(q.again, told):
			return nil, refusal
		default:
			c.tally.breaks("%s of %v over %s, asked %d times: %v", q.rpc, q.req, door.Name(), n, refusal)
			return nil, refusal
		}
		pause := time.Duration(1 + random.Int64N(int64(longestPause)))
		wait(ctx, min(max(refusal.RetryAfter, pause), longestPause))
	}
	c.tally.breaks("%s of %v over %s: the caller never knows", q.rpc, q.req, door.Name())
	return nil, &stage.Refusal{}
}

// once makes a call with a deadline, and reports whether that has passed.
func (c *caller) once(ctx context.Context, deadline time.Duration, call func(context.Context)) (gone bool) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	call(ctx)
	return ctx.Err() != nil
}

func (c *caller) door() stage.Door {
	doors := c.stage.Doors()
	return doors[c.random.IntN(len(doors))]
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
