package soak_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/test/stage"
)

const (
	vpc    = "22094d8f-c310-4621-913d-4c4d655d8495"
	subnet = "78f2562a-36e4-4b39-95b9-f5aab22e1281"
)

// create creates a connection with a unique name, mostly with a request_id, and some of
// those over both APIs at the same time.
func (c *caller) create(ctx context.Context) {
	c.made++
	req := &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: c.project, Name: fmt.Sprintf("%s_%d", c.name, c.made), DestVpcId: vpc, DestNetworkId: subnet, Hosts: c.hosts(),
	}
	if c.random.IntN(3) == 0 {
		req.Queues = []string{"q0"}
	}
	twins := false
	if c.random.IntN(4) > 0 {
		req.RequestId, twins = c.uuid(), c.random.IntN(5) == 0
	}
	var id string
	if twins {
		id = c.createTwice(ctx, req)
	} else {
		id = c.createOnce(ctx, c.client(), c.random, req)
	}
	if id != "" {
		c.owns = append(c.owns, &connection{id: id, name: req.GetName(), created: time.Now(), hosts: req.GetHosts()})
	}
}

// createTwice makes the same create over both APIs, and checks that both return one
// connection.
func (c *caller) createTwice(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) string {
	other := make(chan string)
	random := rand.New(rand.NewPCG(c.random.Uint64(), c.random.Uint64()))
	go func() { other <- c.createOnce(ctx, c.stage.REST, random, proto.CloneOf(req)) }()
	id := c.createOnce(ctx, c.stage.GRPC, c.random, req)
	if twin := <-other; twin != id {
		c.tally.violated("two creates with request_id %s returned %q and %q", req.GetRequestId(), id, twin)
	}
	return id
}

// createOnce returns the ID of the connection that was created or that NAME_TAKEN names
// as the caller's own; empty if a guarantee was broken.
func (c *caller) createOnce(ctx context.Context, client stage.Client, random *rand.Rand, req *connsvcv1.CreateEnhancedConnectionRequest) string {
	q := request{
		rpc: create, req: req, impatient: true,
		resp: func() proto.Message { return &connsvcv1.CreateEnhancedConnectionResponse{} },
	}
	if req.GetRequestId() == "" {
		q.again = []string{nameTaken}
	}
	resp, failure := c.retry(ctx, client, random, q)
	if made, is := resp.(*connsvcv1.CreateEnhancedConnectionResponse); is {
		if made.GetReconciled() {
			c.tally.add(&c.tally.reconciled)
		}
		return made.GetConnectionId()
	}
	if !slices.Contains(q.again, failure.Outcome()) {
		return ""
	}
	if failure.Metadata["same_spec"] != "true" {
		c.tally.violated("NAME_TAKEN for the caller's own connection without same_spec: %v", failure)
	}
	c.tally.add(&c.tally.adopted)
	return failure.Metadata["existing_connection_id"]
}
