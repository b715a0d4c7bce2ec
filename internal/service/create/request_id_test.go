package create_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

const requestID = "7f1b8a52-5d3c-4f0e-9a0b-2f6f3c1d9e4a"

func withRequestID() *connsvcv1.CreateEnhancedConnectionRequest {
	req := createRequest()
	req.RequestId = requestID
	return req
}

func tags(n int) []*connsvcv1.Tag {
	var all []*connsvcv1.Tag
	for i := range n {
		all = append(all, &connsvcv1.Tag{Key: fmt.Sprintf("k%d", i), Value: proto.String("v")})
	}
	return all
}

func TestRequestIDIsStoredInTags(t *testing.T) {
	const tag, hash, version = "connsvc.request_id=" + requestID, "connsvc.request_id.hash=", "connsvc.request_id.v=1"
	for name, c := range map[string]struct {
		id      string
		tags    int
		policy  *configv1.Idempotency
		want    []string // beginnings of the tags beyond the caller's
		warning bool
	}{
		"none":             {"", 2, nil, nil, false},
		"some":             {requestID, 2, nil, []string{tag, hash, version}, false},
		"in capitals":      {strings.ToUpper(requestID), 0, nil, []string{tag, hash, version}, false},
		"17 tags":          {requestID, 17, nil, []string{tag, hash, version}, false},
		"18 tags":          {requestID, 18, nil, []string{tag, hash}, false},
		"19 tags":          {requestID, 19, nil, []string{tag}, false},
		"20 tags":          {requestID, 20, nil, nil, true},
		"20 tags, no ID":   {"", 20, nil, nil, false},
		"another key":      {requestID, 0, &configv1.Idempotency{TagKey: "rid"}, []string{"rid=" + requestID, "rid.hash=", "rid.v=1"}, false},
		"switched off":     {requestID, 1, &configv1.Idempotency{DisableTag: true}, nil, true},
		"off and not used": {"", 1, &configv1.Idempotency{DisableTag: true}, nil, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{policy: c.policy}
			req := createRequest()
			req.RequestId, req.Tags, req.RoutetableId = c.id, tags(c.tags), networkID
			asked := proto.CloneOf(req)
			resp, err := createIn(t, dli.replica(), time.Minute, req)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(asked, req, protocmp.Transform()); d != "" {
				t.Errorf("the caller's request was changed (-want +got)\n%s", d)
			}
			sent := dli.posts[0]
			added := sent.GetTags()[c.tags:]
			if len(added) != len(c.want) || (resp.Warning != nil) != c.warning || resp.Reconciled != nil {
				t.Errorf("added tags %v, want %v; response %v", added, c.want, resp)
			}
			for i, a := range added {
				if text := a.GetKey() + "=" + a.GetValue(); !strings.HasPrefix(text, c.want[i]) || strings.HasSuffix(text, "=") {
					t.Errorf("added tag %s, want %s", text, c.want[i])
				}
			}
			// Nothing else of the request is lost or added.
			sent.Tags, asked.RequestId = sent.Tags[:c.tags], ""
			if d := cmp.Diff(asked, sent, protocmp.Transform()); d != "" {
				t.Errorf("what DLI was sent (-want +got)\n%s", d)
			}
		})
	}
}

// TestTheTagOfRequestIDIsReserved: with or without a request_id, for a caller that
// writes the tag himself could have another's create answered with his connection.
func TestTheTagOfRequestIDIsReserved(t *testing.T) {
	for name, c := range map[string]struct {
		policy *configv1.Idempotency
		id     string
		key    string
		want   bool // refused
	}{
		"with a request_id":      {nil, requestID, "connsvc.request_id", true},
		"without":                {nil, "", "connsvc.request_id", true},
		"in capitals":            {nil, "", "Connsvc.Request_ID", true},
		"that of the hash":       {nil, "", "connsvc.request_id.hash", true},
		"that of the version":    {nil, "", "connsvc.request_id.v", true},
		"another key":            {&configv1.Idempotency{TagKey: "rid"}, "", "rid", true},
		"the default of another": {&configv1.Idempotency{TagKey: "rid"}, "", "connsvc.request_id", false},
		"switched off":           {&configv1.Idempotency{DisableTag: true}, requestID, "connsvc.request_id", false},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{policy: c.policy}
			req := createRequest()
			req.RequestId = c.id
			req.Tags = append(tags(2), &connsvcv1.Tag{Key: c.key, Value: proto.String("x")})
			_, err := createIn(t, dli.replica(), time.Minute, req)
			if !c.want {
				if err != nil || len(dli.posts) != 1 {
					t.Errorf("error %v, %d POSTs", err, len(dli.posts))
				}
				return
			}
			e := wantReason(t, "reserved", err, connsvcv1.ErrorReason_VALIDATION_FAILED)
			if len(e.Violations) != 1 || e.Violations[0].Field != "tags[2].key" || len(dli.posts) != 0 {
				t.Errorf("violations %v, %d POSTs", e.Violations, len(dli.posts))
			}
		})
	}
}

func TestRetryFindsWhatItMade(t *testing.T) {
	for _, duplicates := range []bool{false, true} {
		inBubble(t, fmt.Sprintf("duplicates %v", duplicates), func(t *testing.T) {
			dli := &cloud{duplicates: duplicates}
			first, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			if err != nil {
				t.Fatal(err)
			}
			retry := withRequestID()
			slices.Reverse(retry.Hosts)
			retry.RequestId = strings.ToUpper(retry.RequestId)
			// Another replica, much later.
			time.Sleep(time.Hour)
			again, err := createIn(t, dli.replica(), time.Minute, retry)
			if err != nil || again.GetConnectionId() != first.GetConnectionId() || !again.GetReconciled() {
				t.Errorf("got %v, %v", again, err)
			}
			retry.Hosts = retry.Hosts[:1]
			_, err = createIn(t, dli.replica(), time.Minute, retry)
			e := wantReason(t, "other content", err, connsvcv1.ErrorReason_NAME_TAKEN)
			want := map[string]string{"existing_connection_id": first.GetConnectionId(), "same_spec": "false", "differs": "hosts"}
			if d := cmp.Diff(want, e.Metadata); d != "" || !strings.Contains(e.Message, "request_id") {
				t.Errorf("%q, metadata (-want +got)\n%s", e.Message, d)
			}
			if len(dli.posts) != 1 || len(dli.existing()) != 1 {
				t.Errorf("%d POSTs, connections %v", len(dli.posts), dli.existing())
			}
			if d := cmp.Diff(counted("replayed", "differs"), dli.outcomes()); d != "" {
				t.Errorf("outcomes (-want +got)\n%s", d)
			}
		})
	}
}

func TestAnothersNameIsTakenWithRequestID(t *testing.T) {
	inBubble(t, "taken", func(t *testing.T) {
		dli := &cloud{}
		start := time.Now()
		id := dli.has(t, createRequest(), time.Hour)
		_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		e := wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
		if e.Metadata["existing_connection_id"] != id || e.Metadata["same_spec"] != "true" || time.Since(start) != 0 {
			t.Errorf("metadata %v after %v", e.Metadata, time.Since(start))
		}
	})
}

func TestCommitWithoutAnswerIsAdoptedByItsTag(t *testing.T) {
	for name, err := range unknownOutcomes() {
		inBubble(t, name, func(t *testing.T) {
			// By its tag alone: the clock says nothing.
			dli := &cloud{post: commitThenFail(err), ahead: -time.Hour, lag: 2 * time.Second}
			resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			if err != nil || !resp.GetReconciled() || resp.GetConnectionId() != dli.existing()[0] || len(dli.posts) != 1 {
				t.Errorf("got %v, %v after %d POSTs", resp, err, len(dli.posts))
			}
		})
		inBubble(t, name+", and of another", func(t *testing.T) {
			dli := &cloud{post: failWith(err), duplicates: true}
			dli.has(t, createRequest(), -time.Second) // young and as asked for, but without the tag
			_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			wantReason(t, "another's", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		})
	}
}

func TestNothingIsSentWhereTheRequestIDCannotBeLookedFor(t *testing.T) {
	inBubble(t, "list fails", func(t *testing.T) {
		dli := &cloud{list: func(int) error { return answered(503, "", "") }}
		_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantReason(t, "list fails", err, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE)
		if len(dli.posts) != 0 {
			t.Errorf("%d POSTs", len(dli.posts))
		}
	})
}

// TestTakenNameThatCannotBeJudged: it may be that of an earlier call with the same
// request_id, so the error does not say that it is another's.
func TestTakenNameThatCannotBeJudged(t *testing.T) {
	inBubble(t, "list fails", func(t *testing.T) {
		dli := &cloud{list: func(n int) error {
			if n == 1 {
				return nil
			}
			return answered(503, "", "")
		}}
		dli.has(t, createRequest(), time.Hour)
		_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantReason(t, "list fails", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
	})
}

// race has replicas create at the same moment, and returns the IDs that they got.
func race(t *testing.T, replicas int, dli *cloud, req func(n int) *connsvcv1.CreateEnhancedConnectionRequest) ([]string, []error) {
	t.Helper()
	ids, errs := make([]string, replicas), make([]error, replicas)
	var all sync.WaitGroup
	for n := range replicas {
		r := dli.replica()
		all.Go(func() {
			resp, err := createIn(t, r, time.Minute, req(n))
			ids[n], errs[n] = resp.GetConnectionId(), err
		})
	}
	all.Wait()
	return ids, errs
}

func TestReplicasRace(t *testing.T) {
	for name, dli := range map[string]*cloud{
		"names are unique":                {},
		"names are unique, lists lag":     {lag: time.Second},
		"names may be taken twice":        {duplicates: true},
		"twice, lists lag":                {duplicates: true, lag: time.Second},
		"twice, peerings are created yet": {duplicates: true, creating: 4 * time.Second},
		"twice, in the same millisecond": {duplicates: true, post: func(ctx context.Context, n int, commit func() (string, error)) (string, error) {
			if err := wait(ctx, time.Duration(n*900+100)*time.Microsecond); err != nil {
				return "", err
			}
			return commit()
		}},
		"unique, the first answer is lost": {post: func(_ context.Context, n int, commit func() (string, error)) (string, error) {
			id, err := commit()
			if n == 1 {
				return "", &upstream.Error{Kind: upstream.Broken, Sent: true}
			}
			return id, err
		}},
	} {
		inBubble(t, name, func(t *testing.T) {
			if dli.post == nil {
				dli.latency = time.Millisecond
			}
			ids, errs := race(t, 2, dli, func(int) *connsvcv1.CreateEnhancedConnectionRequest { return withRequestID() })
			if errs[0] != nil || errs[1] != nil {
				t.Fatalf("errors %v", errs)
			}
			left := dli.existing()
			if len(left) != 1 || ids[0] != left[0] || ids[1] != left[0] {
				t.Errorf("callers got %v, there is %v", ids, left)
			}
		})
	}
}

// TestReplicaWhoseAnswerIsLostDeletesNothing: it cannot know which of the two it
// made. Both callers have the same connection, and one gets a warning with the other.
func TestReplicaWhoseAnswerIsLostDeletesNothing(t *testing.T) {
	for first := range 2 {
		inBubble(t, fmt.Sprintf("POST %d", first+1), func(t *testing.T) {
			dli := &cloud{duplicates: true, latency: time.Millisecond}
			dli.post = func(ctx context.Context, n int, commit func() (string, error)) (string, error) {
				if err := wait(ctx, time.Duration(n)*5*time.Millisecond); err != nil {
					return "", err
				}
				id, err := commit()
				if n == first+1 {
					return "", &upstream.Error{Kind: upstream.Broken, Sent: true}
				}
				return id, err
			}
			ids, errs := race(t, 2, dli, func(int) *connsvcv1.CreateEnhancedConnectionRequest { return withRequestID() })
			if errs[0] != nil || errs[1] != nil || ids[0] != ids[1] {
				t.Fatalf("callers got %v, %v", ids, errs)
			}
			left := dli.existing()
			if left[0] != ids[0] || len(left) == 2 && dli.outcomes()["left_behind"] == 0 {
				t.Errorf("callers got %v, there is %v, outcomes %v", ids, left, dli.outcomes())
			}
		})
	}
}

func TestReplicasRaceWithOtherContent(t *testing.T) {
	for _, duplicates := range []bool{false, true} {
		inBubble(t, fmt.Sprintf("duplicates %v", duplicates), func(t *testing.T) {
			dli := &cloud{duplicates: duplicates, latency: time.Millisecond}
			ids, errs := race(t, 2, dli, func(n int) *connsvcv1.CreateEnhancedConnectionRequest {
				req := withRequestID()
				req.Hosts = req.Hosts[:n]
				return req
			})
			left := dli.existing()
			if (errs[0] == nil) == (errs[1] == nil) || len(left) != 1 || ids[0]+ids[1] != left[0] {
				t.Fatalf("callers got %v, %v, there is %v", ids, errs, left)
			}
			for _, err := range errs {
				if err != nil {
					e := wantReason(t, "the loser", err, connsvcv1.ErrorReason_NAME_TAKEN)
					if e.Metadata["differs"] != "hosts" || e.Metadata["existing_connection_id"] != left[0] {
						t.Errorf("metadata %v", e.Metadata)
					}
				}
			}
		})
	}
}

func TestLoserThatCannotBeDeletedIsTold(t *testing.T) {
	inBubble(t, "hour", func(t *testing.T) {
		dli := &cloud{duplicates: true, latency: time.Millisecond, creating: time.Hour}
		warnings := 0
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 2 {
			all.Go(func() {
				resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				for _, id := range dli.existing() {
					if id != resp.GetConnectionId() && strings.Contains(resp.GetWarning(), id) {
						warnings++
					}
				}
			})
		}
		all.Wait()
		if warnings != 2 || dli.outcomes()["left_behind"] == 0 {
			t.Errorf("%d warnings, outcomes %v", warnings, dli.outcomes())
		}
	})
}

func TestLoserThatIsGoneAlreadyIsNotTold(t *testing.T) {
	inBubble(t, "gone", func(t *testing.T) {
		dli := &cloud{duplicates: true, latency: time.Millisecond, remove: func(int) error {
			return answered(400, "DLI.0001", "Connection "+connectionID+" does not exist.")
		}}
		start := time.Now()
		_, errs := race(t, 2, dli, func(int) *connsvcv1.CreateEnhancedConnectionRequest { return withRequestID() })
		if errs[0] != nil || errs[1] != nil || dli.outcomes()["left_behind"] > 0 || time.Since(start) > time.Second {
			t.Errorf("errors %v, outcomes %v after %v", errs, dli.outcomes(), time.Since(start))
		}
	})
}

// TestNeitherDeletesWhatItCannotCompare: a list that shows the other's connection
// alone says nothing of which one stays.
func TestNeitherDeletesWhatItCannotCompare(t *testing.T) {
	for name, c := range map[string]struct {
		lag  time.Duration
		get  func(int) error
		gets int
	}{
		"own shows later":         {time.Second, nil, 0},
		"own never shows":         {time.Hour, nil, 1},
		"own age is not to have":  {time.Hour, func(int) error { return answered(503, "", "") }, 1},
		"own shows, no get works": {time.Second, func(int) error { return answered(503, "", "") }, 0},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{duplicates: true, lag: c.lag, get: c.get}
			younger := ""
			dli.post = func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
				id, err := commit()
				// Another replica's, younger, and shown at once.
				younger = dli.has(t, dli.posts[0], -time.Millisecond)
				dli.connections[len(dli.connections)-1].made = time.Now().Add(-2 * time.Hour)
				return id, err
			}
			resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			if err != nil || resp.GetConnectionId() == younger || len(dli.existing()) != 2 || dli.gets != c.gets {
				t.Errorf("got %v, %v after %d GETs; there are %v", resp, err, dli.gets, dli.existing())
			}
			if !strings.Contains(resp.GetWarning(), younger) || strings.Contains(resp.GetWarning(), "could not be checked") != (c.lag > time.Minute) {
				t.Errorf("warning %q", resp.GetWarning())
			}
		})
	}
}
