package chain

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

var (
	durationBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	sizeBounds     = []float64{256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20}
)

// Metrics count and time the calls of both APIs. Every attribute is of a closed set:
// nothing that a caller makes up becomes a label.
type Metrics struct {
	duration                  metric.Float64Histogram
	requestSize, responseSize metric.Int64Histogram
	inFlight                  inFlight
	outcomes                  *labels[outcome, outcomeOptions]
	invalid                   metric.Int64Counter
	methods                   *labels[apiMethod, metric.MeasurementOption]
}

// An apiMethod is an RPC of an API.
type apiMethod struct{ api, method string }

func (a apiMethod) options() metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("api", a.api), attribute.String("rpc.method", a.method)))
}

// An outcome is the attributes by which metrics tell calls apart.
type outcome struct {
	api, method string
	code        codes.Code // that the call ended with
	reason      connsvcv1.ErrorReason
}

func (c *Call) outcome() outcome {
	o := outcome{api: c.API, method: c.Method}
	if c.Failure != nil {
		o.code, o.reason = c.Failure.Code(), c.Failure.Reason
	}
	return o
}

// outcomeOptions are the options of an outcome, made once.
type outcomeOptions struct{ duration, size []metric.RecordOption }

func newMetrics(meter metric.Meter, version string) (*Metrics, error) {
	var errs [6]error
	m := &Metrics{
		inFlight: inFlight{began: map[*Call]time.Time{}},
		outcomes: newLabels(outcome.options), methods: newLabels(apiMethod.options),
	}
	m.duration, errs[0] = meter.Float64Histogram("rpc.server.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of calls, of both APIs."), metric.WithExplicitBucketBoundaries(durationBounds...))
	m.requestSize, errs[1] = meter.Int64Histogram("connsvc.request.size", metric.WithUnit("By"),
		metric.WithDescription("Size of requests, uncompressed."), metric.WithExplicitBucketBoundaries(sizeBounds...))
	m.responseSize, errs[2] = meter.Int64Histogram("connsvc.response.size", metric.WithUnit("By"),
		metric.WithDescription("Size of responses, uncompressed."), metric.WithExplicitBucketBoundaries(sizeBounds...))
	_, errs[3] = meter.Int64ObservableUpDownCounter("connsvc.calls.in_flight",
		metric.WithDescription("Calls in flight."), metric.WithInt64Callback(m.observeInFlight))
	var build metric.Int64Gauge
	build, errs[4] = meter.Int64Gauge("connsvc.build.info", metric.WithDescription("Always 1; version is the version that runs."))
	m.invalid, errs[5] = meter.Int64Counter("connsvc.validation.failures",
		metric.WithDescription("Calls rejected as invalid, by connsvc or by DLI."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	m.initialize()
	build.Record(context.Background(), 1, metric.WithAttributes(attribute.String("version", version)))
	return m, nil
}

// initialize creates the series of counters at 0: a first increase can be seen only of
// a series that exists.
func (m *Metrics) initialize() {
	ctx := context.Background()
	for _, api := range []string{GRPC, REST} {
		own := connsvcv1.ConnectionService_ServiceDesc
		for _, rpc := range own.Methods {
			m.invalid.Add(ctx, 0, m.methods.of(apiMethod{api, own.ServiceName + "/" + rpc.MethodName}))
		}
		for _, rpc := range own.Streams {
			m.invalid.Add(ctx, 0, m.methods.of(apiMethod{api, own.ServiceName + "/" + rpc.StreamName}))
		}
	}
}

// record records how a call ended.
func (m *Metrics) record(ctx context.Context, c *Call, took time.Duration) {
	o := c.outcome()
	if o.reason == connsvcv1.ErrorReason_VALIDATION_FAILED {
		m.invalid.Add(ctx, 1, m.methods.of(apiMethod{c.API, c.Method}))
	}
	options := m.outcomes.of(o)
	m.duration.Record(ctx, took.Seconds(), options.duration...)
	// Without the trace: an exemplar of a size would say nothing.
	none := context.Background()
	m.requestSize.Record(none, c.BytesIn, options.size...)
	m.responseSize.Record(none, c.BytesOut, options.size...)
}

// RecordAuxiliary records a gRPC call that does not pass the chain: of health or reflection.
func (m *Metrics) RecordAuxiliary(ctx context.Context, method string, code codes.Code, took time.Duration) {
	options := m.outcomes.of(outcome{api: GRPC, method: method, code: code})
	m.duration.Record(ctx, took.Seconds(), options.duration...)
}

// InFlight returns the calls in flight of both APIs that began first, at most limit, and
// how many there are.
func (m *Metrics) InFlight(limit int) (oldest []RunningCall, all int) {
	return m.inFlight.oldest(limit)
}

// observeInFlight reports the calls in flight at each collection.
func (m *Metrics) observeInFlight(_ context.Context, o metric.Int64Observer) error {
	for api, n := range m.inFlight.count() {
		o.Observe(n, metric.WithAttributes(attribute.String("api", api)))
	}
	return nil
}

// systemName returns rpc.system.name: OpenTelemetry has no name for an RPC as a plain
// HTTP request.
func systemName(api string) string {
	if api == REST {
		return "http"
	}
	return "grpc"
}

func (o outcome) options() outcomeOptions {
	which := []attribute.KeyValue{
		attribute.String("rpc.system.name", systemName(o.api)),
		attribute.String("rpc.method", o.method),
		attribute.String("api", o.api),
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
