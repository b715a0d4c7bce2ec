package create

import (
	"context"
	"errors"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

var errNoConnectionID = errors.New("DLI responded without a connection_id")

// send makes the POST. The client of DLI sends it again only where DLI has certainly not
// executed it.
func (n *creation) send(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	// A POST that takes all of the caller's time leaves none to find out its outcome.
	ctx, cancel := call.KeepTime(ctx, n.reconcileFor+call.ReplyMargin)
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
