package server

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// The results of reading certificates again.
const (
	reloadOK     = "ok"
	reloadFailed = "failed"
)

// tlsMetrics tell of the certificates of the ports.
type tlsMetrics struct {
	meter   metric.Meter
	reloads metric.Int64Counter
	expiry  metric.Int64ObservableGauge
}

func newTLSMetrics(meter metric.Meter) (*tlsMetrics, error) {
	var errs [2]error
	m := &tlsMetrics{meter: meter}
	m.reloads, errs[0] = meter.Int64Counter("connsvc.tls.reloads",
		metric.WithDescription("Certificates that changed: ok, or failed where the one before stays."))
	m.expiry, errs[1] = meter.Int64ObservableGauge("connsvc.tls.certificate.expiry.timestamp", metric.WithUnit("s"),
		metric.WithDescription("When the certificate of the port expires, in Unix time."))
	return m, errors.Join(errs[:]...)
}

// watch begins to tell of the certificates.
func (m *tlsMetrics) watch(all []*certificate) error {
	for _, c := range all {
		for _, result := range []string{reloadOK, reloadFailed} {
			m.reloads.Add(context.Background(), 0, reloadOptions(c.port, result))
		}
	}
	_, err := m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		for _, c := range all {
			o.ObserveInt64(m.expiry, c.expiry.Load(), metric.WithAttributes(attribute.String("port", c.port)))
		}
		return nil
	}, m.expiry)
	return err
}

func (m *tlsMetrics) reloaded(ctx context.Context, port, result string) {
	m.reloads.Add(ctx, 1, reloadOptions(port, result))
}

func reloadOptions(port, result string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String("port", port), attribute.String("result", result))
}
