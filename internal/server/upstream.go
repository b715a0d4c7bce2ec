package server

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/upstream"
)

// An UpstreamObserver measures the attempts at DLI and adds each to the access
// log line of its call.
type UpstreamObserver struct {
	duration metric.Float64Histogram
}

// An attempt is what tells one attempt from another in metrics.
type attempt struct{ upstream, fullMethod, outcome string }

func (a attempt) options() []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
		attribute.String("upstream", a.upstream),
		attribute.String("rpc.method", strings.TrimPrefix(a.fullMethod, "/")),
		attribute.String("outcome", a.outcome),
	))}
}

// NewUpstreamObserver makes the observer whose Observe is upstream.Options.Observe.
func NewUpstreamObserver(t *telemetry.Telemetry) (*UpstreamObserver, error) {
	duration, err := t.Meter.Float64Histogram("connsvc.upstream.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of attempts at DLI."), metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60))
	if err != nil {
		return nil, err
	}
	return &UpstreamObserver{duration: duration}, nil
}

// Observe is told of an attempt at DLI. It is safe for concurrent use.
func (o *UpstreamObserver) Observe(ctx context.Context, a upstream.Attempt) {
	o.duration.Record(ctx, a.Duration.Seconds(), attempt{a.Upstream, a.FullMethod, a.Outcome}.options()...)
	call.From(ctx).AddAttempt(a.Duration, a.RequestID)
}
