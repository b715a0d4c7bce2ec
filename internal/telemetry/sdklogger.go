package telemetry

import (
	"context"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
)

// SDKLogger returns the logger for otel.SetLogger, which is global and must be set before
// New. It writes to w what OpenTelemetry's SDK warns of, as JSON lines without errors and
// values: they quote headers and URLs, which contain secrets.
func SDKLogger(w io.Writer) logr.Logger {
	return logr.New(sdkLog{newFaults(slog.New(slog.NewJSONHandler(w, nil)))})
}

// maxSDKLevel is the level of the SDK's warnings; its other messages have higher ones.
const maxSDKLevel = 1

// An sdkLog is a logr.LogSink.
type sdkLog struct{ faults *faults }

func (l sdkLog) Init(logr.RuntimeInfo)          {}
func (l sdkLog) Enabled(level int) bool         { return level <= maxSDKLevel }
func (l sdkLog) WithValues(...any) logr.LogSink { return l }
func (l sdkLog) WithName(string) logr.LogSink   { return l }

func (l sdkLog) Info(_ int, message string, _ ...any) { l.log(message) }

func (l sdkLog) Error(_ error, message string, _ ...any) { l.log(message) }

func (l sdkLog) log(message string) {
	l.faults.log(context.Background(), "opentelemetry", "OpenTelemetry: "+message+": check the OTEL_* variables; their values are not logged")
}
