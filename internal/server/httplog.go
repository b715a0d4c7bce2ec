package server

import (
	"bytes"
	"log/slog"
)

// httpLog logs what net/http reports. A client that breaks off a handshake is a port
// scan or a balancer's probe: too frequent for warnings.
type httpLog struct{ log *slog.Logger }

func (h httpLog) Write(line []byte) (int, error) {
	text := string(bytes.TrimRight(line, "\n"))
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) {
		h.log.Debug(text) //nolint:sloglint // the words of net/http
	} else {
		h.log.Warn(text) //nolint:sloglint // the words of net/http
	}
	return len(line), nil
}
