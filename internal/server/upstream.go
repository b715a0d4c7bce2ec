package server

import (
	"context"
	"errors"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/upstream"
)

// An UpstreamObserver measures the attempts at DLI and adds each to the access
// log line of its call.
type UpstreamObserver struct {
	duration metric.Float64Histogram
	outcomes *labels[attempt, []metric.RecordOption]
}

// An attempt is what tells one attempt from another in metrics.
type attempt struct{ fullMethod, outcome string }

func (a attempt) options() []metric.RecordOption {
	return []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
		attribute.String("rpc.method", strings.TrimPrefix(a.fullMethod, "/")),
		attribute.String("outcome", a.outcome),
	))}
}

// NewUpstreamObserver makes the observer whose Observe is upstream.Options.Observe.
func NewUpstreamObserver(t *telemetry.Telemetry) (*UpstreamObserver, error) {
	duration, err := t.Meter.Float64Histogram("connsvc.upstream.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of attempts at DLI."), metric.WithExplicitBucketBoundaries(durationBounds...))
	if err != nil {
		return nil, err
	}
	return &UpstreamObserver{duration: duration, outcomes: newLabels(attempt.options)}, nil
}

// Observe is told of an attempt at DLI. It is safe for concurrent use.
func (o *UpstreamObserver) Observe(ctx context.Context, a upstream.Attempt) {
	o.duration.Record(ctx, a.Duration.Seconds(), o.outcomes.of(attempt{a.FullMethod, attemptOutcome(a.Err)})...)
	if c := callFrom(ctx); c != nil {
		c.addAttempt(a.Duration, a.RequestID)
	}
}

func attemptOutcome(err error) string {
	if err == nil {
		return "ok"
	}
	var e *upstream.Error
	if !errors.As(err, &e) {
		return "other"
	}
	switch e.Kind {
	case upstream.Unreachable:
		return "unreachable"
	case upstream.Broken:
		return "broken"
	case upstream.Timeout:
		return "timeout"
	case upstream.Cancelled:
		return "cancelled"
	case upstream.Status:
		return "status_" + statusClass(e.HTTPStatus)
	case upstream.Refused:
		return "refused"
	case upstream.Malformed:
		return "malformed"
	case upstream.TooLarge:
		return "too_large"
	default:
		return "other"
	}
}

func statusClass(status int) string {
	switch status / 100 {
	case 3:
		return "3xx"
	case 4:
		return "4xx"
	case 5:
		return "5xx"
	default:
		return "other"
	}
}
