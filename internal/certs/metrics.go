package certs

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The results of reading changed files.
const (
	reloadOK     = "ok"
	reloadFailed = "failed"
)

type metrics struct {
	meter    metric.Meter
	reloads  metric.Int64Counter
	expiry   metric.Int64ObservableGauge
	caExpiry metric.Int64ObservableGauge
}

func newMetrics(meter metric.Meter) (*metrics, error) {
	var errs [3]error
	m := &metrics{meter: meter}
	m.reloads, errs[0] = meter.Int64Counter("connsvc.tls.reloads",
		metric.WithDescription("Changes of certificate files: ok, or failed if the previous certificate stays active."))
	m.expiry, errs[1] = meter.Int64ObservableGauge("connsvc.tls.certificate.expiry.timestamp", metric.WithUnit("s"),
		metric.WithDescription("Expiry of the port's certificate, in Unix time."))
	m.caExpiry, errs[2] = meter.Int64ObservableGauge("connsvc.tls.client_ca.expiry.timestamp", metric.WithUnit("s"),
		metric.WithDescription("Expiry of the port's client CA that expires first, in Unix time."))
	return m, errors.Join(errs[:]...)
}

// observe starts the series of all certificates.
func (m *metrics) observe(all []*Certificate) error {
	for _, c := range all {
		for _, result := range []string{reloadOK, reloadFailed} {
			m.reloads.Add(context.Background(), 0, reloadOptions(c.listener, result))
		}
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, c := range all {
			current, port := c.current.Load(), metric.WithAttributes(attribute.String("port", c.listener))
			o.ObserveInt64(m.expiry, current.expiry.Unix(), port)
			if len(current.clientCAs) > 0 {
				o.ObserveInt64(m.caExpiry, current.clientCAExpiry(time.Now()).Unix(), port)
			}
		}
		return nil
	}, m.expiry, m.caExpiry)
	return err
}

func (m *metrics) reloaded(ctx context.Context, listener, result string) {
	m.reloads.Add(ctx, 1, reloadOptions(listener, result))
}

func reloadOptions(listener, result string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("port", listener), attribute.String("result", result))
}
