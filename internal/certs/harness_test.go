package certs_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/certs/certstest"
)

// patience is how long a test waits for an expected event.
const patience = 20 * time.Second

// A watched is the listeners of certificates that are watched.
type watched struct {
	ports  map[string]net.Addr
	log    *syncBuffer
	reader *sdk.ManualReader
}

type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// watch loads the certificates of cfg, serves them and watches their files until
// the test ends.
func watch(t *testing.T, cfg *configv1.Config) *watched {
	t.Helper()
	w := &watched{ports: map[string]net.Addr{}, log: &syncBuffer{}, reader: sdk.NewManualReader()}
	all, err := certs.Load(cfg, certs.Options{
		Log:      slog.New(slog.NewTextHandler(w.log, nil)),
		Meter:    sdk.NewMeterProvider(sdk.WithReader(w.reader)).Meter("test"),
		Interval: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() { stop(); running.Wait() })
	running.Go(func() { all.Watch(ctx) })
	for port, c := range map[string]*certs.Certificate{"grpc": all.GRPC, "rest": all.REST, "admin": all.Admin} {
		if c == nil {
			continue
		}
		listener, err := tls.Listen("tcp", "127.0.0.1:0", c.Config())
		if err != nil {
			t.Fatal(err)
		}
		context.AfterFunc(ctx, func() { listener.Close() })
		running.Go(func() { greet(listener) })
		w.ports[port] = listener.Addr()
	}
	return w
}

// greet writes a byte to each connection and closes it.
func greet(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Write([]byte{0})
		conn.Close()
	}
}

// shown returns the common name of the certificate at a port.
func (w *watched) shown(port string, a *certstest.Authority) (string, error) {
	conn, err := tls.Dial("tcp", w.ports[port].String(), &tls.Config{RootCAs: a.Pool()})
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return "", err
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

// awaitShown waits until every port shows a certificate of this name.
func (w *watched) awaitShown(t *testing.T, a *certstest.Authority, want string) {
	t.Helper()
	for port := range w.ports {
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			got, err := w.shown(port, a)
			if err != nil {
				t.Fatalf("%s: %v", port, err)
			}
			if got == want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: shows %q, want %q", port, got, want)
			}
		}
	}
}

// reloads returns a sample of connsvc.tls.reloads.
func (w *watched) reloads(t *testing.T, port, result string) int64 {
	t.Helper()
	return w.sample(t, "connsvc.tls.reloads", attribute.String("port", port), attribute.String("result", result))
}

// sample returns a sample of a metric.
func (w *watched) sample(t *testing.T, name string, labels ...attribute.KeyValue) int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := w.reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	want := attribute.NewSet(labels...)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			var points []metricdata.DataPoint[int64]
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = data.DataPoints
			case metricdata.Gauge[int64]:
				points = data.DataPoints
			}
			for _, point := range points {
				if m.Name == name && point.Attributes == want {
					return point.Value
				}
			}
		}
	}
	t.Fatalf("no %s of %v", name, labels)
	return 0
}

// awaitReload waits until a result was counted once.
func (w *watched) awaitReload(t *testing.T, port, result string) {
	t.Helper()
	for deadline := time.Now().Add(patience); w.reloads(t, port, result) != 1; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d reloads are %s, want 1; log:\n%s", port, w.reloads(t, port, result), result, w.log)
		}
	}
}
