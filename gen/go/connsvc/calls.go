package connsvc

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"slices"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// Create creates a connection, and repeats the call until the outcome is known or ctx ends.
// It sets the request's RequestId if it has none: the same request can be given again.
func (c *Client) Create(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if req.GetRequestId() == "" {
		req.RequestId = newUUID()
	}
	for {
		attempt, cancel := context.WithTimeout(ctx, createTimeout)
		resp, err := c.CreateEnhancedConnection(attempt, req)
		cancel()
		if err == nil || !repeatable(err) {
			return resp, err
		}
		wait, told := RetryAfter(err)
		if !told {
			wait = time.Second
		}
		if !sleep(ctx, wait) {
			return nil, fmt.Errorf("creating connection %q: %w", req.GetName(), err)
		}
	}
}

// repeatable reports whether a create with a request ID may succeed if it is repeated. With
// an ID that connsvc could not store, a repeat would be another create.
func repeatable(err error) bool {
	if info, _ := detail[*errdetails.ErrorInfo](err); info.GetMetadata()["request_id_stored"] == "false" {
		return false
	}
	_, told := RetryAfter(err)
	code := status.Code(err)
	return told || code == codes.Unavailable || code == codes.DeadlineExceeded ||
		Reason(err) == connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN
}

// All yields the connections of a list, page by page. It ends after an error.
func (c *Client) All(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) iter.Seq2[*connsvcv1.EnhancedConnection, error] {
	return func(yield func(*connsvcv1.EnhancedConnection, error) bool) {
		page := proto.CloneOf(req)
		for {
			resp, err := c.ListEnhancedConnections(ctx, page)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, connection := range resp.GetConnections() {
				if !yield(connection, nil) {
					return
				}
			}
			if page.PageToken = resp.GetNextPageToken(); page.GetPageToken() == "" {
				return
			}
			page.Offset = 0
		}
	}
}

// WaitActive returns the connection once its queues and pools can use it: all peerings are
// ACTIVE. A FAILED one is ErrPeeringFailed.
func (c *Client) WaitActive(ctx context.Context, projectID, connectionID string) (*connsvcv1.EnhancedConnection, error) {
	for {
		connection, err := c.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{
			ProjectId: projectID, ConnectionId: connectionID,
		})
		if err != nil {
			return nil, err
		}
		waiting := false
		for _, p := range slices.Concat(connection.GetAvailableQueueInfo(), connection.GetElasticResourcePools()) {
			if p.GetStatus() == connsvcv1.Peering_FAILED {
				return connection, fmt.Errorf("%w: %s: %s", ErrPeeringFailed, p.GetName(), p.GetErrMsg())
			}
			waiting = waiting || p.GetStatus() != connsvcv1.Peering_ACTIVE
		}
		if !waiting {
			return connection, nil
		}
		if !sleep(ctx, pollInterval) {
			return connection, fmt.Errorf("waiting for connection %s: %w", connectionID, ctx.Err())
		}
	}
}

// sleep returns false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// newUUID returns a random UUID.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails on supported platforms
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
