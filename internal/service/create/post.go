package create

import (
	"context"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

// maxSends limits how often a POST is sent of which no byte left.
const maxSends = 3

// send makes the POST, and again only while no byte of it has left.
func (n *creation) send(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	ctx, cancel := n.reserveTime(ctx)
	defer cancel()
	about := apierror.Subject{
		Operation: apierror.CreateConnection,
		Project:   n.req.GetProjectId(),
		Name:      n.req.GetName(),
		Queues:    n.req.GetQueues(),
		Pools:     n.req.GetElasticResourcePools(),
	}
	for try := 1; ; try++ {
		n.began = time.Now()
		n.posted = true
		resp := &connsvcv1.CreateEnhancedConnectionResponse{}
		err := n.dli.Call(ctx, connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName, n.post, resp)
		if err == nil && resp.GetConnectionId() == "" {
			return nil, apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", errNoConnectionID)
		}
		u, ok := apierror.Find[upstream.Error](err)
		if ok && !u.Sent {
			n.posted = false
		}
		// Where DLI names a time to wait, a quick second try is of no use.
		again := ok && !u.Sent && u.Kind == upstream.Unreachable && u.RetryAfter == 0
		if !again || try == maxSends || !sleep(ctx, pause(try)) {
			return resp, apierror.FromDLI(err, about)
		}
	}
}

// reserveTime is ctx with an earlier deadline: a POST that takes all of the caller's
// time leaves none to find out its outcome.
func (n *creation) reserveTime(ctx context.Context) (context.Context, context.CancelFunc) {
	at, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, at.Add(-min(n.reconcileFor+responseMargin, time.Until(at)/3)))
}
