package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// recovery turns a panic into INTERNAL, or into the reason of the apierror.Error
// that it was thrown with: the caller is told nothing else of it, the log has all.
type recovery struct{ log *slog.Logger }

func (r recovery) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (answer any, err error) {
	defer func() {
		value := recover()
		if value == nil {
			return
		}
		c := callFrom(ctx)
		cause := &panicError{value}
		r.log.LogAttrs(ctx, slog.LevelError, "panic",
			slog.String("request_id", c.id),
			slog.String("method", c.method),
			slog.String("panic", cause.Error()),
			slog.String("stack", string(debug.Stack())))
		reason := connsvcv1.ErrorReason_INTERNAL
		var thrown *apierror.Error
		if errors.As(cause, &thrown) {
			reason = thrown.Reason
		}
		answer, err = nil, apierror.New(reason, "", cause)
	}()
	return handler(ctx, req)
}

// A panicError is what was panicked with. It unwraps to that where it is an
// error, so that http.ErrAbortHandler is seen for what it is.
type panicError struct{ value any }

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}
