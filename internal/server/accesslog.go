package server

import (
	"context"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// Longest texts of a caller's or a cause's in a log line, in bytes.
const (
	maxLoggedTarget = 256
	maxLoggedCaller = 256
	maxLoggedCause  = 1024
)

// maxOwnAttrs is how many fields of its own a line can have.
const maxOwnAttrs = 11

// accessLog writes one line for each call: never a body, a header or a query,
// so never a secret. The faults that are not the caller's are warnings.
type accessLog struct {
	// lines are handlers that have the fields of a lineKey in them already, encoded.
	lines *labels[lineKey, slog.Handler]
}

// A lineKey is what many calls have in common, of closed sets all of it.
type lineKey struct {
	outcome
	httpStatus int // 0 where no HTTP answer was sent
}

func newAccessLog(log *slog.Logger) accessLog {
	return accessLog{newLabels(func(k lineKey) slog.Handler { return log.Handler().WithAttrs(k.attrs()) })}
}

func (k lineKey) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("door", k.door), slog.String("method", k.method), slog.String("code", codeName(k.code))}
	if k.httpStatus != 0 {
		attrs = append(attrs, slog.Int("http_status", k.httpStatus))
	}
	if k.reason != connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		attrs = append(attrs, slog.String("reason", k.reason.String()))
	}
	return attrs
}

func (a accessLog) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	start := time.Now()
	answer, err := handler(ctx, req)
	c := callFrom(ctx)
	level := slog.LevelInfo
	if c.failure != nil && c.failure.HTTPStatus >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	to := a.lines.of(lineKey{c.outcome(), c.httpStatus})
	if !to.Enabled(ctx, level) {
		return answer, err
	}
	// To the handler itself: a logger would look up, for each line, what line of the
	// source it comes from.
	end := time.Now()
	line := slog.NewRecord(end, level, "call", 0)
	addOwn(ctx, &line, c, end.Sub(start))
	_ = to.Handle(ctx, line) // there is no one to tell
	return answer, err
}

// addOwn adds the fields of a call that are its own to its line.
func addOwn(ctx context.Context, line *slog.Record, c *call, took time.Duration) {
	upstream, dliRequestID := c.attempts()
	var room [maxOwnAttrs]slog.Attr // not on the heap: the line copies it
	attrs := append(room[:0],
		slog.String("request_id", c.id),
		slog.String("project", c.projectID()),
		slog.Int64("bytes_in", c.bytesIn),
		slog.Int64("bytes_out", c.bytesOut),
		slog.Int64("duration_us", took.Microseconds()),
	)
	if upstream > 0 {
		attrs = append(attrs, slog.Int64("upstream_us", upstream.Microseconds()))
	}
	if dliRequestID != "" {
		attrs = append(attrs, slog.String("dli_request_id", dliRequestID))
	}
	if from, ok := peer.FromContext(ctx); ok && from.Addr != nil {
		attrs = append(attrs, slog.String("peer", from.Addr.String()))
		if caller := certificateIdentity(from); caller != "" {
			attrs = append(attrs, slog.String("caller", truncate(caller, maxLoggedCaller)))
		}
	}
	if c.target != "" {
		attrs = append(attrs, slog.String("target", truncate(c.target, maxLoggedTarget)))
	}
	if e := c.failure; e != nil && e.Err != nil && e.HTTPStatus >= http.StatusInternalServerError {
		attrs = append(attrs, slog.String("cause", truncate(e.Err.Error(), maxLoggedCause)))
	}
	line.AddAttrs(attrs...)
}

// codeName returns a code as google.rpc spells it: INVALID_ARGUMENT.
func codeName(c codes.Code) string {
	return code.Code_name[int32(c)] //nolint:gosec // codes are 0 to 16; String() is ten times as slow
}

// truncate cuts s, between runes.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "..."
}
