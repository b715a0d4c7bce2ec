package telemetry_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"

	"github.com/connsvc/connsvc/internal/telemetry"
)

// What OpenTelemetry's SDK logs of the environment is JSON and has no secret.
func TestSDKLogsNoSecret(t *testing.T) {
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS":        "authorization S3cret",
		"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "authorization=%S3cret",
		"OTEL_EXPORTER_OTLP_ENDPOINT":       "http://user:%S3cret@127.0.0.1:1",
		"OTEL_EXPORTER_OTLP_TIMEOUT":        "S3cret",
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			otel.SetLogger(telemetry.SDKLogger(&log))
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			t.Setenv(name, value)
			tel, err := telemetry.New(io.Discard, slog.LevelInfo, telemetry.FromEnvironment(os.LookupEnv))
			if err == nil {
				err = tel.Shutdown(t.Context())
			}
			if err != nil && strings.Contains(err.Error(), "S3cret") {
				t.Errorf("error %v", err)
			}
			if log.Len() == 0 || !json.Valid(bytes.TrimSpace(log.Bytes())) || strings.Contains(log.String(), "S3cret") {
				t.Errorf("logged %q", &log)
			}
		})
	}
}
