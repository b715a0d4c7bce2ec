package create_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// staleLists is a DLI whose lists by name still show a connection that was deleted.
type staleLists struct {
	*cloud
	deleted *connsvcv1.EnhancedConnection
	until   time.Time
}

// deleteStale makes a connection of an hour's age and deletes it; lists show it on.
func deleteStale(t *testing.T, dli *cloud, on time.Duration) *staleLists {
	t.Helper()
	id := dli.has(t, createRequest(), time.Hour)
	s := &staleLists{dli, proto.CloneOf(dli.connections[0].connection), time.Now().Add(on)}
	if err := dli.delete(id); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *staleLists) Call(ctx context.Context, method string, req, resp proto.Message) error {
	err := s.cloud.Call(ctx, method, req, resp)
	if r, ok := req.(*connsvcv1.ListEnhancedConnectionsRequest); ok && err == nil && len(r.GetTags()) == 0 && time.Now().Before(s.until) {
		list := resp.(*connsvcv1.ListEnhancedConnectionsResponse)
		list.Connections = append(list.Connections, proto.CloneOf(s.deleted))
	}
	return err
}

// TestDeletedConnectionInAListIsNoHolder: a list shows an old connection of the name that
// was deleted, and not yet the one that has the name.
func TestDeletedConnectionInAListIsNoHolder(t *testing.T) {
	inBubble(t, "its own shows later", func(t *testing.T) {
		dli := &cloud{lag: 2 * time.Second, post: hang}
		stale := deleteStale(t, dli, time.Second)
		leave(t, dli, withRequestID())
		resp, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "")
	})
	inBubble(t, "its own shows beside it", func(t *testing.T) {
		dli := &cloud{lag: 2 * time.Second, tagLag: 4 * time.Second, post: hang}
		stale := deleteStale(t, dli, time.Hour)
		leave(t, dli, withRequestID())
		resp, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "")
	})
	inBubble(t, "its own never shows", func(t *testing.T) {
		dli := &cloud{lag: time.Hour, post: hang}
		stale := deleteStale(t, dli, time.Hour)
		leave(t, dli, withRequestID())
		_, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
		wantUnknown(t, err, "")
	})
	inBubble(t, "another's has the name", func(t *testing.T) {
		dli := &cloud{}
		stale := deleteStale(t, dli, time.Hour)
		id := dli.has(t, createRequest(), time.Minute)
		_, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
		e := wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
		if e.Metadata["existing_connection_id"] != id {
			t.Errorf("metadata %v, want the ID %s", e.Metadata, id)
		}
	})
}

// TestHolderThatNoGetShowsProvesNothing: whether what a list shows exists is not known.
func TestHolderThatNoGetShowsProvesNothing(t *testing.T) {
	inBubble(t, "GETs fail", func(t *testing.T) {
		dli := &cloud{get: func(int) error { return answered(503, "", "") }}
		id := dli.has(t, createRequest(), time.Hour)
		_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantUnknown(t, err, id)
	})
	inBubble(t, "the first GET fails", func(t *testing.T) {
		dli := &cloud{get: func(n int) error {
			if n == 1 {
				return answered(503, "", "")
			}
			return nil
		}}
		dli.has(t, createRequest(), time.Hour)
		_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
	})
}

const mayBeAnothers = "another caller may have made it"

// TestLikeConnectionMadeAfterThePOSTIsNotAdopted: DLI does not execute the POST, and
// another caller makes a like connection later. Within the slack it is adopted, with a
// warning.
func TestLikeConnectionMadeAfterThePOSTIsNotAdopted(t *testing.T) {
	for _, c := range []struct {
		later     time.Duration
		hidesDate bool
		adopted   bool
	}{
		{200 * time.Millisecond, false, true},
		{3 * time.Second, false, false},
		{7 * time.Second, false, false},
		{3 * time.Second, true, true},
		{7 * time.Second, true, false},
	} {
		for _, unique := range []bool{false, true} {
			inBubble(t, fmt.Sprintf("%v later, no Date %v, unique %v", c.later, c.hidesDate, unique), func(t *testing.T) {
				dli := &cloud{hidesDate: c.hidesDate, post: failWith(answered(503, "", "")), policy: &configv1.Idempotency{UniqueNames: unique}}
				time.AfterFunc(c.later, func() { _, _ = dli.add(createRequest()) })
				resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
				if id := dli.existing()[0]; c.adopted {
					wantSuccess(t, resp, err, id, mayBeAnothers)
				} else {
					wantUnknown(t, err, id)
				}
			})
		}
	}
}

// TestLikeConnectionMadeJustBeforeThePOSTIsAdoptedWithAWarning: DLI rejects the POST for
// the name of another's connection, and that response is lost.
func TestLikeConnectionMadeJustBeforeThePOSTIsAdoptedWithAWarning(t *testing.T) {
	inBubble(t, "half a second", func(t *testing.T) {
		dli := &cloud{unique: true, post: failWith(lost)}
		id := dli.has(t, createRequest(), 500*time.Millisecond)
		resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantSuccess(t, resp, err, id, mayBeAnothers)
	})
}

// TestOneOfTwoOwnersIsWarned: DLI does not execute the POST of the first of two callers
// that ask for the same.
func TestOneOfTwoOwnersIsWarned(t *testing.T) {
	inBubble(t, "two replicas", func(t *testing.T) {
		dli := &cloud{post: func(_ context.Context, n int, commit func() (string, error)) (string, error) {
			if n == 1 {
				return "", answered(503, "", "")
			}
			return commit()
		}}
		first := startFor(t, dli.replica(), time.Minute, createRequest())
		time.Sleep(50 * time.Millisecond)
		second := startFor(t, dli.replica(), time.Minute, createRequest())
		after(time.Minute)
		wantSuccess(t, first.resp, first.err, dli.existing()[0], mayBeAnothers)
		wantSuccess(t, second.resp, second.err, dli.existing()[0], "")
	})
}
