// Package create makes creates safe to repeat: one request makes at most one
// connection, and the caller learns what DLI shows of it.
//
// DLI has no idempotency token. The POST is sent once; where its outcome is unknown,
// DLI's lists are searched for the connection (docs/adr/0005). Nothing is kept between
// calls.
package create

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/config"
)

// maxTags is DLI's limit of a connection's tags (dli_02_0187).
const maxTags = 20

var errNoConnectionID = errors.New("DLI responded without a connection_id")

// DLI is what a create needs of the DLI of its project.
type DLI interface {
	// Call makes the call of an RPC.
	Call(ctx context.Context, fullMethod string, req, resp proto.Message) error
	// Idempotency is the configuration of safe creates; nil is the default. It is only
	// to be read.
	Idempotency() *configv1.Idempotency
	// Skew is how far DLI's clock is at least ahead of this machine's, by the Date of its
	// responses; false where it is not known.
	Skew() (ahead time.Duration, known bool)
}

// A Creator runs creates. It is safe for concurrent use.
type Creator struct {
	outcomes outcomes
	inFlight inFlight
}

// New returns a Creator that counts outcomes with meter.
func New(meter metric.Meter) (*Creator, error) {
	counted, err := newOutcomes(meter)
	if err != nil {
		return nil, err
	}
	return &Creator{outcomes: counted}, nil
}

// Create creates a connection, or finds the one that an earlier call with the same
// request_id made. Its errors are *apierror.Error. NAME_TAKEN says which connection has
// the name, and in which fields it differs.
func (c *Creator) Create(ctx context.Context, dli DLI, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	n, err := c.newCreation(dli, req)
	if err != nil {
		return nil, err
	}
	return c.share(ctx, n)
}

// A creation is one create on its way to an outcome.
type creation struct {
	dli          DLI
	outcomes     outcomes
	req          *connsvcv1.CreateEnhancedConnectionRequest // of the caller
	post         *connsvcv1.CreateEnhancedConnectionRequest // sent to DLI
	tag          *connsvcv1.Tag                             // carries the request_id; nil: it is not stored
	warning      string                                     // for the caller
	reconcileFor time.Duration
	started      time.Time
	began        time.Time // when the last POST was
	posted       bool      // the POST may have left
}

func (c *Creator) newCreation(dli DLI, req *connsvcv1.CreateEnhancedConnectionRequest) (*creation, error) {
	policy := dli.Idempotency()
	n := &creation{dli: dli, outcomes: c.outcomes, req: req, post: req, reconcileFor: config.DefaultReconcileTimeout, started: time.Now()}
	if d := policy.GetReconcileTimeout().AsDuration(); d > 0 {
		n.reconcileFor = d
	}
	tagKey := cmp.Or(policy.GetTagKey(), config.DefaultTagKey)
	if err := rejectReserved(req.GetTags(), tagKey); err != nil && !policy.GetDisableTag() {
		return nil, err
	}
	if req.GetRequestId() == "" {
		return n, nil
	}
	n.post = withoutRequestID(req)
	switch {
	case policy.GetDisableTag():
		n.addWarning("request_id is not stored (disable_tag is set): a retry will not be recognised")
	case len(req.GetTags()) >= maxTags:
		n.addWarning("request_id is not stored (the request has %d tags already): a retry will not be recognised", maxTags)
	default:
		n.tag = &connsvcv1.Tag{Key: tagKey, Value: proto.String(strings.ToLower(req.GetRequestId()))}
		n.post.Tags = append(slices.Clone(n.post.GetTags()), n.tag)
	}
	return n, nil
}

// rejectReserved rejects a caller's tag with the key that carries request_id, in any
// case: with it, one caller could have another's create return his own connection.
func rejectReserved(tags []*connsvcv1.Tag, reserved string) error {
	for i, t := range tags {
		if strings.EqualFold(t.GetKey(), reserved) {
			return apierror.Invalid(fmt.Sprintf("tags[%d].key", i), "tags.request_id", "is reserved for the tag that carries request_id")
		}
	}
	return nil
}

// withoutRequestID is a shallow copy of the fields that DLI knows.
func withoutRequestID(r *connsvcv1.CreateEnhancedConnectionRequest) *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:            r.GetProjectId(),
		Name:                 r.GetName(),
		DestVpcId:            r.GetDestVpcId(),
		DestNetworkId:        r.GetDestNetworkId(),
		Queues:               r.GetQueues(),
		ElasticResourcePools: r.GetElasticResourcePools(),
		RoutetableId:         r.GetRoutetableId(),
		Hosts:                r.GetHosts(),
		Tags:                 r.GetTags(),
	}
}

// run takes the create to its outcome. A request_id is looked for before the POST, as
// DLI may let a retry make a second connection of the name, and after it, as another
// replica may have looked at the same moment.
func (n *creation) run(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if n.tag != nil {
		found, err := n.list(ctx, n.tag)
		if err != nil {
			return nil, err // nothing was sent: the caller may retry
		}
		if len(found) > 0 {
			return n.decide(ctx, found, replayed)
		}
	}
	resp, err := n.send(ctx)
	switch reasonOf(err) {
	case apierror.NoReason:
		if n.tag == nil {
			return n.made(resp), nil
		}
		return n.resolveDuplicate(ctx, resp)
	case connsvcv1.ErrorReason_NAME_TAKEN:
		return n.nameTaken(ctx, err)
	case connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:
		return n.reconcile(ctx, err)
	default:
		return nil, err
	}
}

// reasonOf is the reason of an error of DLI's calls; apierror.NoReason for nil.
func reasonOf(err error) connsvcv1.ErrorReason {
	if err == nil {
		return apierror.NoReason
	}
	return apierror.From(err).Reason
}

// made is the response where DLI gave one.
func (n *creation) made(resp *connsvcv1.CreateEnhancedConnectionResponse) *connsvcv1.CreateEnhancedConnectionResponse {
	resp.IsSuccess = true
	n.warn(resp)
	return resp
}

// found is the response where DLI gave none, but its lists show the connection.
func (n *creation) found(ctx context.Context, conn *connsvcv1.EnhancedConnection, how outcome) *connsvcv1.CreateEnhancedConnectionResponse {
	n.outcomes.add(ctx, how)
	resp := &connsvcv1.CreateEnhancedConnectionResponse{
		IsSuccess: true, ConnectionId: conn.GetId(), Reconciled: proto.Bool(true),
	}
	n.warn(resp)
	return resp
}

func (n *creation) warn(resp *connsvcv1.CreateEnhancedConnectionResponse) {
	if n.warning != "" {
		resp.Warning = proto.String(n.warning)
	}
}

func (n *creation) addWarning(format string, args ...any) {
	if n.warning != "" {
		n.warning += "; "
	}
	n.warning += fmt.Sprintf(format, args...)
}
