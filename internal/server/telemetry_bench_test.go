package server_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	metricnoop "go.opentelemetry.io/otel/metric/noop"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/upstream"
)

// silent is a telemetry that does nothing at all.
func silent(o *server.Options) {
	o.Telemetry = &telemetry.Telemetry{
		Log: slog.New(slog.DiscardHandler), Level: new(slog.LevelVar), Metrics: o.Telemetry.Metrics,
		Meter: metricnoop.NewMeterProvider().Meter(""), Tracer: tracenoop.NewTracerProvider().Tracer(""),
	}
}

// BenchmarkTelemetry compares calls with all telemetry on, each trace exported, with
// calls that have none, in turns, a DLI on loopback and the caller included. It
// reports the ratio of the processor time of the two: the export is part of it,
// though it holds up no call.
func BenchmarkTelemetry(b *testing.B) {
	// A call has two spans, and a batch 512: so a turn is two batches, and ends when
	// the collector has both.
	const turn = 512
	const turns = 4                                   // of a pair
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as cmd/connsvc does
	for _, d := range doors {
		b.Run(d.name, func(b *testing.B) {
			batches := make(chan struct{}, 2)
			taker := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				batches <- struct{}{}
			}))
			b.Cleanup(taker.Close)
			b.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", taker.URL)
			b.Setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
			tel, err := telemetry.New(io.Discard, slog.LevelInfo, telemetry.FromEnvironment(os.LookupEnv))
			if err != nil {
				b.Fatal(err)
			}
			observer, err := server.NewUpstreamObserver(tel)
			if err != nil {
				b.Fatal(err)
			}
			run := func(s *bench, traced bool) time.Duration {
				begin := processorTime(b)
				for range turn {
					if got := d.create(b, s, createRequest(), nil); got.code != "OK" {
						b.Fatalf("got %+v", got)
					}
				}
				if traced {
					<-batches
					<-batches
				}
				return processorTime(b) - begin
			}
			var took [2]time.Duration
			for b.Loop() {
				// Two alike differ by some percent, for as long as they last: so they are
				// made anew each time.
				off := start(b, service.New(newDLI(b, upstream.Options{})), setup{options: silent})
				on := start(b, service.New(newDLI(b, upstream.Options{Observe: observer.Observe, Meter: tel.Meter, Tracer: tel.Tracer})),
					setup{options: func(o *server.Options) { o.Telemetry = tel }})
				run(off, false)
				run(on, true)
				for range turns {
					took[0] += run(off, false)
					took[1] += run(on, true)
				}
			}
			if err := tel.Shutdown(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(took[1])/float64(took[0]), "on/off")
			b.ReportMetric(float64(took[0].Nanoseconds())/float64(b.N*turns*turn), "cpu-ns-off/call")
			b.ReportMetric(float64(took[1].Nanoseconds())/float64(b.N*turns*turn), "cpu-ns-on/call")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// newDLI makes the real client of a DLI that creates whatever it is asked for.
func newDLI(b *testing.B, o upstream.Options) *upstream.Router {
	b.Helper()
	dli := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"is_success":true,"message":"","connection_id":"`+connection+`"}`)
	}))
	b.Cleanup(dli.Close)
	o.Secret = func(*configv1.Secret) (string, error) { return "token", nil }
	router, err := upstream.New([]*configv1.Upstream{{
		Endpoint: dli.URL, Timeout: durationpb.New(time.Minute), Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
	}}, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { router.Close(context.Background()) })
	return router
}

// processorTime returns what this process has used of the processor.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
