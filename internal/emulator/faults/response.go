package faults

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// A recording is the response to a call that was executed.
type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recording) Header() http.Header         { return r.header }
func (r *recording) WriteHeader(status int)      { r.status = status }
func (r *recording) Write(b []byte) (int, error) { return r.body.Write(b) }

// record executes a call. The headers that the gateway has set before are part of
// the response.
func record(header http.Header, serve func(http.ResponseWriter)) *recording {
	r := &recording{header: header.Clone(), status: http.StatusOK}
	serve(r)
	return r
}

func (r *recording) replay(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}

// reset closes the connection without a response, by TCP's reset where there is TCP.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// HTTP/2 or a test's recorder: the server aborts the call.
		panic(http.ErrAbortHandler)
	}
	if under, ok := conn.(interface{ NetConn() net.Conn }); ok {
		// TLS would send a regular end first.
		conn = under.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}

// truncate announces the whole body and writes half of it. The server then closes
// the connection.
func (r *recording) truncate(w http.ResponseWriter) {
	body := r.body.Bytes()
	r.header.Set("Content-Length", strconv.Itoa(len(body)))
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = w.Write(body[:len(body)/2])
}

// misstateLength announces half of the body and writes all of it, past the server,
// which would stop at half.
func (r *recording) misstateLength(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	body := r.body.Bytes()
	r.header.Set("Content-Length", strconv.Itoa(len(body)/2))
	var response bytes.Buffer
	fmt.Fprintf(&response, "HTTP/1.1 %d %s\r\n", r.status, http.StatusText(r.status))
	_ = r.header.Write(&response) // a buffer never fails
	response.WriteString("\r\n")
	response.Write(body)
	_, _ = conn.Write(response.Bytes())
}

// writeEndlessly writes a JSON string that does not end, until the caller goes.
func writeEndlessly(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Content-Type", wire.JSONType)
	w.WriteHeader(status)
	_, err := w.Write([]byte(`{"is_success":true,"message":"`))
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	for err == nil && r.Context().Err() == nil {
		_, err = w.Write(chunk)
	}
}
