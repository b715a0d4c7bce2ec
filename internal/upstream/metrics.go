package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/connsvc/connsvc/internal/credentials"
)

// durationBounds are the buckets of the duration of attempts, in seconds.
var durationBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// counts is what happened at the upstreams of one name. A reload passes it on, so that
// no counter falls.
type counts struct {
	attempts    [lastOutcome]atomic.Int64
	durations   map[string]*[lastOutcome][]metric.RecordOption // labels, by full method: the keys do not change
	retries     atomic.Int64
	shared      atomic.Int64
	shed        [lastReason]atomic.Int64
	renewals    [lastRenewal]atomic.Int64
	unsolicited atomic.Int64
	// polls counts the calls that took from the budget of polls, and pollsDelayed those of
	// them that had to wait for it.
	polls, pollsDelayed atomic.Int64
	// credentialsRejected counts calls, not attempts.
	credentialsRejected atomic.Int64
	inFlight            atomic.Int64
	// writes counts the calls that may have changed something and have ended. It is
	// here because a reload must not reset it: see readKey.
	writes atomic.Uint64
}

// newCounts makes the labels of durations once: making them costs more than the
// measurement.
func newCounts(upstream string, operations map[string]*operation) *counts {
	c := &counts{durations: make(map[string]*[lastOutcome][]metric.RecordOption)}
	for method := range operations {
		labels := new([lastOutcome][]metric.RecordOption)
		for o := range labels {
			labels[o] = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
				attribute.String("upstream", upstream),
				attribute.String("rpc.method", method[1:]),
				attribute.String("outcome", outcomeNames[o]),
			))}
		}
		c.durations[method] = labels
	}
	return c
}

// An outcome is how an attempt ended.
type outcome int

const (
	outcomeOK outcome = iota
	outcomeUnreachable
	outcomeBroken
	outcomeTimeout
	outcomeCancelled
	outcomeRefused
	outcomeMalformed
	outcomeTooLarge
	outcome4xx
	outcome429
	outcome5xx
	lastOutcome
)

var outcomeNames = [lastOutcome]string{
	outcomeOK: "ok", outcomeUnreachable: "unreachable", outcomeBroken: "broken", outcomeTimeout: "timeout",
	outcomeCancelled: "cancelled", outcomeRefused: "refused", outcomeMalformed: "malformed", outcomeTooLarge: "too_large",
	outcome4xx: "status_4xx", outcome429: "status_429", outcome5xx: "status_5xx",
}

func outcomeOf(err *Error) outcome {
	if err == nil {
		return outcomeOK
	}
	switch err.Kind {
	case Unreachable:
		return outcomeUnreachable
	case Broken:
		return outcomeBroken
	case Timeout:
		return outcomeTimeout
	case Cancelled, NoRoom: // given up by connsvc
		return outcomeCancelled
	case Unsuccessful:
		return outcomeRefused
	case TooLarge:
		return outcomeTooLarge
	case Status:
		switch {
		case err.HTTPStatus == http.StatusTooManyRequests:
			return outcome429
		case err.HTTPStatus < http.StatusInternalServerError:
			return outcome4xx
		default:
			return outcome5xx
		}
	default:
		return outcomeMalformed
	}
}

// Why a call was not sent.
const (
	shedByBreaker = iota
	shedByLimit
	shedByCredentials
	lastReason
)

var shedReasons = [lastReason]string{shedByBreaker: "breaker", shedByLimit: "limit", shedByCredentials: "credentials"}

// lastRenewal is the number of results that an attempt to get credentials can have:
// 0 for success, or a credentials.Kind up to Closed.
const lastRenewal = credentials.Closed + 1

func renewalName(result int) string {
	if result == 0 {
		return "ok"
	}
	return credentials.Kind(result).String()
}

func renewalResult(err error) credentials.Kind {
	var e *credentials.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e) && e.Kind > 0 && e.Kind < lastRenewal:
		return e.Kind
	default:
		return credentials.Unavailable
	}
}

// metrics reads the counts and states of the upstreams when it is collected: a call only
// adds to numbers. Every attribute is from a closed set, and every series of an upstream
// exists from the start, except the durations.
type metrics struct {
	attempts, retries, shared, shed, renewals, unsolicited, rejected, polls, delayed metric.Int64ObservableCounter
	breaker, limit, inFlight, expiry                                                 metric.Int64ObservableGauge
}

// measure makes the metrics; a nil meter makes ones that nobody reads.
func (r *Router) measure(meter metric.Meter) error {
	if meter == nil {
		meter = noop.Meter{}
	}
	var m metrics
	var errs [14]error
	counter := func(name, description string) (c metric.Int64ObservableCounter, err error) {
		return meter.Int64ObservableCounter(name, metric.WithDescription(description))
	}
	gauge := func(name, description string) (g metric.Int64ObservableGauge, err error) {
		return meter.Int64ObservableGauge(name, metric.WithDescription(description))
	}
	r.duration, errs[0] = meter.Float64Histogram("connsvc.upstream.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of attempts at DLI."), metric.WithExplicitBucketBoundaries(durationBounds...))
	m.attempts, errs[1] = counter("connsvc.upstream.attempts", "HTTP calls to DLI.")
	m.retries, errs[2] = counter("connsvc.upstream.retries", "Attempts that retried a failed one.")
	m.shared, errs[3] = counter("connsvc.upstream.shared_reads", "Reads that shared the attempt of an identical one in flight.")
	m.shed, errs[4] = counter("connsvc.upstream.refused", "Calls that were not sent: the breaker is open, the limit is reached, or too many wait for credentials.")
	m.renewals, errs[5] = counter("connsvc.credentials.renewals", "Attempts to get new credentials.")
	m.unsolicited, errs[6] = counter("connsvc.upstream.unsolicited", "Connections that were dropped because DLI sent bytes before a request.")
	m.breaker, errs[7] = gauge("connsvc.upstream.breaker_state", "Whether calls are rejected while nobody has a response: 0 no (closed), 1 one call probes (half-open), 2 yes (open).")
	m.limit, errs[8] = gauge("connsvc.upstream.limit", "Most calls in flight, as of now.")
	m.inFlight, errs[9] = gauge("connsvc.upstream.in_flight", "HTTP calls to DLI in flight.")
	m.rejected, errs[10] = counter("connsvc.upstream.credentials.rejected", "Calls that failed because connsvc had no valid credentials for DLI.")
	m.polls, errs[11] = counter("connsvc.upstream.polls", "Calls to DLI for callers who wait or watch.")
	m.delayed, errs[12] = counter("connsvc.upstream.polls_delayed", "Calls for callers who wait or watch that max_calls_per_minute delayed.")
	m.expiry, errs[13] = meter.Int64ObservableGauge("connsvc.upstream.client_certificate.expiry.timestamp", metric.WithUnit("s"),
		metric.WithDescription("Expiry of the certificate that connsvc shows to DLI and IAM, in Unix time."))
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("making the metrics of the upstreams: %w", err)
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		m.observe(o, r.graph.Load())
		return nil
	}, m.attempts, m.retries, m.shared, m.shed, m.renewals, m.unsolicited, m.rejected, m.polls, m.delayed, m.breaker, m.limit, m.inFlight, m.expiry)
	if err != nil {
		return fmt.Errorf("registering the metrics of the upstreams: %w", err)
	}
	r.unregister = func() { _ = registration.Unregister() }
	return nil
}

// observe reports the configured upstreams. Upstreams of one name are one here.
func (m *metrics) observe(o metric.Observer, g *graph) {
	breaker, limit, expiry := make(map[string]int64), make(map[string]int64), make(map[string]int64)
	for _, c := range g.clients {
		if at := c.route.CertificateExpiry(); !at.IsZero() && (expiry[c.name] == 0 || at.Unix() < expiry[c.name]) {
			expiry[c.name] = at.Unix()
		}
		breaker[c.name] = max(breaker[c.name], c.breaker.state())
		limit[c.name] += c.limit.now()
	}
	for name, counts := range g.counts {
		upstream := attribute.String("upstream", name)
		with := func(more ...attribute.KeyValue) metric.MeasurementOption {
			return metric.WithAttributeSet(attribute.NewSet(append(more, upstream)...))
		}
		o.ObserveInt64(m.breaker, breaker[name], with())
		o.ObserveInt64(m.limit, limit[name], with())
		if at, ok := expiry[name]; ok {
			o.ObserveInt64(m.expiry, at, with())
		}
		o.ObserveInt64(m.inFlight, counts.inFlight.Load(), with())
		o.ObserveInt64(m.retries, counts.retries.Load(), with())
		o.ObserveInt64(m.shared, counts.shared.Load(), with())
		o.ObserveInt64(m.unsolicited, counts.unsolicited.Load(), with())
		o.ObserveInt64(m.polls, counts.polls.Load(), with())
		o.ObserveInt64(m.delayed, counts.pollsDelayed.Load(), with())
		o.ObserveInt64(m.rejected, counts.credentialsRejected.Load(), with())
		for i := range counts.shed {
			o.ObserveInt64(m.shed, counts.shed[i].Load(), with(attribute.String("reason", shedReasons[i])))
		}
		for i := range counts.renewals {
			o.ObserveInt64(m.renewals, counts.renewals[i].Load(), with(attribute.String("result", renewalName(i))))
		}
		for i := range counts.attempts {
			o.ObserveInt64(m.attempts, counts.attempts[i].Load(), with(attribute.String("outcome", outcomeNames[i])))
		}
	}
}
