package create

import (
	"context"
	"errors"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

var errNoConnectionID = errors.New("DLI responded without a connection_id")

// send makes the POST. The client of DLI sends it again only where DLI has certainly not
// executed it.
func (n *creation) send(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	ctx, cancel := n.reserveTime(ctx)
	defer cancel()
	n.postBegan, n.sent = time.Now(), true
	resp := &connsvcv1.CreateEnhancedConnectionResponse{}
	err := n.dli.Call(ctx, connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName, n.post, resp)
	if err == nil && resp.GetConnectionId() == "" {
		return nil, apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", errNoConnectionID)
	}
	if u, ok := apierror.Find[upstream.Error](err); ok {
		n.sent = u.Sent
	}
	return resp, apierror.FromDLI(err, apierror.Subject{
		Operation: apierror.CreateConnection,
		Change:    true,
		Project:   n.req.GetProjectId(),
		Name:      n.req.GetName(),
		Queues:    n.req.GetQueues(),
		Pools:     n.req.GetElasticResourcePools(),
	})
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
