// Package create makes creates safe to retry: one request makes at most one connection,
// and no definite outcome is returned without proof (docs/adr/0005).
//
// DLI has no idempotency token. The POST is sent once; what its response does not
// decide, DLI's lists do, where a tag carries the caller's request_id. Nothing is stored
// between calls.
package create

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/config"
)

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
	// UniqueNames reports whether DLI is known to reject a taken name, and
	// RecordUniqueNames records that it did, or that it has two connections of one name.
	UniqueNames() bool
	RecordUniqueNames(unique bool)
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
// request_id made. Its errors are *apierror.Error; NAME_TAKEN and
// CREATE_OUTCOME_UNKNOWN name the connection that has the name, if lists show one.
func (c *Creator) Create(ctx context.Context, dli DLI, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	n := &creation{
		dli: dli, outcomes: c.outcomes, req: req, started: time.Now(),
		reconcileFor: durationOr(dli.Idempotency().GetReconcileTimeout().AsDuration(), config.DefaultReconcileTimeout),
		listLag:      durationOr(dli.Idempotency().GetListLag().AsDuration(), config.DefaultListLag),
		rivalWindow:  dli.Idempotency().GetRivalWindow().AsDuration(),
		seen:         sightings{}, gone: map[string]bool{}, sees: call.From(ctx).Sees,
	}
	n.respondBy, n.bounded = call.RespondBy(ctx, call.ReplyMargin)
	if err := n.prepare(); err != nil {
		return nil, err
	}
	return c.share(ctx, n)
}

func durationOr(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// A creation is one create on its way to an outcome.
type creation struct {
	dli      DLI
	outcomes outcomes
	req      *connsvcv1.CreateEnhancedConnectionRequest // of the caller
	post     *connsvcv1.CreateEnhancedConnectionRequest // sent to DLI
	warning  string                                     // for the caller

	tag, hashTag, versionTag *connsvcv1.Tag // see prepare; nil: the request_id is not stored
	notStored                string         // why not; empty without a request_id

	reconcileFor, listLag, rivalWindow time.Duration // see configv1.Idempotency

	started    time.Time // the call
	respondBy  time.Time
	bounded    bool // whether the call has a deadline, and so respondBy
	postBegan  time.Time
	postEnded  time.Time
	sent       bool      // the POST may have left
	lost       bool      // whether it made a connection is unknown
	lookupsEnd time.Time // unless the caller's time ends before

	seen sightings       // of the name
	gone map[string]bool // of the name, but deleted: lists may show them all the same

	// sees reports whether the caller may see a connection. One that he may not see counts
	// as any other in what is proven, but is never returned or described.
	sees func(*connsvcv1.EnhancedConnection) bool
}

// run takes the create to its outcome. A request_id is looked for before the POST, as
// DLI may allow a retry to make a second connection of the name.
func (n *creation) run(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	n.lookupsEnd = n.started.Add(n.reconcileFor)
	if n.tag != nil {
		first := look{listed: time.Now()}
		var err error
		if first.tagged, err = n.list(ctx, n.tag); err != nil {
			return nil, err // nothing was sent: the caller may retry
		}
		if len(first.tagged) > 0 {
			own, decided := n.search(ctx, first, func(context.Context, look) bool { return true })
			switch {
			case own != nil:
				return n.existing(ctx, own, decided, replayed)
			case !decided:
				return nil, n.unknown(ctx, nil)
			}
		}
	}
	resp, err := n.send(ctx)
	n.postEnded = time.Now()
	n.lookupsEnd = n.postEnded.Add(n.reconcileFor)
	switch apierror.ReasonOf(err) {
	case apierror.NoReason:
		return n.resolveDuplicate(ctx, resp)
	case connsvcv1.ErrorReason_NAME_TAKEN:
		return n.nameTaken(ctx, err)
	case connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:
		n.lost = true
		return n.reconcile(ctx, err)
	default:
		return nil, err
	}
}
