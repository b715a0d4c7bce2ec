package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/config"
)

// maxTags is DLI's bound of a connection's tags (dli_02_0187).
const maxTags = 20

var errNoConnectionID = errors.New("DLI answered without a connection_id")

// CreateEnhancedConnection creates a connection (dli_02_0187), safely: it is made
// once or not at all, as far as DLI lets that be told (docs/adr/0005). Where the
// name is taken, the error says by which connection, and in what that one differs.
func (s *Service) CreateEnhancedConnection(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	c, err := s.newCreation(req)
	if err != nil {
		return nil, err
	}
	return s.share(ctx, c)
}

// A creation is one create on its way to an outcome.
type creation struct {
	service      *Service
	dli          Upstream
	req          *connsvcv1.CreateEnhancedConnectionRequest // as the caller sent it
	post         *connsvcv1.CreateEnhancedConnectionRequest // as DLI gets it
	tag          *connsvcv1.Tag                             // bears the request_id; nil: none does
	warning      string                                     // for the caller
	reconcileFor time.Duration
	started      time.Time
	began        time.Time   // when the last POST was
	posted       atomic.Bool // the POST may have left
	told         error       // of the POST, where what became of it is looked for
	until        time.Time   // when looking for that ends; zero: it has not begun
	cut          bool        // run ended for want of time: with more of it, it goes on
}

func (s *Service) newCreation(req *connsvcv1.CreateEnhancedConnectionRequest) (*creation, error) {
	dli, err := s.upstream(apierror.Subject{Project: req.GetProjectId()})
	if err != nil {
		return nil, err
	}
	c := &creation{service: s, dli: dli, req: req, post: req, reconcileFor: config.DefaultReconcileTimeout, started: time.Now()}
	policy := dli.Idempotency()
	if d := policy.GetReconcileTimeout().AsDuration(); d > 0 {
		c.reconcileFor = d
	}
	tagKey := cmp.Or(policy.GetTagKey(), config.DefaultTagKey)
	if err := refuseReserved(req.GetTags(), tagKey); err != nil && !policy.GetDisableTag() {
		return nil, err
	}
	if req.GetRequestId() == "" {
		return c, nil
	}
	c.post = withoutRequestID(req)
	if policy.GetDisableTag() {
		c.warning = "request_id is not kept, for the tag that would keep it is switched off: a repeat after this call is not recognised"
		return c, nil
	}
	if len(req.GetTags()) >= maxTags {
		c.warning = "request_id is not kept, for there is no room for one tag more: a repeat after this call is not recognised"
		return c, nil
	}
	c.tag = &connsvcv1.Tag{Key: tagKey, Value: proto.String(strings.ToLower(req.GetRequestId()))}
	c.post.Tags = append(slices.Clone(c.post.GetTags()), c.tag)
	return c, nil
}

// refuseReserved keeps the tag that bears a request_id to connsvc, in any case of
// letters: who could write it could have another's create answered with a
// connection of his own.
func refuseReserved(tags []*connsvcv1.Tag, reserved string) error {
	for i, t := range tags {
		if strings.EqualFold(t.GetKey(), reserved) {
			return apierror.Invalid(fmt.Sprintf("tags[%d].key", i), "tags.request_id",
				"is reserved for the tag that bears request_id")
		}
	}
	return nil
}

// withoutRequestID is a shallow copy of the request as DLI knows it.
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

// run brings the create to its outcome, or goes on to it. A request_id is looked for
// before the POST, which DLI may let make a second connection of the name, and after
// it, for another replica may have looked at the same moment.
func (c *creation) run(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	c.cut = false
	if c.told != nil {
		return c.findOut(ctx)
	}
	if c.tag != nil {
		found, err := c.list(ctx, c.tag)
		if err != nil {
			c.cut = passed(ctx)
			return nil, err // nothing was sent: the caller may repeat
		}
		if len(found) > 0 {
			return c.decide(ctx, found, Replayed)
		}
	}
	resp, err := c.send(ctx)
	switch reasonOfError(err) {
	case apierror.NoReason:
		if c.tag == nil {
			return c.made(resp), nil
		}
		return c.settle(ctx, resp)
	case connsvcv1.ErrorReason_NAME_TAKEN, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:
		c.told = err
		return c.findOut(ctx)
	default:
		return nil, err
	}
}

// findOut finds out what became of a POST that did not tell.
func (c *creation) findOut(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if reasonOfError(c.told) == connsvcv1.ErrorReason_NAME_TAKEN {
		return c.nameTaken(ctx, c.told)
	}
	return c.reconcile(ctx, c.told)
}

// reasonOfError is the reason of what call returned; apierror.NoReason where it succeeded.
func reasonOfError(err error) connsvcv1.ErrorReason {
	if err == nil {
		return apierror.NoReason
	}
	return apierror.From(err).Reason
}

// made is the answer where DLI said so.
func (c *creation) made(resp *connsvcv1.CreateEnhancedConnectionResponse) *connsvcv1.CreateEnhancedConnectionResponse {
	resp.IsSuccess = true
	c.warn(resp)
	return resp
}

// found is the answer where DLI did not, but shows the connection.
func (c *creation) found(ctx context.Context, conn *connsvcv1.EnhancedConnection, how CreateOutcome) *connsvcv1.CreateEnhancedConnectionResponse {
	c.service.observe(ctx, how)
	resp := &connsvcv1.CreateEnhancedConnectionResponse{
		IsSuccess: true, ConnectionId: conn.GetId(), Reconciled: proto.Bool(true),
	}
	c.warn(resp)
	return resp
}

func (c *creation) warn(resp *connsvcv1.CreateEnhancedConnectionResponse) {
	if c.warning != "" {
		resp.Warning = proto.String(c.warning)
	}
}

// addWarning adds a sentence to what the caller should know.
func (c *creation) addWarning(format string, args ...any) {
	if c.warning != "" {
		c.warning += "; "
	}
	c.warning += fmt.Sprintf(format, args...)
}
