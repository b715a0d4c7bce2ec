package telemetry

import (
	"fmt"
	"strings"
)

// The protocols of OTLP, as OTEL_EXPORTER_OTLP_PROTOCOL names them.
const (
	protocolNone = "" // nothing is exported
	protocolGRPC = "grpc"
	protocolHTTP = "http/protobuf"

	protocolConsole = "console" // not OTLP: spans become lines of the log
)

// protocol returns the protocol for a signal ("TRACES", "METRICS"). byEndpoint means
// that OTEL_EXPORTER_OTLP_ENDPOINT alone enables the signal.
//
// OpenTelemetry's autoexport does this too, but adds half a megabyte of exporters that
// nobody uses here.
func (s settings) protocol(signal string, byEndpoint bool) (string, error) {
	if strings.EqualFold(s.env("OTEL_SDK_DISABLED"), "true") {
		return protocolNone, nil
	}
	exporter := "OTEL_" + signal + "_EXPORTER"
	if signal == "TRACES" && s.env(exporter) == protocolConsole {
		return protocolConsole, nil
	}
	switch s.env(exporter) {
	case "otlp":
	case "none":
		return protocolNone, nil
	case "":
		wanted := s.env("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != "" ||
			byEndpoint && s.env("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
		if !wanted {
			return protocolNone, nil
		}
	default:
		return protocolNone, fmt.Errorf("%s: must be otlp, none or, for traces, console", exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		switch protocol := s.env(name); protocol {
		case "":
		case protocolGRPC, protocolHTTP:
			return protocol, nil
		default:
			return protocolNone, fmt.Errorf("%s: must be %s or %s", name, protocolGRPC, protocolHTTP)
		}
	}
	return protocolHTTP, nil
}
