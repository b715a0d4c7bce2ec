package create_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

// createBlind creates as a caller who may see none of the connections.
func createBlind(t *testing.T, d *cloud, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ctx = call.NewContext(ctx, &call.Call{Visible: func(*connsvcv1.EnhancedConnection) bool { return false }})
	return d.replica().create(ctx, req)
}

// wantHidden fails the test unless err has the reason, and says nothing of a connection.
func wantHidden(t *testing.T, err error, want connsvcv1.ErrorReason, id string) {
	t.Helper()
	e := wantReason(t, "hidden", err, want)
	if text := fmt.Sprint(e.Message, e.Metadata, e.Resource); strings.Contains(text, id) || len(e.Metadata) > 0 {
		t.Errorf("the error describes the connection: %s", text)
	}
}

// TestHiddenConnections: what a caller may not get is neither described nor returned, but
// proves all the same what it proves.
func TestHiddenConnections(t *testing.T) {
	inBubble(t, "has the name", func(t *testing.T) {
		for _, req := range []*connsvcv1.CreateEnhancedConnectionRequest{createRequest(), withRequestID()} {
			d := &cloud{}
			id := d.has(t, createRequest(), time.Hour)
			_, err := createBlind(t, d, req)
			wantHidden(t, err, connsvcv1.ErrorReason_NAME_TAKEN, id)
		}
	})
	inBubble(t, "has the request_id", func(t *testing.T) {
		d := &cloud{}
		alices, err := createIn(t, d.replica(), time.Minute, withRequestID())
		if err != nil {
			t.Fatal(err)
		}
		other := withRequestID()
		other.DestVpcId = networkID
		for _, req := range []*connsvcv1.CreateEnhancedConnectionRequest{withRequestID(), other} {
			_, err = createBlind(t, d, req)
			wantHidden(t, err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, alices.GetConnectionId())
		}
	})
	inBubble(t, "the response is lost", func(t *testing.T) {
		for _, req := range []*connsvcv1.CreateEnhancedConnectionRequest{createRequest(), withRequestID()} {
			d := &cloud{post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true})}
			_, err := createBlind(t, d, req)
			wantHidden(t, err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, d.existing()[0])
		}
	})
	// Another caller's connection with the same request_id, made during the POST: neither is
	// deleted for the other.
	inBubble(t, "a rival", func(t *testing.T) {
		d := &cloud{duplicates: true}
		var alices string
		d.post = func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
			var err error
			if alices, err = commit(); err != nil {
				return "", err
			}
			time.Sleep(time.Second)
			return commit()
		}
		resp, err := createBlind(t, d, withRequestID())
		if err != nil || resp.GetConnectionId() == alices || strings.Contains(resp.GetWarning(), alices) || resp.GetWarning() == "" {
			t.Errorf("got %v, %v", resp, err)
		}
		if all := d.existing(); len(all) != 2 || !slices.Contains(all, resp.GetConnectionId()) {
			t.Errorf("exist %v", all)
		}
	})
	// The oldest is the caller's own, a younger one is not.
	inBubble(t, "a younger one", func(t *testing.T) {
		d := &cloud{duplicates: true}
		own, err := createIn(t, d.replica(), time.Minute, withRequestID())
		if err != nil {
			t.Fatal(err)
		}
		younger := d.has(t, d.posts[0], 0)
		ctx := call.NewContext(t.Context(), &call.Call{Visible: func(c *connsvcv1.EnhancedConnection) bool { return c.GetId() != younger }})
		resp, err := d.replica().create(ctx, withRequestID())
		if err != nil || resp.GetConnectionId() != own.GetConnectionId() || strings.Contains(resp.GetWarning(), younger) || resp.GetWarning() == "" {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}
