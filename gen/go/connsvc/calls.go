package connsvc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
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

// WaitActive returns the connection, without its hosts, once its queues and pools can use
// it: no peering is CREATING. A FAILED one is ErrPeeringFailed, and a connection that does not
// exist any more NOT_FOUND. It waits until ctx ends, and goes on at another replica when one
// stops.
func (c *Client) WaitActive(ctx context.Context, projectID, connectionID string) (*connsvcv1.EnhancedConnection, error) {
	req := &connsvcv1.WaitEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: connectionID}
	for {
		resp, err := c.WaitEnhancedConnection(ctx, req)
		wait, told := RetryAfter(err)
		switch {
		case err != nil && told:
			if !sleep(ctx, wait) {
				return nil, fmt.Errorf("waiting for connection %s: %w", connectionID, err)
			}
			continue
		case err != nil:
			return nil, err
		}
		switch resp.GetReached() {
		case connsvcv1.WaitEnhancedConnectionResponse_READY:
			return resp.GetConnection(), nil
		case connsvcv1.WaitEnhancedConnectionResponse_FAILED:
			return resp.GetConnection(), fmt.Errorf("%w: %s", ErrPeeringFailed, describe(resp.GetFailures()))
		case connsvcv1.WaitEnhancedConnectionResponse_GONE:
			return nil, status.Errorf(codes.NotFound, "connection %s does not exist any more", connectionID)
		}
		// TIMEOUT: the deadline of ctx is near, or connsvc waits no longer.
		if !sleep(ctx, time.Second) {
			return resp.GetConnection(), fmt.Errorf("waiting for connection %s: %w", connectionID, ctx.Err())
		}
	}
}

func describe(failures []*connsvcv1.PeeringFailure) string {
	all := make([]string, len(failures))
	for i, f := range failures {
		all[i] = f.GetName() + ": " + f.GetErrMsg()
	}
	return strings.Join(all, "; ")
}

// Watch yields the events of a watch. It watches again from where the watch was broken off,
// when connsvc says RECONNECT or the network fails, until ctx ends: that error is the last it
// yields, or one that another watch would have, too. Before SYNCED an ADDED may come again.
func (c *Client) Watch(ctx context.Context, req *connsvcv1.WatchEnhancedConnectionsRequest) iter.Seq2[*connsvcv1.WatchEnhancedConnectionsResponse, error] {
	return func(yield func(*connsvcv1.WatchEnhancedConnectionsResponse, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		next := proto.CloneOf(req)
		for {
			wait := time.Second
			stream, err := c.WatchEnhancedConnections(ctx, next)
			for err == nil {
				var event *connsvcv1.WatchEnhancedConnectionsResponse
				if event, err = stream.Recv(); err != nil {
					break
				}
				if token := event.GetResumeToken(); token != "" {
					next.ResumeToken = token
				}
				if !yield(event, nil) {
					return
				}
				wait = 0
			}
			after, told := RetryAfter(err)
			switch {
			case errors.Is(err, io.EOF):
			case told:
				wait = after
			case status.Code(err) == codes.Unavailable:
				wait = time.Second
			default:
				yield(nil, err)
				return
			}
			if !sleep(ctx, wait) {
				yield(nil, ctx.Err())
				return
			}
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
