// Package refused counts and logs what is refused before it is a call: connections beyond
// a limit, TLS handshakes that fail, and requests that net/http or grpc-go reject
// themselves. The chain never sees these.
package refused

import (
	"context"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/telemetry"
)

// The log lines of a flood: so many per second, and so many at once.
const linesPerSecond, lineBurst = 10, 100

// What is refused, as the metric names it.
const (
	connection = "connection"
	handshake  = "handshake"
	request    = "request"
)

// The reasons of connections and handshakes.
const (
	tooMany          = "too_many"            // all callers together have too many
	tooManyOfAddress = "too_many_of_address" // one address has too many
	notTLS           = "not_tls"
	timeout          = "timeout"
	disconnected     = "disconnected"
	noCertificate    = "no_client_certificate"
	badCertificate   = "bad_client_certificate"
	byClient         = "rejected_by_client" // which does not trust connsvc's certificate, or offers none
	noCommon         = "no_common_parameters"
	other            = "other"
)

// The reasons of requests.
const (
	BadHeaders      = "bad_headers" // content type, timeout, method, authority or encoding of a gRPC call
	MetadataTooLong = "metadata_too_large"
	TooManyStreams  = "too_many_streams"
	BrokenFrame     = "protocol_error"
	Unreadable      = "unreadable" // to net/http: 400, 417, 431, 501, 505, or it did not come in time
)

// A Recorder counts and logs. It is safe for concurrent use.
type Recorder struct {
	log     *slog.Logger
	lines   *telemetry.Limiter
	counter metric.Int64Counter
}

// New makes a Recorder.
func New(t *telemetry.Telemetry) (*Recorder, error) {
	counter, err := t.Meter.Int64Counter("connsvc.refused",
		metric.WithDescription("Connections, TLS handshakes and requests that were refused before they were calls."))
	if err != nil {
		return nil, err
	}
	r := &Recorder{log: t.Log, lines: telemetry.NewLimiter(linesPerSecond, lineBurst), counter: counter}
	for _, port := range []string{telemetry.PortGRPC, telemetry.PortREST, telemetry.PortAdmin} {
		for _, reason := range []string{tooMany, tooManyOfAddress} {
			r.count(port, connection, reason, 0)
		}
		for _, reason := range []string{notTLS, timeout, disconnected, noCertificate, badCertificate, byClient, noCommon, other} {
			r.count(port, handshake, reason, 0)
		}
	}
	for _, reason := range []string{BadHeaders, MetadataTooLong, TooManyStreams, BrokenFrame} {
		r.count(telemetry.PortGRPC, request, reason, 0)
	}
	for _, reason := range []string{Unreadable, BrokenFrame} {
		r.count(telemetry.PortREST, request, reason, 0)
		r.count(telemetry.PortAdmin, request, reason, 0)
	}
	return r, nil
}

func (r *Recorder) count(port, what, reason string, n int64) {
	r.counter.Add(context.Background(), n, metric.WithAttributes(
		attribute.String("port", port), attribute.String("what", what), attribute.String("reason", reason)))
}

// Connection records a connection that was closed at once.
func (r *Recorder) Connection(port, peer string, ofAddress bool) {
	reason := tooMany
	if ofAddress {
		reason = tooManyOfAddress
	}
	r.record(slog.LevelWarn, port, connection, reason, peer, 1, "")
}

// Handshake records a TLS handshake that failed, by the text of its error. A client that
// only disconnects is a port scan or a balancer's probe.
func (r *Recorder) Handshake(port, peer, text string) {
	level, reason := slog.LevelInfo, reasonOf(text)
	if reason == disconnected {
		level = slog.LevelDebug
	}
	r.record(level, port, handshake, reason, peer, 1, text)
}

// Requests records n requests that never became calls.
func (r *Recorder) Requests(port, peer, reason string, n int64) {
	r.record(slog.LevelInfo, port, request, reason, peer, n, "")
}

func (r *Recorder) record(level slog.Level, port, what, reason, peer string, n int64, text string) {
	r.count(port, what, reason, n)
	attrs := []slog.Attr{
		slog.String("port", port), slog.String("what", what), slog.String("reason", reason), slog.String("peer", peer),
	}
	if n > 1 {
		attrs = append(attrs, slog.Int64("count", n))
	}
	if text != "" {
		attrs = append(attrs, slog.String("error", text))
	}
	r.lines.LogAttrs(context.Background(), r.log, level, "refused", attrs...)
}

// texts are parts of the errors of crypto/tls and net/http, which have no other form in
// the log of net/http.
var texts = []struct{ text, reason string }{
	{"does not look like a TLS handshake", notTLS},
	{"HTTP request to an HTTPS server", notTLS},
	{"i/o timeout", timeout},
	{"deadline exceeded", timeout},
	{"didn't provide a certificate", noCertificate},
	{"remote error", byClient},
	{"certificate", badCertificate},
	{"unsupported version", noCommon},
	{"no cipher suite", noCommon},
	{"mutually supported", noCommon},
	{"application protocol", noCommon},
	{"EOF", disconnected},
	{"connection reset", disconnected},
	{"broken pipe", disconnected},
}

func reasonOf(text string) string {
	for _, t := range texts {
		if strings.Contains(text, t.text) {
			return t.reason
		}
	}
	return other
}
