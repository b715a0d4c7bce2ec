package chain

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOldestCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := inFlight{began: map[*Call]time.Time{}}
		var last *Call
		for i := range 12 {
			last = &Call{API: GRPC, Method: "m", ID: fmt.Sprint("id-", i)}
			f.begin(last)
			time.Sleep(time.Second)
		}
		f.end(last)
		got, all := f.oldest(2)
		want := []RunningCall{{GRPC, "m", "id-0", "12s"}, {GRPC, "m", "id-1", "11s"}}
		if diff := cmp.Diff(want, got); diff != "" || all != 11 {
			t.Errorf("%d calls (-want +got):\n%s", all, diff)
		}
	})
}
