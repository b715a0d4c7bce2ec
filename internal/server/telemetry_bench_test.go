//go:build unix

package server_test

import (
	"context"
	"fmt"
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
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/service"
	safecreate "github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/service/waiting"
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

// BenchmarkTelemetry compares calls with all telemetry on with calls that have none,
// in turns, a DLI on loopback and the caller included: the smallest creates, of which
// each is traced and exported, or one in ten, as the caller's traceparent says. It
// reports the ratio of the processor time of the two: the export is part of it, though
// it holds up no call.
func BenchmarkTelemetry(b *testing.B) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as cmd/connsvc does
	for _, d := range apis {
		for _, traced := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/1 of %d traced", d.name, traced), func(b *testing.B) { compareTelemetry(b, d, traced) })
		}
	}
}

func compareTelemetry(b *testing.B, d api, traced int) {
	// A call has two spans, and a batch 512: so a turn is a batch, and ends when the
	// collector has it.
	const batch, turns = 512, 8
	calls := traced * batch / 2
	batches := make(chan struct{}, 1)
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
	run := func(s *bench, exports bool) time.Duration {
		begin := processorTime(b)
		for n := range calls {
			sampled := "00"
			if n%traced == 0 {
				sampled = "01"
			}
			md := metadata.MD{"traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-" + sampled}}
			if got := d.create(b, s, createRequest(), md); got.code != "OK" {
				b.Fatalf("got %+v", got)
			}
		}
		if exports {
			<-batches
		}
		return processorTime(b) - begin
	}
	var took [2]time.Duration
	for b.Loop() {
		// Two servers that are alike differ by some percent, for as long as they last,
		// and so do who is first and who is second: so all that changes.
		off := start(b, newService(b, newDLI(b, upstream.Options{})), setup{options: silent})
		on := start(b, newService(b, newDLI(b, upstream.Options{Meter: tel.Meter, Tracer: tel.Tracer})),
			setup{options: func(o *server.Options) { o.Telemetry = tel }})
		run(off, false)
		run(on, true)
		for turn := range turns {
			if turn%2 == 0 {
				took[0] += run(off, false)
			}
			took[1] += run(on, true)
			if turn%2 == 1 {
				took[0] += run(off, false)
			}
		}
	}
	if err := tel.Shutdown(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "on/off")
	b.ReportMetric(float64(took[0].Nanoseconds())/float64(b.N*turns*calls), "cpu-ns-off/call")
	b.ReportMetric(float64(took[1].Nanoseconds())/float64(b.N*turns*calls), "cpu-ns-on/call")
	b.ReportMetric(0, "ns/op")
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

func newService(b *testing.B, dli *upstream.Router) *service.Service {
	b.Helper()
	creates, err := safecreate.New(metricnoop.Meter{})
	if err != nil {
		b.Fatal(err)
	}
	waits, err := waiting.New(dli, metricnoop.Meter{})
	if err != nil {
		b.Fatal(err)
	}
	return service.New(dli, creates, waits)
}
