package create_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// The scenes are what an independent chaos test found: a definite outcome that nothing
// proved. DLI rejects a taken name, except where names can be taken twice.

var lost = &upstream.Error{Kind: upstream.Broken, Sent: true}

// hang commits a POST and does not respond.
func hang(ctx context.Context, _ int, commit func() (string, error)) (string, error) {
	if _, err := commit(); err != nil {
		return "", err
	}
	return "", wait(ctx, time.Hour)
}

// leave has a caller create and cancel after a while.
func leave(t *testing.T, dli *cloud, req *connsvcv1.CreateEnhancedConnectionRequest) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := startWaiter(ctx, dli.replica(), req)
	after(100 * time.Millisecond)
	cancel()
	after(0)
	wantReason(t, "the caller who leaves", w.err, connsvcv1.ErrorReason_CALLER_CANCELLED)
}

// wantUnknown checks that a create is UNKNOWN, and describes the connection of the ID.
func wantUnknown(t *testing.T, err error, id string) {
	t.Helper()
	e := wantReason(t, "unknown", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
	if e.Metadata["existing_connection_id"] != id {
		t.Errorf("metadata %v, want the ID %s", e.Metadata, id)
	}
}

// wantSuccess checks that a create returns the connection, and whether it has a warning
// that contains the text; "": it has none.
func wantSuccess(t *testing.T, resp *connsvcv1.CreateEnhancedConnectionResponse, err error, id, warning string) {
	t.Helper()
	if err != nil || resp.GetConnectionId() != id {
		t.Fatalf("got %v, %v, want %s", resp, err, id)
	}
	if (warning == "") != (resp.Warning == nil) || !strings.Contains(resp.GetWarning(), warning) {
		t.Errorf("warning %q, want %q", resp.GetWarning(), warning)
	}
}

// TestSceneA: names twice; another's like connection has the name; this create commits,
// its response is lost, and there is no request_id.
func TestSceneA(t *testing.T) {
	inBubble(t, "as young", func(t *testing.T) {
		dli := &cloud{duplicates: true, post: commitThenFail(lost)}
		dli.has(t, createRequest(), 0)
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		e := wantReason(t, "two", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		if e.Metadata["existing_connection_id"] == "" || e.Metadata["same_spec"] != "true" {
			t.Errorf("metadata %v", e.Metadata)
		}
	})
	inBubble(t, "older", func(t *testing.T) {
		dli := &cloud{duplicates: true, post: commitThenFail(lost)}
		dli.has(t, createRequest(), time.Hour)
		resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantSuccess(t, resp, err, dli.existing()[1], "another caller may have made it")
	})
	inBubble(t, "older, own never shows", func(t *testing.T) {
		dli := &cloud{duplicates: true, post: commitThenFail(lost), lag: time.Hour}
		id := dli.has(t, createRequest(), 2*time.Hour)
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantUnknown(t, err, id)
	})
	inBubble(t, "as young, and shows first", func(t *testing.T) {
		dli := &cloud{duplicates: true}
		dli.post = func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
			dli.has(t, createRequest(), 0)
			if _, err := commit(); err != nil {
				return "", err
			}
			dli.connections[1].lag = time.Second
			return "", lost
		}
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantReason(t, "two", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
	})
}

// TestSceneB: with a request_id, the response is lost, lists by tags are 1 s late, and
// the name looks like another's.
func TestSceneB(t *testing.T) {
	for _, duplicates := range []bool{false, true} {
		inBubble(t, fmt.Sprintf("deadline 500 ms, duplicates %v", duplicates), func(t *testing.T) {
			dli := &cloud{duplicates: duplicates, post: commitThenFail(lost), tagLag: time.Second}
			_, err := createIn(t, dli.replica(), 500*time.Millisecond, withRequestID())
			wantUnknown(t, err, dli.existing()[0])
		})
		inBubble(t, fmt.Sprintf("time enough, duplicates %v", duplicates), func(t *testing.T) {
			dli := &cloud{duplicates: duplicates, post: commitThenFail(lost), tagLag: time.Second}
			resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			wantSuccess(t, resp, err, dli.existing()[0], "")
		})
	}
}

// TestSceneC: an early lookup saw another's, all later lookups fail, and own was visible
// in between.
func TestSceneC(t *testing.T) {
	for name, req := range map[string]*connsvcv1.CreateEnhancedConnectionRequest{"without": createRequest(), "with": withRequestID()} {
		first := 1 // the last list of the first lookup
		if req.GetRequestId() != "" {
			first = 3
		}
		looks := func(dli *cloud, until int) {
			dli.list = func(int) error {
				if len(dli.posts) == 0 || dli.lists <= until {
					return nil
				}
				return answered(500, "", "")
			}
		}
		inBubble(t, name+" request_id", func(t *testing.T) {
			dli := &cloud{duplicates: true, post: commitThenFail(lost), lag: 50 * time.Millisecond}
			id := dli.has(t, createRequest(), time.Hour)
			looks(dli, first)
			_, err := createIn(t, dli.replica(), time.Minute, req)
			wantUnknown(t, err, id)
		})
		inBubble(t, name+" request_id, one more lookup", func(t *testing.T) {
			dli := &cloud{duplicates: true, post: commitThenFail(lost), lag: 50 * time.Millisecond}
			dli.has(t, createRequest(), time.Hour)
			looks(dli, 2*first)
			resp, err := createIn(t, dli.replica(), time.Minute, req)
			if err != nil || resp.GetConnectionId() != dli.existing()[1] || resp.Warning == nil {
				t.Errorf("got %v, %v", resp, err)
			}
		})
	}
}

// TestSceneD: a create with a request_id commits and hangs, and its caller leaves. The
// retry is rejected; the list by name shows the connection, the list by tags does not yet.
func TestSceneD(t *testing.T) {
	for name, c := range map[string]struct {
		tagLag, deadline time.Duration
		found            bool
	}{
		"1 s late":            {time.Second, time.Minute, true},
		"as late as it may":   {5 * time.Second, time.Minute, true},
		"1 s late, no time":   {2 * time.Second, 500 * time.Millisecond, false},
		"later than the time": {5 * time.Second, 4 * time.Second, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{tagLag: c.tagLag, post: hang}
			leave(t, dli, withRequestID())
			resp, err := createIn(t, dli.replica(), c.deadline, withRequestID())
			if id := dli.existing()[0]; c.found {
				wantSuccess(t, resp, err, id, "")
			} else {
				wantUnknown(t, err, id)
			}
			if len(dli.posts) != 2 {
				t.Errorf("%d POSTs", len(dli.posts))
			}
		})
	}
	for name, c := range map[string]struct {
		age, deadline, took time.Duration
		proven              bool
	}{
		"another's, old":            {time.Hour, time.Minute, 0, true},
		"another's, young":          {time.Second, time.Minute, 5 * time.Second, true},
		"another's, young, no time": {time.Second, 4 * time.Second, 0, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{}
			id := dli.has(t, createRequest(), c.age)
			start := time.Now()
			_, err := createIn(t, dli.replica(), c.deadline, withRequestID())
			if !c.proven {
				wantUnknown(t, err, id)
				return
			}
			e := wantReason(t, name, err, connsvcv1.ErrorReason_NAME_TAKEN)
			if took := time.Since(start); e.Metadata["existing_connection_id"] != id || took < c.took {
				t.Errorf("metadata %v after %v", e.Metadata, took)
			}
		})
	}
}

// TestSceneE: DLI's Date is ahead of the clock that stamps create_time.
func TestSceneE(t *testing.T) {
	for _, ahead := range []time.Duration{500 * time.Millisecond, time.Second, 3 * time.Second} {
		inBubble(t, ahead.String()+", response lost", func(t *testing.T) {
			dli := &cloud{dateAhead: ahead, post: commitThenFail(lost)}
			resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
			if id := dli.existing()[0]; ahead <= time.Second {
				wantSuccess(t, resp, err, id, "another caller may have made it")
			} else {
				wantUnknown(t, err, id)
			}
		})
		inBubble(t, ahead.String()+", response lost, request_id", func(t *testing.T) {
			dli := &cloud{dateAhead: ahead, post: commitThenFail(lost)}
			resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			wantSuccess(t, resp, err, dli.existing()[0], "")
		})
		inBubble(t, ahead.String()+", its own name is taken", func(t *testing.T) {
			dli := &cloud{dateAhead: ahead, tagLag: 5 * time.Second, post: hang}
			leave(t, dli, withRequestID())
			resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
			wantSuccess(t, resp, err, dli.existing()[0], "")
		})
	}
}

// TestSceneF: names twice; two replicas race with one request_id, and a list after the
// POST fails.
func TestSceneF(t *testing.T) {
	for fails := 3; fails <= 8; fails++ {
		inBubble(t, fmt.Sprintf("list %d", fails), func(t *testing.T) {
			dli := &cloud{duplicates: true, latency: time.Millisecond, list: func(n int) error {
				if n == fails {
					return answered(500, "", "")
				}
				return nil
			}}
			ids, errs := race(t, 2, dli, func(int) *connsvcv1.CreateEnhancedConnectionRequest { return withRequestID() })
			left := dli.existing()
			if errs[0] != nil || errs[1] != nil || len(left) != 1 || ids[0] != left[0] || ids[1] != left[0] {
				t.Errorf("callers got %v, %v; there is %v", ids, errs, left)
			}
		})
	}
}

// TestSceneG: names twice; there is no time to see whether there is a rival.
func TestSceneG(t *testing.T) {
	inBubble(t, "lists are late", func(t *testing.T) {
		dli := &cloud{duplicates: true, lag: time.Second}
		resp, err := createIn(t, dli.replica(), 300*time.Millisecond, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "could not be checked")
	})
	inBubble(t, "lists fail", func(t *testing.T) {
		dli := &cloud{duplicates: true, list: func(n int) error {
			if n > 1 {
				return answered(503, "", "")
			}
			return nil
		}}
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "could not be checked")
	})
	inBubble(t, "the caller goes", func(t *testing.T) {
		dli := &cloud{duplicates: true, latency: time.Second}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		w := startWaiter(ctx, dli.replica(), withRequestID())
		time.Sleep(2500 * time.Millisecond)
		cancel()
		after(0)
		wantSuccess(t, w.resp, w.err, dli.existing()[0], "could not be checked")
	})
	inBubble(t, "names are unique", func(t *testing.T) {
		dli := &cloud{policy: &configv1.Idempotency{UniqueNames: true}, lag: time.Second}
		resp, err := createIn(t, dli.replica(), 300*time.Millisecond, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "")
	})
}

// olderRival has another replica's create with the same request_id commit before each
// POST, whose connection lists show after a lag.
func olderRival(t *testing.T, dli *cloud, lag time.Duration) {
	t.Helper()
	dli.post = func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
		dli.has(t, dli.posts[0], 0)
		dli.connections[len(dli.connections)-1].lag = lag
		if err := wait(t.Context(), time.Millisecond); err != nil {
			return "", err
		}
		return commit()
	}
}

// TestSceneH: names twice; an older rival shows 1 s late, own shows at once.
func TestSceneH(t *testing.T) {
	inBubble(t, "by default", func(t *testing.T) {
		dli := &cloud{duplicates: true}
		olderRival(t, dli, time.Second)
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		both := dli.existing()
		wantSuccess(t, resp, err, both[1], "")
		time.Sleep(time.Minute)
		resp, err = createIn(t, dli.replica(), time.Minute, withRequestID())
		wantSuccess(t, resp, err, both[0], both[1])
		if dli.outcomes()["left_behind"] != 1 {
			t.Errorf("outcomes %v", dli.outcomes())
		}
	})
	inBubble(t, "with a rival window", func(t *testing.T) {
		dli := &cloud{duplicates: true, policy: &configv1.Idempotency{RivalWindow: durationpb.New(2 * time.Second)}}
		olderRival(t, dli, time.Second)
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		left := dli.existing()
		wantSuccess(t, resp, err, left[0], "")
		if len(left) != 1 {
			t.Errorf("there are %v", left)
		}
	})
}

// TestSceneI: a 400 breaks off in the middle of DLI.0006, after a first try that
// committed.
func TestSceneI(t *testing.T) {
	for name, c := range map[string]struct {
		req    *connsvcv1.CreateEnhancedConnectionRequest
		tagLag time.Duration
		found  bool
	}{
		"with a request_id":           {withRequestID(), time.Second, true},
		"with a request_id, too late": {withRequestID(), time.Hour, false},
		"without":                     {createRequest(), 0, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{tagLag: c.tagLag, post: hang}
			leave(t, dli, c.req)
			time.Sleep(time.Second / 2)
			dli.post = func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
				_, err := commit()
				if err == nil {
					t.Error("the name was not taken")
				}
				return "", &upstream.Error{Kind: upstream.Status, HTTPStatus: 400, Sent: true, Err: context.Canceled}
			}
			time.Sleep(2 * time.Second)
			dli.connections[0].lag = 0
			resp, err := createIn(t, dli.replica(), time.Minute, c.req)
			if id := dli.existing()[0]; c.found {
				wantSuccess(t, resp, err, id, "")
			} else {
				wantUnknown(t, err, id)
			}
		})
	}
}

// TestSceneJ: a younger rival with the same request_id is visible at the first success.
func TestSceneJ(t *testing.T) {
	inBubble(t, "younger", func(t *testing.T) {
		dli := &cloud{duplicates: true}
		dli.post = func(_ context.Context, _ int, commit func() (string, error)) (string, error) {
			id, err := commit()
			dli.has(t, dli.posts[0], -time.Millisecond)
			return id, err
		}
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		both := dli.existing()
		wantSuccess(t, resp, err, both[0], both[1])
	})
}

// TestSceneK: NAME_TAKEN, whose first lookup fails.
func TestSceneK(t *testing.T) {
	for name, c := range map[string]struct {
		failing, lag time.Duration
		found        bool
	}{
		"at first": {time.Second, 0, true},
		"late":     {0, 3 * time.Second, true},
		"always":   {time.Hour, 0, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			start := time.Now()
			dli := &cloud{lag: c.lag, list: func(int) error {
				if time.Since(start) < c.failing {
					return answered(503, "", "")
				}
				return nil
			}}
			id := dli.has(t, createRequest(), 0)
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			e := wantReason(t, name, err, connsvcv1.ErrorReason_NAME_TAKEN)
			if (e.Metadata["existing_connection_id"] == id) != c.found {
				t.Errorf("metadata %v", e.Metadata)
			}
		})
	}
	inBubble(t, "deleted meanwhile", func(t *testing.T) {
		start := time.Now()
		dli := &cloud{post: failWith(answered(400, "DLI.0006", "The object exists."))}
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		if e := wantReason(t, "gone", err, connsvcv1.ErrorReason_NAME_TAKEN); len(e.Metadata) > 0 || time.Since(start) > 9*time.Second {
			t.Errorf("metadata %v after %v", e.Metadata, time.Since(start))
		}
	})
}

// TestSceneL: one request_id, two contents, at once, names twice.
func TestSceneL(t *testing.T) {
	contents := func(n int) *connsvcv1.CreateEnhancedConnectionRequest {
		req := withRequestID()
		req.Hosts = req.Hosts[:n]
		return req
	}
	inBubble(t, "it is deleted", func(t *testing.T) {
		dli := &cloud{duplicates: true, latency: time.Millisecond}
		ids, errs := race(t, 2, dli, contents)
		left := dli.existing()
		if (errs[0] == nil) == (errs[1] == nil) || len(left) != 1 || ids[0]+ids[1] != left[0] {
			t.Fatalf("callers got %v, %v; there is %v", ids, errs, left)
		}
		for _, err := range errs {
			if err != nil {
				e := wantReason(t, "the younger", err, connsvcv1.ErrorReason_NAME_TAKEN)
				if !strings.Contains(e.Message, "request_id") || e.Metadata["existing_connection_id"] != left[0] {
					t.Errorf("%q with %v", e.Message, e.Metadata)
				}
			}
		}
	})
	inBubble(t, "it cannot be deleted", func(t *testing.T) {
		dli := &cloud{duplicates: true, latency: time.Millisecond, creating: time.Hour}
		ids, errs := race(t, 2, dli, contents)
		if errs[0] != nil || errs[1] != nil || ids[0] == ids[1] || len(dli.existing()) != 2 {
			t.Errorf("callers got %v, %v; there is %v", ids, errs, dli.existing())
		}
	})
}

// permute puts the parts of a request into another order, and into another case where DLI
// has none.
func permute(req *connsvcv1.CreateEnhancedConnectionRequest) {
	slices.Reverse(req.Queues)
	slices.Reverse(req.Hosts)
	slices.Reverse(req.Tags)
	for i, q := range req.Queues {
		req.Queues[i] = strings.ToUpper(q)
	}
	for i, p := range req.ElasticResourcePools {
		req.ElasticResourcePools[i] = strings.ToUpper(p)
	}
	req.RequestId = strings.ToUpper(req.RequestId)
	req.DestVpcId, req.DestNetworkId = strings.ToUpper(req.DestVpcId), strings.ToUpper(req.DestNetworkId)
	req.RoutetableId = strings.ToUpper(req.RoutetableId)
}

// TestSceneM: a retry with the same request_id and content, after somebody changed the
// connection.
func TestSceneM(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(dli *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest)
		reason  connsvcv1.ErrorReason // 0: success
		warning string
	}{
		"hosts": {func(d *cloud, _ *connsvcv1.CreateEnhancedConnectionRequest) {
			d.connections[0].connection.Hosts = nil
		}, 0, "changed since this request created it: it differs in hosts"},
		"queues": {func(d *cloud, _ *connsvcv1.CreateEnhancedConnectionRequest) {
			d.connections[0].connection.AvailableQueueInfo, d.connections[0].connection.ElasticResourcePools = nil, nil
		}, 0, "differs in elastic_resource_pools, queues"},
		"hosts, and the request in another order and case": {func(d *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) {
			d.connections[0].connection.Hosts = nil
			permute(retry)
		}, 0, "changed since this request created it: it differs in hosts"},
		"nothing, in another order and case": {func(_ *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) { permute(retry) }, 0, ""},
		"a repetition": {func(_ *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) {
			retry.Hosts = append(retry.Hosts, retry.Hosts[0])
		}, 0, ""},
		"the tags": {func(_ *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) {
			retry.Tags = retry.Tags[:1]
		}, 0, "already used with different content"},
		"the value of a tag": {func(_ *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) {
			retry.Tags[0].Value = proto.String("V")
		}, 0, "already used with different content"},
		"the route table": {func(_ *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) {
			retry.RoutetableId = vpcID
		}, 0, "already used with different content"},
		"nothing": {func(*cloud, *connsvcv1.CreateEnhancedConnectionRequest) {}, 0, ""},
		"the request": {func(_ *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) {
			retry.Hosts = nil
		}, connsvcv1.ErrorReason_NAME_TAKEN, ""},
		"both, alike": {func(d *cloud, retry *connsvcv1.CreateEnhancedConnectionRequest) {
			d.connections[0].connection.Hosts, retry.Hosts = nil, nil
		}, 0, "already used with different content"},
		"the list of the hash fails": {func(d *cloud, _ *connsvcv1.CreateEnhancedConnectionRequest) {
			d.connections[0].connection.Hosts = nil
			d.list = func(n int) error {
				if n > d.lists-1 && len(d.posts) == 1 && n > 3 {
					return answered(503, "", "")
				}
				return nil
			}
		}, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, ""},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{}
			request := withRequestID()
			request.Tags, request.RoutetableId = tags(3), networkID
			first, err := createIn(t, dli.replica(), time.Minute, request)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			retry := proto.CloneOf(request)
			c.change(dli, retry)
			resp, err := createIn(t, dli.replica(), time.Minute, retry)
			if c.reason != 0 {
				e := wantReason(t, name, err, c.reason)
				if e.Metadata["differs"] != "hosts" || e.Metadata["existing_connection_id"] != first.GetConnectionId() {
					t.Errorf("metadata %v", e.Metadata)
				}
				return
			}
			wantSuccess(t, resp, err, first.GetConnectionId(), c.warning)
			if !resp.GetReconciled() || len(dli.posts) != 1 {
				t.Errorf("got %v after %d POSTs", resp, len(dli.posts))
			}
		})
	}
	inBubble(t, "the tags show late", func(t *testing.T) {
		dli := &cloud{post: hang}
		leave(t, dli, withRequestID())
		dli.connections[0].connection.Hosts = nil
		dli.hashLag = 3 * time.Second
		resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
		wantSuccess(t, resp, err, dli.existing()[0], "changed since")
	})
	inBubble(t, "no tag has the hash", func(t *testing.T) {
		dli := &cloud{}
		req := withRequestID()
		req.Tags = tags(19)
		if _, err := createIn(t, dli.replica(), time.Minute, req); err != nil {
			t.Fatal(err)
		}
		dli.connections[0].connection.Hosts = nil
		resp, err := createIn(t, dli.replica(), time.Minute, req)
		wantSuccess(t, resp, err, dli.existing()[0], "or request_id was already used with different content")
	})
}

// TestSceneN: identical creates without a request_id share one POST.
func TestSceneN(t *testing.T) {
	for name, c := range map[string]struct {
		req     *connsvcv1.CreateEnhancedConnectionRequest
		warning string
	}{
		"without a request_id": {createRequest(), "identical create was in flight"},
		"with":                 {withRequestID(), ""},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{latency: time.Second, policy: &configv1.Idempotency{UniqueNames: true}}
			r := dli.replica()
			first, second := startFor(t, r, time.Minute, c.req), startFor(t, r, time.Minute, proto.CloneOf(c.req))
			after(time.Minute)
			wantSuccess(t, first.resp, first.err, dli.existing()[0], "")
			wantSuccess(t, second.resp, second.err, dli.existing()[0], c.warning)
		})
	}
}

// TestUniqueNames: DLI that has rejected a taken name needs no lookup after a POST.
func TestUniqueNames(t *testing.T) {
	another := func(name string) *connsvcv1.CreateEnhancedConnectionRequest {
		req := withRequestID()
		req.Name = name
		return req
	}
	lookups := func(t *testing.T, dli *cloud, name string) int {
		t.Helper()
		before := dli.lists
		if _, err := createIn(t, dli.replica(), time.Minute, another(name)); err != nil {
			t.Fatal(err)
		}
		return dli.lists - before
	}
	inBubble(t, "shown", func(t *testing.T) {
		dli := &cloud{}
		if n := lookups(t, dli, "c2"); n != 2 {
			t.Errorf("%d lookups at first", n)
		}
		dli.has(t, createRequest(), time.Hour)
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
		if n := lookups(t, dli, "c3"); n != 1 {
			t.Errorf("%d lookups after a taken name was rejected", n)
		}
	})
	inBubble(t, "configured", func(t *testing.T) {
		if n := lookups(t, &cloud{policy: &configv1.Idempotency{UniqueNames: true}}, "c2"); n != 1 {
			t.Errorf("%d lookups", n)
		}
	})
	for name, dli := range map[string]*cloud{
		"younger than the clocks' slack": {},
		"no GET shows it":                {get: func(int) error { return answered(503, "", "") }},
		"it has no time":                 {},
		"DLI's clock is not known":       {hidesDate: true},
	} {
		inBubble(t, "not shown, "+name, func(t *testing.T) {
			dli.has(t, createRequest(), time.Hour)
			switch conn := dli.connections[0].connection; name {
			case "younger than the clocks' slack":
				conn.CreateTime = timestamppb.New(time.Now().Add(-4 * time.Second))
			case "it has no time":
				conn.CreateTime = nil
			}
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
			if dli.unique != nil {
				t.Error("names count as unique")
			}
		})
	}
	inBubble(t, "forgotten", func(t *testing.T) {
		dli := &cloud{duplicates: true, unique: proto.Bool(true), policy: &configv1.Idempotency{UniqueNames: true}}
		dli.has(t, createRequest(), time.Hour)
		dli.has(t, createRequest(), time.Hour)
		dli.post = failWith(lost)
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantReason(t, "lost", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		dli.post = nil
		if n := lookups(t, dli, "c2"); n != 2 {
			t.Errorf("%d lookups after a list showed two connections of one name", n)
		}
	})
	for name, err := range map[string]error{
		"nothing has the name": answered(400, "DLI.0006", "The object exists."),
		"another code":         answered(400, "DLI.0999", "The object exists."),
	} {
		inBubble(t, "not shown, "+name, func(t *testing.T) {
			dli := &cloud{duplicates: true, post: failWith(err)}
			if name == "another code" {
				dli.has(t, createRequest(), time.Hour)
			}
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
			if dli.unique != nil {
				t.Error("names count as unique")
			}
		})
	}
}
