package upstream_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// collect returns every series as name{attributes}, with its value.
func collect(t *testing.T, reader *sdk.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	series := make(map[string]int64)
	add := func(name string, points []metricdata.DataPoint[int64]) {
		for _, p := range points {
			series[name+"{"+p.Attributes.Encoded(attribute.DefaultEncoder())+"}"] += p.Value
		}
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				add(m.Name, data.DataPoints)
			case metricdata.Gauge[int64]:
				add(m.Name, data.DataPoints)
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					series[m.Name+"{"+p.Attributes.Encoded(attribute.DefaultEncoder())+"}"] += int64(p.Count)
				}
			default:
				t.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	return series
}

// measured returns options with a meter, and what reads it.
func measured(o upstream.Options) (upstream.Options, *sdk.ManualReader) {
	reader := sdk.NewManualReader()
	o.Meter = sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test")
	return o, reader
}

// stats are the metrics of all upstreams, summed up.
type stats struct {
	attempts, shared, shedByBreaker, shedByLimit, inFlight, limit, unsolicited int64
	breakerOpen                                                                bool
}

func statsOf(t *testing.T, reader *sdk.ManualReader) stats {
	t.Helper()
	series := collect(t, reader)
	sum := func(name, attribute string) (n int64) {
		for s, value := range series {
			if strings.HasPrefix(s, "connsvc.upstream."+name+"{") && strings.Contains(s, attribute) {
				n += value
			}
		}
		return n
	}
	return stats{
		attempts: sum("attempts", ""), shared: sum("shared_reads", ""), inFlight: sum("in_flight", ""), limit: sum("limit", ""),
		shedByBreaker: sum("refused", "reason=breaker"), shedByLimit: sum("refused", "reason=limit"),
		unsolicited: sum("unsolicited", ""), breakerOpen: sum("breaker_state", "") == 2,
	}
}

func TestMetrics(t *testing.T) {
	o, reader := measured(upstream.Options{})
	endpoint := newServer(t, failing(0, 0))
	down := newServer(t, answer(503, ""))
	a, b := protected(endpoint, "a"), protected(down)
	a.Name, b.Name = "a", "b"
	b.Protection.BreakerFailures = 1
	r := router(t, o, a, b)

	// Every series is there from the start: 11 outcomes, and the others.
	before := collect(t, reader)
	if want := 2 * (11 + 3 /* refused */ + 10 /* renewals */ + 9); len(before) != want {
		t.Errorf("%d series, want %d: %v", len(before), want, before)
	}
	for name, value := range before {
		if value != 0 && !strings.HasPrefix(name, "connsvc.upstream.limit{") {
			t.Errorf("%s is %d from the start", name, value)
		}
	}
	_ = serving(t, r, "a")
	for range 2 {
		_ = callCreate(t.Context(), r)
	}
	got := collect(t, reader)
	for series, want := range map[string]int64{
		"connsvc.upstream.attempts{outcome=ok,upstream=a}":                                                                          1,
		"connsvc.upstream.attempts{outcome=status_5xx,upstream=b}":                                                                  1,
		"connsvc.upstream.duration{outcome=ok,rpc.method=connsvc.v1.ConnectionService/GetEnhancedConnection,upstream=a}":            1,
		"connsvc.upstream.duration{outcome=status_5xx,rpc.method=connsvc.v1.ConnectionService/CreateEnhancedConnection,upstream=b}": 1,
		"connsvc.upstream.refused{reason=breaker,upstream=b}":                                                                       1,
		"connsvc.upstream.breaker_state{upstream=a}":                                                                                0,
		"connsvc.upstream.breaker_state{upstream=b}":                                                                                2,
		"connsvc.upstream.limit{upstream=a}":                                                                                        200,
	} {
		if value, ok := got[series]; value != want || !ok {
			t.Errorf("%s is %d, %t, want %d", series, value, ok, want)
		}
	}

	// A reload makes no counter of an upstream fall that is still there, and forgets
	// those that are not.
	changed := protected(down, "a")
	changed.Name = "a"
	if err := r.Reload([]*configv1.Upstream{changed}); err != nil {
		t.Fatal(err)
	}
	got = collect(t, reader)
	if got["connsvc.upstream.attempts{outcome=ok,upstream=a}"] != 1 {
		t.Error("a reload made a counter fall")
	}
	for series := range got {
		if strings.Contains(series, "upstream=b}") && !strings.HasPrefix(series, "connsvc.upstream.duration{") {
			t.Errorf("%s is of an upstream that is gone", series)
		}
	}
	r.Close(t.Context())
	for series := range collect(t, reader) {
		if !strings.HasPrefix(series, "connsvc.upstream.duration{") {
			t.Errorf("a closed router is measured: %s", series)
		}
	}
}

// Upstreams of one name are one in the metrics.
func TestMetricsOfOneName(t *testing.T) {
	o, reader := measured(upstream.Options{})
	endpoint := newServer(t, answer(200, `{}`))
	both := []*configv1.Upstream{protected(endpoint, "a"), protected(endpoint, "b")}
	r := router(t, o, both...)
	_, _ = serving(t, r, "a"), serving(t, r, "b")
	// They stay one after a reload.
	if err := r.Reload(both); err != nil {
		t.Fatal(err)
	}
	got := collect(t, reader)
	const attempts = "connsvc.upstream.attempts{outcome=ok,upstream=127.0.0.1}"
	if got[attempts] != 2 || got["connsvc.upstream.limit{upstream=127.0.0.1}"] != 400 {
		t.Errorf("series %v", got)
	}
}

// A secret that cannot be read is counted and logged, as is one that was renewed.
func TestRenewals(t *testing.T) {
	o, reader := measured(upstream.Options{Secret: fromFile})
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	file := t.TempDir() + "/token"
	write(t, file, "first-token")
	u := &configv1.Upstream{Name: "n", Endpoint: newServer(t, answer(401, `{}`)), Credentials: &configv1.Upstream_Token{
		Token: &configv1.Secret{Source: &configv1.Secret_File{File: file}},
	}}
	r, err := upstream.New([]*configv1.Upstream{u}, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close(t.Context())
	write(t, file, "second-token")
	_ = callCreate(t.Context(), r)
	write(t, file, "")
	_ = callCreate(t.Context(), r)
	lines := strings.SplitAfter(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "level=INFO") || !strings.Contains(lines[1], "level=WARN") ||
		strings.Count(log.String(), "upstream=n source=token") != 2 || strings.Contains(log.String(), "second-token") {
		t.Errorf("logged %q", lines)
	}
	got := collect(t, reader)
	if got["connsvc.credentials.renewals{result=ok,upstream=n}"] != 1 || got["connsvc.credentials.renewals{result=unreadable,upstream=n}"] != 1 {
		t.Errorf("series %v", got)
	}
}

// A call that DLI rejects for connsvc's own credentials is counted, not one with the
// caller's.
func TestCredentialsRejected(t *testing.T) {
	o, reader := measured(upstream.Options{})
	endpoint := newServer(t, answer(401, `{}`))
	r := router(t, o, &configv1.Upstream{Name: "own", Endpoint: endpoint, Projects: []string{"a"}, Credentials: &configv1.Upstream_Token{
		Token: &configv1.Secret{Source: &configv1.Secret_Env{Env: "TOKEN"}},
	}}, &configv1.Upstream{Name: "callers", Endpoint: endpoint, Projects: []string{"b"}, Credentials: &configv1.Upstream_PassThrough{}})
	_, _ = serving(t, r, "a"), serving(t, r, "b")
	got := collect(t, reader)
	const rejected = "connsvc.upstream.credentials.rejected{upstream="
	if got[rejected+"own}"] != 1 || got[rejected+"callers}"] != 0 {
		t.Errorf("series %v", got)
	}
}

// The duration of attempts has the buckets of the duration of calls.
func TestDurationBuckets(t *testing.T) {
	o, reader := measured(upstream.Options{})
	_ = callCreate(t.Context(), served(t, o, answer(200, `{}`)))
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if h, ok := m.Data.(metricdata.Histogram[float64]); ok {
			want := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
			if !slices.Equal(h.DataPoints[0].Bounds, want) || m.Unit != "s" {
				t.Errorf("buckets %v of %s", h.DataPoints[0].Bounds, m.Unit)
			}
			return
		}
	}
	t.Error("there is no histogram")
}

// Bytes that nobody asked for are counted as an upstream's.
func TestUnsolicitedBytesAreCounted(t *testing.T) {
	o, reader := measured(upstream.Options{})
	var log bytes.Buffer
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	r := served(t, o, func(w http.ResponseWriter, _ *http.Request) {
		c, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		_, _ = buffer.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}stray")
		_ = buffer.Flush()
		_, _ = c.Read(make([]byte, 1)) // until the client closes it
	})
	for range 2 {
		if err := callCreate(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
	if got := statsOf(t, reader).unsolicited; got != 1 || strings.Count(log.String(), "upstream=127.0.0.1") != 1 {
		t.Errorf("%d connections were counted, logged: %s", got, log.String())
	}
}
