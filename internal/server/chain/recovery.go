package chain

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// recover turns a panic into the error of the call: INTERNAL, or the reason of the
// *apierror.Error that was panicked with. Its text goes to the log alone. It is to be
// deferred.
func (ch *Chain) recover(ctx context.Context, c *Call, err *error) {
	value := recover()
	if value == nil {
		return
	}
	cause := &panicError{value}
	ch.log.LogAttrs(ctx, slog.LevelError, "panic",
		slog.String("request_id", c.ID),
		slog.String("rpc_method", c.Method),
		slog.String("panic", cause.Error()),
		slog.String("stack", string(debug.Stack())))
	reason := connsvcv1.ErrorReason_INTERNAL
	var thrown *apierror.Error
	if errors.As(cause, &thrown) {
		reason = thrown.Reason
	}
	*err = apierror.New(reason, "", cause)
}

// A panicError holds the value of a panic. It unwraps to an error, so that
// http.ErrAbortHandler is recognised.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}
