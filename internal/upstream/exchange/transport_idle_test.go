//go:build unix

package exchange

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// An idle connection is closed when its time is over: each at its own.
func TestIdleForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		to.begin(t, 2)()
		time.Sleep(idleTimeout / 2)
		to.want(t, http.MethodGet, "good")
		time.Sleep(idleTimeout / 2)
		wantOpen(t, open, 1)
		time.Sleep(idleTimeout / 2)
		wantOpen(t, open, 0)
		to.want(t, http.MethodGet, "good")
		time.Sleep(idleTimeout)
		wantOpen(t, open, 0)
	})
}

// No more than so many connections are kept.
func TestTooManyIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		end := to.begin(t, maxIdle+2)
		wantOpen(t, open, maxIdle+2)
		end()
		wantOpen(t, open, maxIdle)
		to.Close()
		wantOpen(t, open, 0)
	})
}

// A closed transport keeps nothing: what is under way ends, and its connection with it.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		end := to.begin(t, 2)
		to.begin(t, 1)()
		wantOpen(t, open, 3)
		to.Close()
		wantOpen(t, open, 2)
		end()
		wantOpen(t, open, 0)
		if to.idle != nil {
			t.Error("connections are kept")
		}
	})
}
