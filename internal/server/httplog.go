package server

import (
	"bytes"
	"log/slog"
	"strings"

	"github.com/connsvc/connsvc/internal/server/refused"
)

// httpLog logs what net/http reports of a port. Only its text says that a TLS handshake
// has failed, or that HTTP/2 was broken.
type httpLog struct {
	log     *slog.Logger
	refused *refused.Recorder
	port    string
}

const (
	handshakeError = "http: TLS handshake error from "
	http2Error     = "http2: server connection error from "
)

func (h httpLog) Write(line []byte) (int, error) {
	text := string(bytes.TrimRight(line, "\n"))
	if rest, ok := strings.CutPrefix(text, handshakeError); ok {
		peer, cause, _ := strings.Cut(rest, ": ")
		h.refused.Handshake(h.port, peer, cause)
	} else if rest, ok := strings.CutPrefix(text, http2Error); ok {
		peer, _, _ := strings.Cut(rest, ": ")
		h.refused.Requests(h.port, peer, refused.BrokenFrame, 1)
	} else {
		h.log.Warn(text) //nolint:sloglint // the words of net/http
	}
	return len(line), nil
}
