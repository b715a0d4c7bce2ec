package create_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// unknownOutcomes are the ways in which a POST may have been executed or not.
func unknownOutcomes() map[string]error {
	return map[string]error{
		"broken":            &upstream.Error{Kind: upstream.Broken, Sent: true},
		"timeout":           &upstream.Error{Kind: upstream.Timeout, Sent: true},
		"500":               answered(500, "DLI.0999", "Server-side errors occur."),
		"502":               answered(502, "", ""),
		"503":               answered(503, "", ""),
		"504":               answered(504, "APIG.0203", "Backend timeout"),
		"malformed 201":     &upstream.Error{Kind: upstream.Malformed, HTTPStatus: 201, Sent: true},
		"malformed 502":     &upstream.Error{Kind: upstream.Malformed, HTTPStatus: 502, Sent: true},
		"too large":         &upstream.Error{Kind: upstream.TooLarge, HTTPStatus: 201, Sent: true},
		"no connection_id":  nil,
		"redirected":        &upstream.Error{Kind: upstream.Malformed, HTTPStatus: 307, Sent: true},
		"a code, but a 500": answered(500, "DLI.0001", "Parameter check errors occur."),
		"a 400 cut off":     answered(400, "", ""),
		"408":               answered(408, "", ""),
		"400, timed out":    answered(400, "DLI.0019", "The task times out."),
		"400, a fault":      answered(400, "DLI.0999", "Server-side errors occur."),
		"400, not of DLI":   answered(400, "WAF.1", "x"),
		"five digits":       answered(400, "DLI.10001", "An internal error occurred."),
		"403, unreadable":   answered(403, "", ""),
	}
}

func TestCommitWithoutAnswerIsAdopted(t *testing.T) {
	for name, err := range unknownOutcomes() {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{post: commitThenFail(err)}
			resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
			if err != nil {
				t.Fatal(err)
			}
			want := &connsvcv1.CreateEnhancedConnectionResponse{
				IsSuccess: true, ConnectionId: dli.existing()[0], Reconciled: proto.Bool(true),
				Warning: proto.String("the response of DLI was lost: the connection was found by its name and content, and another caller may have made it"),
			}
			if d := cmp.Diff(want, resp, protocmp.Transform()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if d := cmp.Diff(counted("adopted"), dli.outcomes()); d != "" || len(dli.posts) != 1 {
				t.Errorf("%d POSTs, outcomes (-want +got)\n%s", len(dli.posts), d)
			}
		})
	}
}

func TestNothingMadeIsUnknown(t *testing.T) {
	for name, err := range unknownOutcomes() {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{post: failWith(err)}
			start := time.Now()
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			wantReason(t, name, err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
			if d := cmp.Diff(counted("not_found"), dli.outcomes()); d != "" || len(dli.posts) != 1 {
				t.Errorf("%d POSTs, outcomes (-want +got)\n%s", len(dli.posts), d)
			}
			if took := time.Since(start); took != 10*time.Second || dli.lists > 20 {
				t.Errorf("looked for %v, with %d lists", took, dli.lists)
			}
		})
	}
}

func TestKnownOutcomeIsNotReconciled(t *testing.T) {
	for name, c := range map[string]struct {
		dli   error
		want  connsvcv1.ErrorReason
		posts int
	}{
		"timeout, never sent":   {&upstream.Error{Kind: upstream.Timeout}, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, 1},
		"broken, never sent":    {&upstream.Error{Kind: upstream.Broken}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE, 1},
		"unreachable":           {&upstream.Error{Kind: upstream.Unreachable}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE, 1},
		"throttled":             {answered(429, "APIGW.0308", ""), connsvcv1.ErrorReason_UPSTREAM_THROTTLED, 1},
		"parameter":             {answered(400, "DLI.0001", "bad"), connsvcv1.ErrorReason_VALIDATION_FAILED, 1},
		"is_success=false":      {refused("no"), connsvcv1.ErrorReason_UPSTREAM_REFUSED, 1},
		"cancelled":             {&upstream.Error{Kind: upstream.Cancelled, Sent: true}, connsvcv1.ErrorReason_CALLER_CANCELLED, 1},
		"credentials":           {answered(401, "APIGW.0301", "x"), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS, 1},
		"401 alone":             {answered(401, "", ""), connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS, 1},
		"429 alone":             {answered(429, "", ""), connsvcv1.ErrorReason_UPSTREAM_THROTTLED, 1},
		"forbidden, by a code":  {answered(403, "APIGW.0302", "x"), connsvcv1.ErrorReason_UPSTREAM_DENIED, 1},
		"route is not deployed": {answered(404, "APIG.0101", "x"), connsvcv1.ErrorReason_OPERATION_NOT_SUPPORTED, 1},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{post: failWith(c.dli)}
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			wantReason(t, name, err, c.want)
			if len(dli.posts) != c.posts || dli.lists != 0 || len(dli.outcomes()) != 0 {
				t.Errorf("%d POSTs, %d lists, outcomes %v", len(dli.posts), dli.lists, dli.outcomes())
			}
		})
	}
}

func TestSlowList(t *testing.T) {
	broken := commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true})
	for name, c := range map[string]struct {
		lag, limit, deadline time.Duration
		want                 connsvcv1.ErrorReason
	}{
		"in time":                 {3 * time.Second, 10 * time.Second, time.Minute, 0},
		"too late":                {20 * time.Second, 10 * time.Second, time.Minute, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN},
		"in a longer time":        {20 * time.Second, 30 * time.Second, time.Minute, 0},
		"too late for the caller": {20 * time.Second, 30 * time.Second, 10 * time.Second, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN},
		"soon enough for him":     {5 * time.Second, 30 * time.Second, 10 * time.Second, 0},
		"just in time":            {9500 * time.Millisecond, 10 * time.Second, time.Minute, 0},
		"one with little time":    {0, 30 * time.Second, 20 * time.Millisecond, 0},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{post: broken, lag: c.lag, policy: within(c.limit)}
			resp, err := createIn(t, dli.replica(), c.deadline, createRequest())
			if c.want != 0 {
				wantReason(t, name, err, c.want)
			} else if err != nil || !resp.GetReconciled() {
				t.Errorf("got %v, %v", resp, err)
			}
			if len(dli.posts) != 1 {
				t.Errorf("%d POSTs", len(dli.posts))
			}
		})
	}
}

// TestHungPostLeavesTimeToFindOut: a POST that is executed and never answered must
// not take all the time of the call.
func TestHungPostLeavesTimeToFindOut(t *testing.T) {
	for _, deadline := range []time.Duration{100 * time.Millisecond, time.Second, 10 * time.Second, time.Minute} {
		inBubble(t, deadline.String(), func(t *testing.T) {
			dli := &cloud{latency: deadline / 100, post: func(ctx context.Context, _ int, commit func() (string, error)) (string, error) {
				if _, err := commit(); err != nil {
					return "", err
				}
				return "", wait(ctx, time.Hour)
			}}
			resp, err := createIn(t, dli.replica(), deadline, createRequest())
			if err != nil || !resp.GetReconciled() {
				t.Errorf("got %v, %v", resp, err)
			}
		})
	}
}

// TestHungListDoesNotTakeAllTheTime: one look that hangs must not be the only one.
func TestHungListDoesNotTakeAllTheTime(t *testing.T) {
	inBubble(t, "hung", func(t *testing.T) {
		dli := &cloud{post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true})}
		hung := &hangsOnce{cloud: dli}
		resp, err := createIn(t, dli.replicaOver(hung), time.Minute, createRequest())
		if err != nil || !resp.GetReconciled() || !hung.hung {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}

type hangsOnce struct {
	*cloud
	hung bool
}

func (d *hangsOnce) Call(ctx context.Context, method string, req, resp proto.Message) error {
	if _, list := req.(*connsvcv1.ListEnhancedConnectionsRequest); list && !d.hung {
		d.hung = true
		return wait(ctx, time.Hour)
	}
	return d.cloud.Call(ctx, method, req, resp)
}

func TestListThatFailsIsRepeated(t *testing.T) {
	inBubble(t, "fails", func(t *testing.T) {
		dli := &cloud{
			post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true}),
			list: func(n int) error {
				if n < 4 {
					return answered(503, "", "")
				}
				return nil
			},
		}
		resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
		if err != nil || !resp.GetReconciled() {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}

func TestAnothersConnectionIsNotAdopted(t *testing.T) {
	type request = connsvcv1.CreateEnhancedConnectionRequest
	lost := &upstream.Error{Kind: upstream.Broken, Sent: true}
	for name, c := range map[string]struct {
		change  func(*request)
		age     time.Duration
		differs string
	}{
		"older":                 {func(*request) {}, time.Hour, ""},
		"older, not by much":    {func(*request) {}, 6 * time.Second, ""},
		"younger, other hosts":  {func(r *request) { r.Hosts = r.Hosts[:1] }, -time.Second, "hosts"},
		"younger, other queues": {func(r *request) { r.Queues = []string{"q1", "q3"} }, -time.Second, "queues"},
		"younger, other pools":  {func(r *request) { r.ElasticResourcePools = []string{"p2"} }, -time.Second, "elastic_resource_pools"},
		"younger, all is other": {func(r *request) {
			*r = request{Name: r.Name, DestVpcId: networkID, DestNetworkId: vpcID} //nolint:govet // a message of its own
		}, -time.Second, "dest_network_id,dest_vpc_id,elastic_resource_pools,hosts,queues"},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{post: failWith(lost)}
			other := createRequest()
			c.change(other)
			id := dli.has(t, other, c.age)
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			e := wantReason(t, name, err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
			want := map[string]string{"existing_connection_id": id, "same_spec": "true"}
			if c.differs != "" {
				want["same_spec"], want["differs"] = "false", c.differs
			}
			if d := cmp.Diff(want, e.Metadata); d != "" {
				t.Errorf("metadata (-want +got)\n%s", d)
			}
			if d := cmp.Diff(counted("not_found"), dli.outcomes()); d != "" {
				t.Errorf("outcomes (-want +got)\n%s", d)
			}
		})
	}
}

// TestOneOfTwoIsNotAdopted: where names may be taken twice, and two are as asked
// for, which one the POST made is not known.
func TestOneOfTwoIsNotAdopted(t *testing.T) {
	inBubble(t, "two", func(t *testing.T) {
		dli := &cloud{duplicates: true, post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true})}
		dli.has(t, createRequest(), 0)
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		wantReason(t, "two", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
	})
	inBubble(t, "another's, as young", func(t *testing.T) {
		dli := &cloud{duplicates: true, post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true})}
		others := createRequest()
		others.Hosts = nil
		id := dli.has(t, others, 0)
		resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
		if err != nil || resp.GetConnectionId() == id || !resp.GetReconciled() {
			t.Errorf("got %v, %v", resp, err)
		}
	})
	inBubble(t, "an older one", func(t *testing.T) {
		dli := &cloud{duplicates: true, post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true}), lag: 2 * time.Second}
		older := dli.has(t, createRequest(), time.Hour)
		resp, err := createIn(t, dli.replica(), time.Minute, createRequest())
		if err != nil || resp.GetConnectionId() == older || !resp.GetReconciled() {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}

// TestSearchEndsInTimeToSayWhatItFound: it waits for a younger one as long as it
// may, and not until nobody waits for the answer.
func TestSearchEndsInTimeToSayWhatItFound(t *testing.T) {
	inBubble(t, "older", func(t *testing.T) {
		dli := &cloud{post: failWith(&upstream.Error{Kind: upstream.Broken, Sent: true})}
		id := dli.has(t, createRequest(), time.Hour)
		_, err := createIn(t, dli.replica(), 5*time.Second, createRequest())
		e := wantReason(t, "older", err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		if e.Metadata["existing_connection_id"] != id {
			t.Errorf("metadata %v", e.Metadata)
		}
	})
}

func TestAgeIsJudgedByDLIsClock(t *testing.T) {
	lost := &upstream.Error{Kind: upstream.Broken, Sent: true}
	for name, c := range map[string]struct {
		ahead     time.Duration
		sendsDate bool
		adopted   bool
	}{
		"clocks agree":              {0, true, true},
		"DLI is ahead":              {time.Hour, true, true},
		"DLI is behind":             {-time.Hour, true, true},
		"ahead, and sends no Date":  {time.Hour, false, false},
		"nearly agrees":             {-3 * time.Second, false, true},
		"behind, and sends no Date": {-time.Hour, false, false},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{post: commitThenFail(lost), ahead: c.ahead, hidesDate: !c.sendsDate}
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			if c.adopted != (err == nil) {
				t.Errorf("adopted: %v, want %v: %v", err == nil, c.adopted, err)
			}
		})
		inBubble(t, name+", an older one", func(t *testing.T) {
			dli := &cloud{post: failWith(lost), ahead: c.ahead, hidesDate: !c.sendsDate}
			dli.has(t, createRequest(), 2*time.Hour)
			_, err := createIn(t, dli.replica(), time.Minute, createRequest())
			wantReason(t, name, err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		})
	}
}

func TestOfSeveralTheMostAlikeIsTold(t *testing.T) {
	inBubble(t, "two", func(t *testing.T) {
		dli := &cloud{duplicates: true, post: failWith(answered(400, "DLI.0006", "The object exists."))}
		other := createRequest()
		other.Hosts, other.DestVpcId = nil, networkID
		dli.has(t, other, time.Hour)
		other = createRequest()
		other.Hosts = nil
		id := dli.has(t, other, time.Minute)
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		e := wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
		if e.Metadata["existing_connection_id"] != id || e.Metadata["differs"] != "hosts" {
			t.Errorf("metadata %v", e.Metadata)
		}
	})
}

func TestTakenNameIsLookedUpWhileListsLag(t *testing.T) {
	inBubble(t, "lag", func(t *testing.T) {
		dli := &cloud{lag: time.Second}
		id := dli.has(t, createRequest(), 0)
		_, err := createIn(t, dli.replica(), time.Minute, createRequest())
		if e := wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN); e.Metadata["existing_connection_id"] != id {
			t.Errorf("metadata %v", e.Metadata)
		}
	})
}
