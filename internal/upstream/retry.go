package upstream

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	record "github.com/connsvc/connsvc/internal/call"
)

// retryMargin must remain of the caller's deadline when a retry is sent: time to send it
// and to return its result.
const retryMargin = 100 * time.Millisecond

// A retryPolicy says after which failures a call may be sent again.
type retryPolicy int

const (
	// notExecuted: only if DLI has certainly not executed the call.
	notExecuted retryPolicy = iota
	// idempotent: also if it may have executed the call.
	idempotent
)

// retryPolicies must have every RPC. The reasons are in docs/reliability.md; a test compares
// the two.
var retryPolicies = map[string]retryPolicy{
	connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName:         idempotent,
	connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName:       idempotent,
	connsvcv1.ConnectionService_ListPrivileges_FullMethodName:                idempotent,
	connsvcv1.ConnectionService_ListPrivilegesByObject_FullMethodName:        idempotent,
	connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName:      idempotent,
	connsvcv1.ConnectionService_UpdateEnhancedConnectionHosts_FullMethodName: idempotent,
	connsvcv1.ConnectionService_DeleteRoute_FullMethodName:                   idempotent,
	connsvcv1.ConnectionService_UpdatePrivileges_FullMethodName:              idempotent,
	connsvcv1.ConnectionService_GetConnectivityTest_FullMethodName:           idempotent,
	// A second test changes nothing.
	connsvcv1.ConnectionService_CreateConnectivityTest_FullMethodName: idempotent,
	// What DLI says to a second one is not documented: a queue that is bound already may
	// be an error.
	connsvcv1.ConnectionService_AssociateQueues_FullMethodName:    notExecuted,
	connsvcv1.ConnectionService_DisassociateQueues_FullMethodName: notExecuted,
	// A second one may create a second resource.
	connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName: notExecuted,
	connsvcv1.ConnectionService_CreateRoute_FullMethodName:              notExecuted,
}

// allows reports whether a call may be sent again after err.
func (p retryPolicy) allows(err *Error) bool {
	switch {
	case err.withoutCredentials():
		return false // credentials have pauses of their own
	case err.Kind == Unreachable:
		return true
	case err.Kind == Broken:
		return p == idempotent
	case err.Kind != Status:
		return false
	case err.HTTPStatus == http.StatusTooManyRequests:
		return true
	default:
		return p == idempotent && isUnavailable(err.HTTPStatus)
	}
}

// mayHaveExecuted reports whether DLI may have executed a call that failed with err.
func mayHaveExecuted(err *Error) bool {
	return err.Sent && (err.Kind != Status || isUnavailable(err.HTTPStatus))
}

// backoff is how often and when calls are retried.
type backoff struct {
	attempts  int // of one call, including the first
	base, max time.Duration
}

func newBackoff(cfg *configv1.Retry) backoff {
	return backoff{int(cfg.GetMaxAttempts()), cfg.GetBaseDelay().AsDuration(), cfg.GetMaxDelay().AsDuration()}
}

// delay returns how long to wait after the nth attempt: a random part of a growing
// delay, or as long as the upstream asked plus a random part of the base delay, so that
// callers that were asked the same do not return at the same moment. It returns false if
// the upstream asked for more than the maximum.
func (b backoff) delay(n int, asked time.Duration) (time.Duration, bool) {
	if asked > 0 {
		return asked + rand.N(b.base+1), asked <= b.max //nolint:gosec // no secret depends on it
	}
	ceiling := b.base
	for i := 1; i < n && ceiling < b.max; i++ {
		ceiling *= 2
	}
	return rand.N(min(ceiling, b.max) + 1), true //nolint:gosec // no secret depends on it
}

// doWithRetry sends a call until it succeeds, or its policy, its deadline or the budget
// does not allow another attempt.
func (c *Client) doWithRetry(ctx context.Context, call *call) *Error {
	var last *Error
	for n := 1; ; n++ {
		err := c.attemptOrShare(ctx, call, n > 1)
		if err == nil {
			return nil
		}
		if last != nil {
			if err.Kind == BreakerOpen || err.Kind == Shed {
				// What DLI said before is more useful than that nothing was sent now.
				last.RetryAfter = max(last.RetryAfter, err.RetryAfter)
				return last
			}
			err.MayHaveExecuted = last.MayHaveExecuted || mayHaveExecuted(last)
			err.Sent = err.Sent || last.Sent
		}
		if n >= c.backoff.attempts || !call.op.retry.allows(err) || !c.waitForRetry(ctx, call.source, n, err) {
			return err
		}
		if ctx.Err() != nil {
			ended := transportError(ctx, ctx.Err(), err.Sent)
			ended.MayHaveExecuted = err.MayHaveExecuted || mayHaveExecuted(err)
			return ended
		}
		// A response that broke off may have left fields.
		proto.Reset(call.response)
		last = err
	}
}

// attemptOrShare makes one attempt of a call when it has credentials. Reads may share one.
func (c *Client) attemptOrShare(ctx context.Context, call *call, retry bool) *Error {
	// Each caller waits for credentials itself, so that all who wait are counted.
	if err := c.credentials.Ready(ctx, call.project, call.source.caller); err != nil {
		return c.unauthorized(err)
	}
	if call.op.HTTPMethod == http.MethodGet {
		return c.shareAttempt(ctx, call, retry)
	}
	if retry {
		c.counts.retries.Add(1)
	}
	return c.sendWithReauth(ctx, call)
}

// sendWithReauth sends a call, and once more with new credentials if DLI rejected the
// first ones: it has not executed the call then, so even a create may be sent again.
func (c *Client) sendWithReauth(ctx context.Context, call *call) *Error {
	for renewed := false; ; renewed = true {
		a, err := c.attempt(ctx, call)
		if err == nil || err.HTTPStatus != http.StatusUnauthorized || renewed || !c.credentials.Refresh(ctx, a.request, call.project) {
			return err
		}
	}
}

// waitForRetry takes a retry from the budget and waits for its delay, or until ctx ends.
// It returns false, at once, if the call must not be retried.
func (c *Client) waitForRetry(ctx context.Context, s source, n int, err *Error) bool {
	delay, ok := c.backoff.delay(n, err.RetryAfter)
	if deadline, bounded := ctx.Deadline(); bounded && time.Until(deadline) < delay+retryMargin {
		ok = false
	}
	if !ok || !c.budget.withdraw(s) {
		return false
	}
	record.Sleep(ctx, delay)
	return true
}
