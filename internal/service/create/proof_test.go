package create_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// staleLists is a DLI whose lists by name still show a connection that was deleted.
type staleLists struct {
	*cloud
	deleted *connsvcv1.EnhancedConnection
	until   time.Time
	tags    bool // lists by tags show it, too
	began   int  // the first list that shows it
}

// deleteStale makes a connection of an hour's age and deletes it; lists show it on.
func deleteStale(t *testing.T, dli *cloud, on time.Duration) *staleLists {
	t.Helper()
	id := dli.has(t, createRequest(), time.Hour)
	s := &staleLists{cloud: dli, deleted: proto.CloneOf(dli.connections[0].connection), until: time.Now().Add(on)}
	if err := dli.delete(id); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *staleLists) Call(ctx context.Context, method string, req, resp proto.Message) error {
	err := s.cloud.Call(ctx, method, req, resp)
	if r, ok := req.(*connsvcv1.ListEnhancedConnectionsRequest); ok && err == nil && (s.tags || len(r.GetTags()) == 0) && s.lists >= s.began && time.Now().Before(s.until) {
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

// TestErrorDescribesTheProvenHolder: an early list shows, too, a connection as requested
// that was deleted.
func TestErrorDescribesTheProvenHolder(t *testing.T) {
	inBubble(t, "taken", func(t *testing.T) {
		dli := &cloud{}
		other := createRequest()
		other.Hosts = nil
		id := dli.has(t, other, time.Hour)
		stale := &staleLists{cloud: dli, deleted: connectionOf(createRequest(), connectionID), until: time.Now().Add(50 * time.Millisecond)}
		_, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
		e := wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
		if e.Metadata["existing_connection_id"] != id || e.Metadata["differs"] != "hosts" {
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
		dli := &cloud{unique: proto.Bool(true), post: failWith(lost)}
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

// TestReplayOfWhatWasDeleted: lists still show a connection with the request_id that was
// deleted.
func TestReplayOfWhatWasDeleted(t *testing.T) {
	first := func(t *testing.T, dli *cloud, age time.Duration) *staleLists {
		t.Helper()
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(age)
		s := &staleLists{cloud: dli, deleted: proto.CloneOf(dli.connections[0].connection), tags: true, until: time.Now().Add(time.Hour)}
		if err := dli.delete(resp.GetConnectionId()); err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, age := range []time.Duration{0, time.Hour} {
		for _, unique := range []bool{false, true} {
			inBubble(t, fmt.Sprintf("%v, unique %v", age, unique), func(t *testing.T) {
				dli := &cloud{policy: &configv1.Idempotency{UniqueNames: unique}}
				stale := first(t, dli, age)
				resp, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
				left := dli.existing()
				if err != nil || len(left) != 1 || resp.GetConnectionId() != left[0] || resp.Reconciled != nil {
					t.Errorf("got %v, %v; there is %v", resp, err, left)
				}
			})
		}
	}
	inBubble(t, "no GET responds", func(t *testing.T) {
		dli := &cloud{}
		stale := first(t, dli, time.Hour)
		dli.get = func(int) error { return answered(503, "", "") }
		_, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
		wantUnknown(t, err, stale.deleted.GetId())
		if len(dli.posts) != 1 {
			t.Errorf("%d POSTs", len(dli.posts))
		}
	})
	inBubble(t, "the response of the next POST is lost", func(t *testing.T) {
		dli := &cloud{}
		stale := first(t, dli, time.Hour)
		dli.post = failWith(lost)
		stale.began = dli.lists + 2 // not the list before the POST
		_, err := createIn(t, dli.replicaOver(stale), time.Minute, withRequestID())
		wantUnknown(t, err, "")
	})
	inBubble(t, "a GET does not show what is new", func(t *testing.T) {
		dli := &cloud{duplicates: true}
		if _, err := createIn(t, dli.replica(), time.Minute, withRequestID()); err != nil {
			t.Fatal(err)
		}
		missing := answered(400, "DLI.0001", "Connection "+dli.existing()[0]+" does not exist.")
		dli.get = func(n int) error {
			if n < 4 {
				return missing
			}
			return nil
		}
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "")
		if len(dli.posts) != 1 {
			t.Errorf("%d POSTs", len(dli.posts))
		}
	})
}

// untaggedLists is a DLI whose lists by tags fail after the first.
type untaggedLists struct {
	*cloud
	tagged int
}

func (d *untaggedLists) Call(ctx context.Context, method string, req, resp proto.Message) error {
	if r, ok := req.(*connsvcv1.ListEnhancedConnectionsRequest); ok && len(r.GetTags()) > 0 {
		if d.tagged++; d.tagged > 1 {
			return answered(503, "", "")
		}
	}
	return d.cloud.Call(ctx, method, req, resp)
}

// TestHolderThatNoListByNameShows: lists by name do not show the connection for which DLI
// rejected the POST.
func TestHolderThatNoListByNameShows(t *testing.T) {
	inBubble(t, "nor does any other: lists are later than list_lag", func(t *testing.T) {
		dli := &cloud{lag: time.Hour, post: hang}
		leave(t, dli, withRequestID())
		_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantUnknown(t, err, "")
	})
	inBubble(t, "lists by tags fail", func(t *testing.T) {
		dli := &cloud{}
		id := dli.has(t, createRequest(), time.Hour)
		_, err := createIn(t, dli.replicaOver(&untaggedLists{cloud: dli}), time.Minute, withRequestID())
		wantUnknown(t, err, id)
	})
	for name, req := range map[string]*connsvcv1.CreateEnhancedConnectionRequest{"with": withRequestID(), "without": createRequest()} {
		inBubble(t, "another's, whose name is in another case, "+name+" request_id", func(t *testing.T) {
			dli := &cloud{post: failWith(answered(400, "DLI.0006", "The object exists."))}
			other := createRequest()
			other.Name = "C1"
			id := dli.has(t, other, 0)
			_, err := createIn(t, dli.replica(), time.Minute, req)
			e := wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
			if e.Metadata["existing_connection_id"] != id || e.Metadata["differs"] != "name" {
				t.Errorf("metadata %v", e.Metadata)
			}
		})
	}
	inBubble(t, "its own", func(t *testing.T) {
		dli := &cloud{nameLag: time.Hour, tagLag: 4 * time.Second, post: hang}
		leave(t, dli, withRequestID())
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "")
	})
	inBubble(t, "its own, response lost", func(t *testing.T) {
		dli := &cloud{nameLag: time.Hour, post: commitThenFail(lost)}
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "")
	})
}

// TestConnectionWithoutATimeProvesNothing: it may be new.
func TestConnectionWithoutATimeProvesNothing(t *testing.T) {
	inBubble(t, "its own has the name", func(t *testing.T) {
		dli := &cloud{tagLag: 4 * time.Second, post: hang}
		leave(t, dli, withRequestID())
		dli.connections[0].connection.CreateTime = nil
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "")
	})
	inBubble(t, "another's has the name", func(t *testing.T) {
		dli := &cloud{}
		id := dli.has(t, createRequest(), time.Hour)
		dli.connections[0].connection.CreateTime = nil
		_, err := createIn(t, dli.replica(), 4*time.Second, withRequestID())
		wantUnknown(t, err, id)
		_, err = createIn(t, dli.replica(), time.Minute, withRequestID())
		wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
	})
	inBubble(t, "another's, response lost", func(t *testing.T) {
		dli := &cloud{post: failWith(lost)}
		id := dli.has(t, createRequest(), time.Hour)
		dli.connections[0].connection.CreateTime = nil
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantUnknown(t, err, id)
	})
	for name, times := range map[string][2]bool{"own": {true, false}, "the rival": {false, true}, "neither": {false, false}} {
		inBubble(t, "a rival, and a time has not "+name, func(t *testing.T) {
			dli := &cloud{duplicates: true}
			dli.post = func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
				dli.has(t, dli.posts[0], time.Minute)
				id, err := commit()
				for i, has := range times {
					if !has {
						dli.connections[i].connection.CreateTime = nil
					}
				}
				return id, err
			}
			resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			both := dli.existing()
			if len(both) != 2 {
				t.Fatalf("there is %v", both)
			}
			wantSuccess(t, resp, err, both[1], both[0])
		})
	}
}

// TestRivalWindowOfAReplay: names twice; an older rival of the connection that a replay
// finds shows late.
func TestRivalWindowOfAReplay(t *testing.T) {
	for name, c := range map[string]struct {
		window, deadline time.Duration
		hidesDate        bool
		oldest           bool
		warning          string
	}{
		"by default":          {0, time.Minute, false, false, ""},
		"with a window":       {2 * time.Second, time.Minute, false, true, "younger"},
		"by this clock alone": {2 * time.Second, time.Minute, true, true, "younger"},
		"no time":             {2 * time.Second, 900 * time.Millisecond, false, false, "could not be checked"},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{duplicates: true, hidesDate: c.hidesDate, policy: &configv1.Idempotency{RivalWindow: durationpb.New(c.window)}}
			olderRival(t, dli, time.Second)
			ctx, cancel := context.WithCancel(t.Context())
			startWaiter(ctx, dli.replica(), withRequestID())
			time.Sleep(2 * time.Millisecond)
			cancel() // it made its own, and has not looked for a rival
			dli.connections[0].lag = time.Second + 2*time.Millisecond
			resp, err := createIn(t, dli.replica(), c.deadline, withRequestID())
			both := dli.existing()
			if len(both) != 2 || len(dli.posts) != 1 {
				t.Fatalf("there is %v after %d POSTs", both, len(dli.posts))
			}
			if want := both[1]; c.oldest {
				wantSuccess(t, resp, err, both[0], c.warning)
			} else {
				wantSuccess(t, resp, err, want, c.warning)
			}
		})
	}
}
