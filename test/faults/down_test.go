package faults_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// down makes DLI reset every connection.
func down() faults.Rule {
	return faults.Rule{Operation: "*", Fault: *of(faults.ResetBefore)}
}

// measureOutage measures how fast calls fail while DLI is down and the breaker is open.
// Nothing reaches DLI then, and every error says when to retry.
func measureOutage(t *testing.T) []figure {
	u := documented()
	u.Protection.BreakerDelay = durationpb.New(time.Hour)
	b := newBench(t, 1, u)
	defer closeStage(t, b.Stage)
	b.fail(t, down())
	for reached := int64(-1); reached != b.dli.Calls(); {
		reached = b.dli.Calls()
		_ = b.GRPC.Call(t.Context(), methodPrefix+"GetEnhancedConnection", getOf(b.ids[0]), &connsvcv1.EnhancedConnection{})
	}
	reached := b.dli.Calls()
	var rows []figure
	for _, client := range b.Clients() {
		for _, call := range []struct {
			rpc  string
			req  proto.Message
			resp proto.Message
		}{
			{"GetEnhancedConnection", getOf(b.ids[0]), &connsvcv1.EnhancedConnection{}},
			{create, createOperations()[1].request(fixture{project: "p0"}), &connsvcv1.CreateEnhancedConnectionResponse{}},
		} {
			var s sample
			for range scaled(100, 5000) {
				began := time.Now()
				failure := client.Call(t.Context(), methodPrefix+call.rpc, call.req, call.resp)
				s.add(failure, time.Since(began))
			}
			s.check(t, unavailable)
			rows = append(rows, figure{
				fmt.Sprintf("DLI down, breaker open: %s over %s, 99th percentile", call.rpc, client.Name()),
				fmt.Sprintf("%.2f ms", milliseconds(s.percentile(0.99))), "under 5 ms",
			})
		}
	}
	if after := b.dli.Calls(); after != reached {
		t.Errorf("%d calls reached DLI through an open breaker", after-reached)
	}
	return rows
}

// measureRecovery measures how many calls DLI must answer until the breaker closes:
// one, the probe.
func measureRecovery(t *testing.T) []figure {
	const interval = 200 * time.Millisecond
	u := documented()
	u.Protection.BreakerDelay = durationpb.New(interval)
	b := newBench(t, 1, u)
	defer closeStage(t, b.Stage)
	get := func() bool {
		return b.GRPC.Call(t.Context(), methodPrefix+"GetEnhancedConnection", getOf(b.ids[0]), &connsvcv1.EnhancedConnection{}) == nil
	}
	var worst time.Duration
	for range scaled(2, 20) {
		b.fail(t, down())
		for range 100 { // enough to open the breaker, although calls are shared and retried
			get()
		}
		b.dli.Wait()
		b.fail(t)
		back, before := time.Now(), b.dli.Calls()
		for !get() {
			time.Sleep(time.Millisecond)
		}
		worst = max(worst, time.Since(back))
		if probes := b.dli.Calls() - before; probes != 1 {
			t.Errorf("the breaker closed after %d calls to DLI, want 1", probes)
		}
		for range 50 {
			if !get() {
				t.Error("a call failed after the breaker had closed")
			}
		}
	}
	return []figure{
		{"DLI back: calls that DLI answers until all go through", "1 (the probe)", "1"},
		{"DLI back: longest until calls go through, in probe intervals", fmt.Sprintf("%.2f", float64(worst)/float64(interval)), "1"},
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
