package create_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// TestRequestIDThatIsNotStored: no tag tells whose connection has the name, so only what
// cannot have been changed proves that it is another's; and a retry would not help.
func TestRequestIDThatIsNotStored(t *testing.T) {
	notStored := map[string]struct {
		policy *configv1.Idempotency
		tags   int
	}{
		"disable_tag is set":              {&configv1.Idempotency{DisableTag: true}, 0},
		"the request has 20 tags already": {nil, 20},
	}
	for why, c := range notStored {
		request := func() *connsvcv1.CreateEnhancedConnectionRequest {
			req := withRequestID()
			req.Tags = tags(c.tags)
			return req
		}
		wantNotStored := func(t *testing.T, err error, id string) {
			t.Helper()
			wantUnknown(t, err, id)
			e := asError(t, err)
			if !strings.Contains(e.Message, "not stored ("+why+")") || strings.Contains(e.Message, "retry") || e.Metadata["request_id_stored"] != "false" {
				t.Errorf("%q, metadata %v", e.Message, e.Metadata)
			}
		}
		inBubble(t, why+", its own has the name", func(t *testing.T) {
			dli := &cloud{policy: c.policy, post: hang}
			leave(t, dli, request())
			time.Sleep(time.Hour)
			_, err := createIn(t, dli.replica(), time.Minute, request())
			wantNotStored(t, err, dli.existing()[0])
		})
		inBubble(t, why+", its own, changed since", func(t *testing.T) {
			dli := &cloud{policy: c.policy, post: hang}
			leave(t, dli, request())
			dli.connections[0].connection.Hosts = nil
			_, err := createIn(t, dli.replica(), time.Minute, request())
			wantNotStored(t, err, dli.existing()[0])
		})
		inBubble(t, why+", nothing shows", func(t *testing.T) {
			dli := &cloud{policy: c.policy, post: failWith(answered(400, "DLI.0006", "The object exists."))}
			_, err := createIn(t, dli.replica(), time.Minute, request())
			wantNotStored(t, err, "")
		})
		inBubble(t, why+", the response is lost", func(t *testing.T) {
			dli := &cloud{policy: c.policy, post: failWith(lost)}
			_, err := createIn(t, dli.replica(), time.Minute, request())
			wantNotStored(t, err, "")
		})
		inBubble(t, why+", a waiting caller's time ends", func(t *testing.T) {
			dli := &cloud{policy: c.policy, latency: time.Second}
			r := dli.replica()
			first, second := startFor(t, r, time.Minute, request()), startFor(t, r, 20*time.Millisecond, request())
			after(time.Minute)
			wantNotStored(t, second.err, "")
			wantSuccess(t, first.resp, first.err, dli.existing()[0], why)
		})
		for name, get := range map[string]func(int) error{"": nil, ", no GET shows it": func(int) error { return answered(503, "", "") }} {
			inBubble(t, why+", in another VPC"+name, func(t *testing.T) {
				dli := &cloud{policy: c.policy, get: get}
				other := createRequest()
				other.DestVpcId = networkID
				id := dli.has(t, other, 0)
				_, err := createIn(t, dli.replica(), time.Minute, request())
				if get != nil {
					wantNotStored(t, err, id)
					return
				}
				e := wantReason(t, "another's", err, connsvcv1.ErrorReason_NAME_TAKEN)
				want := map[string]string{"existing_connection_id": id, "same_spec": "false", "differs": "dest_vpc_id", "request_id_stored": "false"}
				if d := cmp.Diff(want, e.Metadata); d != "" {
					t.Errorf("metadata (-want +got)\n%s", d)
				}
			})
		}
	}
}

// TestConnectionWithoutAHashOfThisVersion: another version of connsvc made it, or one
// whose request had no place for the hash. What differs may have been changed since.
func TestConnectionWithoutAHashOfThisVersion(t *testing.T) {
	tag := func(key, value string) *connsvcv1.Tag { return &connsvcv1.Tag{Key: key, Value: proto.String(value)} }
	id, hash := tag("connsvc.request_id", requestID), tag("connsvc.request_id.hash", "another")
	for name, tags := range map[string][]*connsvcv1.Tag{
		"no hash":                   {id},
		"a hash without a version":  {id, hash},
		"a hash of another version": {id, hash, tag("connsvc.request_id.v", "2")},
	} {
		for _, age := range []time.Duration{0, time.Hour} {
			has := func(t *testing.T, dli *cloud, change func(*connsvcv1.CreateEnhancedConnectionRequest)) string {
				t.Helper()
				req := createRequest()
				req.Tags = tags
				change(req)
				return dli.has(t, req, age)
			}
			inBubble(t, name+", other hosts", func(t *testing.T) {
				dli := &cloud{}
				id := has(t, dli, func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Hosts = nil })
				resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
				wantSuccess(t, resp, err, id, "differs from this request in hosts")
			})
			inBubble(t, name+", as requested", func(t *testing.T) {
				dli := &cloud{}
				id := has(t, dli, func(*connsvcv1.CreateEnhancedConnectionRequest) {})
				resp, err := createIn(t, dli.replica(), time.Minute, withRequestID())
				wantSuccess(t, resp, err, id, "could not be checked")
			})
			inBubble(t, name+", another VPC", func(t *testing.T) {
				dli := &cloud{}
				has(t, dli, func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.DestVpcId = networkID })
				_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
				wantReason(t, "other content", err, connsvcv1.ErrorReason_NAME_TAKEN)
			})
			inBubble(t, name+", other hosts, and lists by two tags fail", func(t *testing.T) {
				dli := &cloud{list: func(n int) error {
					if n > 1 {
						return answered(503, "", "")
					}
					return nil
				}}
				id := has(t, dli, func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Hosts = nil })
				_, err := createIn(t, dli.replica(), time.Minute, withRequestID())
				wantUnknown(t, err, id)
			})
		}
	}
}
