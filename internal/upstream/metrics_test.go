package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
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
			default:
				t.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	return series
}

func TestMetrics(t *testing.T) {
	reader := sdk.NewManualReader()
	o := upstream.Options{Meter: sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test")}
	endpoint := newServer(t, failing(0, 0))
	down := newServer(t, answer(503, ""))
	a, b := protected(endpoint, "a"), protected(down)
	a.Name, b.Name = "a", "b"
	b.Protection.BreakerFailures = 1
	r := router(t, o, a, b)

	// Every series is there from the start: 12 RPCs by 11 outcomes, and the others.
	before := collect(t, reader)
	if want := 2 * (12*11 + 2 /* refused */ + 10 /* renewals */ + 5); len(before) != want {
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
		"connsvc.upstream.attempts{method=connsvc.v1.ConnectionService/GetEnhancedConnection,outcome=ok,upstream=a}":            1,
		"connsvc.upstream.attempts{method=connsvc.v1.ConnectionService/CreateEnhancedConnection,outcome=status_5xx,upstream=b}": 1,
		"connsvc.upstream.refused{reason=breaker,upstream=b}":                                                                   1,
		"connsvc.upstream.breaker_state{upstream=a}":                                                                            0,
		"connsvc.upstream.breaker_state{upstream=b}":                                                                            2,
		"connsvc.upstream.limit{upstream=a}":                                                                                    200,
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
	if got["connsvc.upstream.attempts{method=connsvc.v1.ConnectionService/GetEnhancedConnection,outcome=ok,upstream=a}"] != 1 {
		t.Error("a reload made a counter fall")
	}
	for series := range got {
		if strings.Contains(series, "upstream=b}") {
			t.Errorf("%s is of an upstream that is gone", series)
		}
	}
	r.Close(t.Context())
	if got := collect(t, reader); len(got) != 0 {
		t.Errorf("a closed router is measured: %v", got)
	}
}

// Upstreams of one name are one in the metrics.
func TestMetricsOfOneName(t *testing.T) {
	reader := sdk.NewManualReader()
	o := upstream.Options{Meter: sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test")}
	endpoint := newServer(t, answer(200, `{}`))
	both := []*configv1.Upstream{protected(endpoint, "a"), protected(endpoint, "b")}
	r := router(t, o, both...)
	_, _ = serving(t, r, "a"), serving(t, r, "b")
	// Each keeps a client of its own, though they are alike.
	if err := r.Reload(both); err != nil {
		t.Fatal(err)
	}
	got := collect(t, reader)
	const attempts = "connsvc.upstream.attempts{method=connsvc.v1.ConnectionService/GetEnhancedConnection,outcome=ok,upstream=127.0.0.1}"
	if got[attempts] != 2 || got["connsvc.upstream.limit{upstream=127.0.0.1}"] != 400 {
		t.Errorf("series %v", got)
	}
}

// The observer of renewals and their metric know of a secret that cannot be read.
func TestRenewals(t *testing.T) {
	reader := sdk.NewManualReader()
	var told []string
	file := t.TempDir() + "/token"
	write(t, file, "first-token")
	o := upstream.Options{
		Secret: fromFile,
		Meter:  sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test"),
		Renewed: func(upstream string, r credentials.Renewal) {
			told = append(told, fmt.Sprint(upstream, " ", r.Source, " ", r.Err != nil))
		},
	}
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
	if want := []string{"n token false", "n token true"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	got := collect(t, reader)
	if got["connsvc.credentials.renewals{result=ok,upstream=n}"] != 1 || got["connsvc.credentials.renewals{result=unreadable,upstream=n}"] != 1 {
		t.Errorf("series %v", got)
	}
}

// What observers are told of an attempt is theirs: the call goes on with its own.
func TestObservedErrorIsACopy(t *testing.T) {
	var seen *upstream.Error
	o := upstream.Options{Observe: func(_ context.Context, a upstream.Attempt) {
		if errors.As(a.Err, &seen) {
			seen.Message = "changed"
		}
	}}
	r := served(t, o, answer(400, `{"error_code":"DLI.0001","error_msg":"m"}`))
	if e := failure(t, callCreate(t.Context(), r)); seen == nil || e == seen || e.Message != "m" {
		t.Errorf("the call ended with %+v", *e)
	}
}
