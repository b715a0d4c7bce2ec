package create

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/connsvc/connsvc/internal/call"
)

const (
	// firstPause is doubled for each further one, up to longestPause.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// poll calls look until it is done, at most until the given time and while there is time
// to respond. Pauses grow. No look takes more than half of the time that is left.
func (n *creation) poll(ctx context.Context, until time.Time, look func(context.Context) (done bool)) {
	if n.bounded && n.respondBy.Before(until) {
		until = n.respondBy
	}
	for try := 1; ctx.Err() == nil; try++ {
		if left := time.Until(until); left <= 0 || lookOnce(ctx, left, look) {
			return
		}
		left := time.Until(until)
		if !call.Sleep(ctx, min(pause(try), max(left/2, firstPause), left)) {
			return
		}
	}
}

func lookOnce(ctx context.Context, left time.Duration, look func(context.Context) bool) bool {
	const shortest = time.Second
	ctx, cancel := context.WithTimeout(ctx, min(left, max(left/2, shortest)))
	defer cancel()
	return look(ctx)
}

// pause is the pause after the nth try. It varies, so that replicas that wait for the
// same connection do not come back together.
func pause(try int) time.Duration {
	d := min(firstPause<<min(try-1, 10), longestPause)
	return d + time.Duration((rand.Float64()-0.5)*float64(d)/2) //nolint:gosec // no secret
}
