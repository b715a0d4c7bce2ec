package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestStopUnderCallers stops one replica while clients that connect for each call still
// call it, without a drain delay: each gets its response, or finds the port closed.
func TestStopUnderCallers(t *testing.T) {
	const callers, before = 16, 200
	config, err := writeConfig(t.TempDir(), startEmulator(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := startReplica(t.Context(), "replica", config)
	if err != nil {
		t.Fatal(err)
	}
	d := newDialingClient("http://" + r.REST)
	defer d.close()
	var calling sync.WaitGroup
	var answered, refused atomic.Int64
	lost := newTally()
	warm := make(chan struct{})
	for caller := range callers {
		calling.Go(func() {
			for n := 0; ; n++ {
				ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
				kind := kindCreate
				var err error
				if n%2 == 0 {
					_, err = d.create(ctx, newCreate(fmt.Sprintf("stop_%d_%d", caller, n)))
				} else {
					kind = kindList
					_, err = d.list(ctx, 10)
				}
				cancel()
				switch {
				case errors.Is(err, syscall.ECONNREFUSED):
					refused.Add(1)
					return
				case err != nil:
					lost.add("REST", kind, err)
					return
				case answered.Add(1) == before:
					close(warm)
				}
			}
		})
	}
	select {
	case <-warm:
	case <-time.After(startTimeout):
		t.Error("the calls do not succeed")
	}
	drain, err := r.stop()
	if err != nil {
		t.Error(err)
	}
	calling.Wait()
	t.Logf("%d calls answered, %d refused, %d lost, ended after %v", answered.Load(), refused.Load(), lost.sum("").failed, drain)
	for reason, n := range lost.reasons {
		t.Errorf("%d x %s", n, reason)
	}
}
