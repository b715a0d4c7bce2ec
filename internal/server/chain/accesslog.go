package chain

import (
	"context"
	"log/slog"
	"net/http"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// The longest texts in a log line, in bytes.
const (
	maxLoggedTarget = 256
	maxLoggedCaller = 256
	maxLoggedCause  = 1024
)

// maxOwnAttrs is how many fields addOwn can add.
const maxOwnAttrs = 13

// accessLog writes one line for each call: never a body, a header or a query, so
// never a secret. A failure that is not the caller's fault is a warning.
type accessLog struct {
	rejections *telemetry.Limiter
	// handlers have encoded the fields of a lineKey already.
	handlers *labels[lineKey, slog.Handler]
}

// A lineKey holds the fields that many calls share, each of a closed set.
type lineKey struct {
	outcome
	httpStatus int // 0 where no HTTP response was sent
}

// The lines of calls that connsvc rejected: so many per second, and so many at once.
const rejectionsPerSecond, rejectionBurst = 100, 1000

func newAccessLog(log *slog.Logger) accessLog {
	return accessLog{telemetry.NewLimiter(rejectionsPerSecond, rejectionBurst), newLabels(func(k lineKey) slog.Handler { return log.Handler().WithAttrs(k.attrs()) })}
}

func (k lineKey) attrs() []slog.Attr {
	attrs := []slog.Attr{slog.String("api", k.api), slog.String("rpc_method", k.method), slog.String("code", codeName(k.code))}
	if k.httpStatus != 0 {
		attrs = append(attrs, slog.Int("http_status", k.httpStatus))
	}
	if k.reason != connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		attrs = append(attrs, slog.String("reason", k.reason.String()))
	}
	return attrs
}

// write logs a call that has ended.
func (a accessLog) write(ctx context.Context, c *Call, took time.Duration) {
	level := slog.LevelInfo
	if c.Failure != nil && c.Failure.HTTPStatus >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	handler := a.handlers.of(lineKey{c.outcome(), c.HTTPStatus})
	if !handler.Enabled(ctx, level) {
		return
	}
	omitted := int64(0)
	if isRejection(c) {
		var ok bool
		if omitted, ok = a.rejections.Allow(); !ok {
			return
		}
	}
	// To the handler itself: a logger would look up the line of the source each time.
	line := slog.NewRecord(time.Now(), level, "call", 0)
	addOwn(&line, c, took)
	if omitted > 0 {
		line.AddAttrs(slog.Int64(telemetry.Omitted, omitted))
	}
	_ = handler.Handle(ctx, line) // a log that cannot be written has nobody to report to
}

// isRejection reports whether a call failed without an attempt at DLI: of such calls a
// caller can make any number, at no cost.
func isRejection(c *Call) bool {
	upstream, _ := c.Record.Attempts()
	return c.Failure != nil && upstream == 0 && c.Failure.Reason != connsvcv1.ErrorReason_INTERNAL
}

// addOwn adds the fields that differ from call to call.
func addOwn(line *slog.Record, c *Call, took time.Duration) {
	upstream, dliRequestID := c.Record.Attempts()
	var array [maxOwnAttrs]slog.Attr // stays on the stack: the record copies it
	attrs := append(array[:0],
		slog.String("request_id", c.ID),
		slog.String("project", c.projectID()),
		slog.Int64("bytes_in", c.BytesIn),
		slog.Int64("bytes_out", c.BytesOut),
		slog.Int64("duration_us", took.Microseconds()),
	)
	if c.Events > 0 {
		attrs = append(attrs, slog.Int64("events", c.Events))
	}
	if upstream > 0 {
		attrs = append(attrs, slog.Int64("upstream_us", upstream.Microseconds()))
	}
	if dliRequestID != "" {
		attrs = append(attrs, slog.String("dli_request_id", dliRequestID))
	}
	if c.Peer != "" {
		attrs = append(attrs, slog.String("peer", c.Peer))
	}
	if c.Record.Caller != "" {
		attrs = append(attrs, slog.String("caller", truncate(c.Record.Caller, maxLoggedCaller)))
	}
	if c.rule != "" {
		attrs = append(attrs, slog.String("rule", c.rule))
	}
	if c.Target != "" {
		attrs = append(attrs, slog.String("target", truncate(c.Target, maxLoggedTarget)))
	}
	if e := c.Failure; e != nil && e.Err != nil && (e.HTTPStatus >= http.StatusInternalServerError || c.Challenge != "") {
		attrs = append(attrs, slog.String("cause", truncate(e.Err.Error(), maxLoggedCause)))
	}
	line.AddAttrs(attrs...)
}

// codeName returns a code as google.rpc spells it: INVALID_ARGUMENT.
func codeName(c codes.Code) string {
	return code.Code_name[int32(c)] //nolint:gosec // codes are 0 to 16; String() is ten times as slow
}

// truncate returns at most limit bytes of s, cut between runes.
func truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "..."
}
