package upstream

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics read the counts and the states of the upstreams when they are asked for:
// a call only adds to numbers. Every attribute is of a closed set, and every series
// of an upstream is there from the start.
type metrics struct {
	attempts, retries, shared, refused, renewals metric.Int64ObservableCounter
	breaker, limit, inFlight                     metric.Int64ObservableGauge
}

// measure makes the metrics, if there is a meter.
func (r *Router) measure(meter metric.Meter) error {
	if meter == nil {
		return nil
	}
	var m metrics
	counters := []struct {
		at                *metric.Int64ObservableCounter
		name, description string
	}{
		{&m.attempts, "attempts", "HTTP calls to DLI."},
		{&m.retries, "retries", "Attempts that repeated one that failed."},
		{&m.shared, "shared_reads", "Reads that shared the attempts of an identical one in flight."},
		{&m.refused, "refused", "Calls that were not sent: the breaker is open, or the limit is reached."},
	}
	var err error
	for _, c := range counters {
		if *c.at, err = meter.Int64ObservableCounter("connsvc.upstream."+c.name, metric.WithDescription(c.description)); err != nil {
			return fmt.Errorf("making the metrics of the upstreams: %w", err)
		}
	}
	m.renewals, err = meter.Int64ObservableCounter("connsvc.credentials.renewals",
		metric.WithDescription("Attempts to get new credentials."))
	if err != nil {
		return fmt.Errorf("making the metrics of the upstreams: %w", err)
	}
	gauges := []struct {
		at                *metric.Int64ObservableGauge
		name, description string
	}{
		{&m.breaker, "breaker_state", "Whether calls are refused: 0 no (closed), 1 one tries (half-open), 2 yes (open)."},
		{&m.limit, "limit", "Most calls in flight, as of now."},
		{&m.inFlight, "in_flight", "HTTP calls to DLI in flight."},
	}
	for _, g := range gauges {
		if *g.at, err = meter.Int64ObservableGauge("connsvc.upstream."+g.name, metric.WithDescription(g.description)); err != nil {
			return fmt.Errorf("making the metrics of the upstreams: %w", err)
		}
	}
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		m.observe(o, r.graph.Load())
		return nil
	}, m.attempts, m.retries, m.shared, m.refused, m.renewals, m.breaker, m.limit, m.inFlight)
	if err != nil {
		return fmt.Errorf("registering the metrics of the upstreams: %w", err)
	}
	r.unregister = func() { _ = registration.Unregister() }
	return nil
}

// observe tells of every upstream that serves. Upstreams of one name are one here.
func (m *metrics) observe(o metric.Observer, g *graph) {
	breaker, limit := make(map[string]int64), make(map[string]int64)
	for _, c := range g.clients {
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
		o.ObserveInt64(m.inFlight, counts.inFlight.Load(), with())
		o.ObserveInt64(m.retries, counts.retries.Load(), with())
		o.ObserveInt64(m.shared, counts.shared.Load(), with())
		for i := range counts.refused {
			o.ObserveInt64(m.refused, counts.refused[i].Load(), with(attribute.String("reason", refusalNames[i])))
		}
		for i := range counts.renewals {
			o.ObserveInt64(m.renewals, counts.renewals[i].Load(), with(attribute.String("result", renewalName(i))))
		}
		for method, outcomes := range counts.attempts {
			for i := range outcomes {
				o.ObserveInt64(m.attempts, outcomes[i].Load(), with(
					attribute.String("method", method[1:]), attribute.String("outcome", outcomeNames[i])))
			}
		}
	}
}
