package server

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

var (
	durationBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	sizeBounds     = []float64{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20}
)

// metrics counts and times the calls of both doors. Every attribute is of a
// closed set: nothing that a caller makes up becomes a label.
type metrics struct {
	duration                  metric.Float64Histogram
	requestSize, responseSize metric.Int64Histogram
	inFlight                  map[string]*atomic.Int64 // by door: the keys do not change
	outcomes                  *labels[outcome, outcomeOptions]
	invalid                   metric.Int64Counter
	entrances                 *labels[entrance, metric.MeasurementOption]
}

// An entrance is an RPC at a door.
type entrance struct{ door, method string }

func (e entrance) options() metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("door", e.door), attribute.String("rpc.method", e.method)))
}

// An outcome is what tells one call from another in metrics.
type outcome struct {
	door, method string
	code         codes.Code // that the call ended with
	reason       connsvcv1.ErrorReason
}

func (c *call) outcome() outcome {
	o := outcome{door: c.door, method: c.method}
	if c.failure != nil {
		o.code, o.reason = c.failure.Code(), c.failure.Reason
	}
	return o
}

// outcomeOptions are the attributes of an outcome, made once.
type outcomeOptions struct{ duration, size []metric.RecordOption }

func newMetrics(meter metric.Meter, version string) (*metrics, error) {
	var errs [6]error
	m := &metrics{
		inFlight: map[string]*atomic.Int64{doorGRPC: {}, doorREST: {}},
		outcomes: newLabels(outcome.options), entrances: newLabels(entrance.options),
	}
	m.duration, errs[0] = meter.Float64Histogram("rpc.server.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of calls, on both doors."), metric.WithExplicitBucketBoundaries(durationBounds...))
	m.requestSize, errs[1] = meter.Int64Histogram("connsvc.request.size", metric.WithUnit("By"),
		metric.WithDescription("Size of requests, uncompressed."), metric.WithExplicitBucketBoundaries(sizeBounds...))
	m.responseSize, errs[2] = meter.Int64Histogram("connsvc.response.size", metric.WithUnit("By"),
		metric.WithDescription("Size of answers, uncompressed."), metric.WithExplicitBucketBoundaries(sizeBounds...))
	_, errs[3] = meter.Int64ObservableUpDownCounter("connsvc.calls.in_flight",
		metric.WithDescription("Calls in flight."), metric.WithInt64Callback(m.observeInFlight()))
	var build metric.Int64Gauge
	build, errs[4] = meter.Int64Gauge("connsvc.build.info", metric.WithDescription("Always 1; version is the version that runs."))
	m.invalid, errs[5] = meter.Int64Counter("connsvc.validation.failures",
		metric.WithDescription("Calls refused as not valid, by connsvc or by DLI."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	m.begin()
	build.Record(context.Background(), 1, metric.WithAttributes(attribute.String("version", version)))
	return m, nil
}

// begin makes the series of counters, at 0: one that is not there yet cannot be seen
// to grow.
func (m *metrics) begin() {
	ctx := context.Background()
	for _, door := range []string{doorGRPC, doorREST} {
		own := connsvcv1.ConnectionService_ServiceDesc
		for _, rpc := range own.Methods {
			m.invalid.Add(ctx, 0, m.entrances.of(entrance{door, own.ServiceName + "/" + rpc.MethodName}))
		}
	}
}

func (m *metrics) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	c := callFrom(ctx)
	start := time.Now()
	inFlight := m.inFlight[c.door]
	inFlight.Add(1)
	defer inFlight.Add(-1)
	answer, err := handler(ctx, req)
	o := c.outcome()
	if o.reason == connsvcv1.ErrorReason_VALIDATION_FAILED {
		m.invalid.Add(ctx, 1, m.entrances.of(entrance{c.door, c.method}))
	}
	options := m.outcomes.of(o)
	m.duration.Record(ctx, time.Since(start).Seconds(), options.duration...)
	// Without the trace: an exemplar of a size would tell nothing.
	none := context.Background()
	m.requestSize.Record(none, c.bytesIn, options.size...)
	m.responseSize.Record(none, c.bytesOut, options.size...)
	return answer, err
}

// record counts a call that is none of connsvc's own: of health or reflection.
func (m *metrics) record(ctx context.Context, method string, code codes.Code, took time.Duration) {
	options := m.outcomes.of(outcome{door: doorGRPC, method: method, code: code})
	m.duration.Record(ctx, took.Seconds(), options.duration...)
}

// observeInFlight tells how many calls are in flight when somebody asks: that is far
// less often than they begin and end.
func (m *metrics) observeInFlight() metric.Int64Callback {
	options := map[string]metric.MeasurementOption{}
	for door := range m.inFlight {
		options[door] = metric.WithAttributeSet(attribute.NewSet(attribute.String("door", door)))
	}
	return func(_ context.Context, o metric.Int64Observer) error {
		for door, n := range m.inFlight {
			o.Observe(n.Load(), options[door])
		}
		return nil
	}
}

func (o outcome) options() outcomeOptions {
	which := []attribute.KeyValue{
		attribute.String("rpc.system.name", "grpc"), // the contract's, whichever the door
		attribute.String("rpc.method", o.method),
		attribute.String("door", o.door),
	}
	size := attribute.NewSet(which...)
	which = append(which, attribute.String("rpc.response.status_code", codeName(o.code)))
	if o.reason != connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		which = append(which, attribute.String("reason", o.reason.String()))
	}
	return outcomeOptions{
		duration: []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(which...))},
		size:     []metric.RecordOption{metric.WithAttributeSet(size)},
	}
}
