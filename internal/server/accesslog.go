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
)

// Longest texts of a caller's or a cause's in a log line, in bytes.
const (
	maxLoggedTarget = 256
	maxLoggedCaller = 256
	maxLoggedCause  = 1024
)

// accessLog writes one line for each call: never a body, a header or a query,
// so never a secret. The faults that are not the caller's are warnings.
type accessLog struct{ log *slog.Logger }

func (a accessLog) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	start := time.Now()
	answer, err := handler(ctx, req)
	c := callFrom(ctx)
	level := slog.LevelInfo
	if c.failure != nil && c.failure.HTTPStatus >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if a.log.Enabled(ctx, level) {
		a.write(ctx, level, accessAttrs(ctx, c, time.Since(start)))
	}
	return answer, err
}

// write passes the line to the handler itself: the logger would look up, for each
// line, what line of the source it comes from.
func (a accessLog) write(ctx context.Context, level slog.Level, attrs []slog.Attr) {
	line := slog.NewRecord(time.Now(), level, "call", 0)
	line.AddAttrs(attrs...)
	_ = a.log.Handler().Handle(ctx, line) // there is no one to tell
}

func accessAttrs(ctx context.Context, c *call, took time.Duration) []slog.Attr {
	upstream, dliRequestID := c.attempts()
	attrs := make([]slog.Attr, 0, 20)
	attrs = append(attrs,
		slog.String("request_id", c.id),
		slog.String("door", c.door),
		slog.String("method", c.method),
		slog.String("project", c.projectID()),
		slog.String("code", codeName(outcomeCode(c))),
	)
	from, ok := peer.FromContext(ctx)
	if caller := certificateIdentity(from); caller != "" {
		attrs = append(attrs, slog.String("caller", truncate(caller, maxLoggedCaller)))
	}
	if c.door == doorREST {
		attrs = append(attrs, slog.Int("http_status", c.httpStatus))
	}
	attrs = append(attrs,
		slog.Int64("bytes_in", c.bytesIn),
		slog.Int64("bytes_out", c.bytesOut),
		slog.Float64("duration_ms", milliseconds(took)),
	)
	if upstream > 0 {
		attrs = append(attrs, slog.Float64("upstream_ms", milliseconds(upstream)))
	}
	if dliRequestID != "" {
		attrs = append(attrs, slog.String("dli_request_id", dliRequestID))
	}
	if ok && from.Addr != nil {
		attrs = append(attrs, slog.String("peer", from.Addr.String()))
	}
	if c.target != "" {
		attrs = append(attrs, slog.String("target", truncate(c.target, maxLoggedTarget)))
	}
	if e := c.failure; e != nil {
		attrs = append(attrs, slog.String("reason", e.Reason.String()))
		if e.Err != nil && e.HTTPStatus >= http.StatusInternalServerError {
			attrs = append(attrs, slog.String("cause", truncate(e.Err.Error(), maxLoggedCause)))
		}
	}
	return attrs
}

// outcomeCode returns the gRPC code that the call ended with.
func outcomeCode(c *call) codes.Code {
	if c.failure == nil {
		return codes.OK
	}
	return c.failure.Code()
}

// codeName returns a code as google.rpc spells it: INVALID_ARGUMENT.
func codeName(c codes.Code) string {
	return code.Code_name[int32(c)] //nolint:gosec // codes are 0 to 16; String() is ten times as slow
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

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
