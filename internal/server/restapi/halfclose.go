package restapi

import (
	"context"
	"net/http"
	"time"

	"github.com/connsvc/connsvc/internal/server/chain"
)

// withDeadline returns the context of a call. It ends by its deadline, or when the caller
// leaves.
//
// A caller may close its sending side after its request and wait for the response. TCP
// shows that as it shows a caller who left, and net/http cancels the request's context for
// both; a write would tell them apart, but there is nothing to write yet. So a request
// without a body goes on for as long as the server would wait for more of a body. HTTP/2
// says what is cancelled. A long call ends at once: most of its callers leave before its
// end, and their places are needed.
func (g *gateway) withDeadline(r *http.Request, method string) (context.Context, context.CancelFunc) {
	parent := r.Context()
	if r.Body != http.NoBody || r.ProtoMajor != 1 || chain.IsLong(method) {
		return g.chain.WithDeadline(parent, method)
	}
	ctx, cancel := g.chain.WithDeadline(context.WithoutCancel(parent), method)
	unwatch := context.AfterFunc(parent, func() {
		g.linger(ctx)
		cancel()
	})
	return ctx, func() { unwatch(); cancel() }
}

func (g *gateway) linger(ctx context.Context) {
	timer := time.NewTimer(g.options.BodyTimeout)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	case <-g.options.Stopped:
	}
}
