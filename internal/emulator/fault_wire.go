package emulator

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
)

// A recording is the answer to a call that was executed.
type recording struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recording) Header() http.Header         { return r.header }
func (r *recording) WriteHeader(status int)      { r.status = status }
func (r *recording) Write(b []byte) (int, error) { return r.body.Write(b) }

// record executes r. The headers that the gateway has already set belong to the
// answer.
func record(header http.Header, r *http.Request, next http.Handler) *recording {
	done := &recording{header: header.Clone(), status: http.StatusOK}
	next.ServeHTTP(done, r)
	return done
}

func (r *recording) replay(w http.ResponseWriter) {
	maps.Copy(w.Header(), r.header)
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body.Bytes())
}

// reset closes the connection without an answer, and where it can so that the peer
// sees a reset and not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// HTTP/2, or no connection at all: the server has its own way to abort.
		panic(http.ErrAbortHandler)
	}
	if under, ok := conn.(interface{ NetConn() net.Conn }); ok {
		// A TLS connection would say goodbye.
		conn = under.NetConn()
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // nothing else can be done
	}
	conn.Close()
}

// truncate writes half of what it announces. The server then closes the connection.
func truncate(w http.ResponseWriter, done *recording) {
	body := done.body.Bytes()
	done.header.Set("Content-Length", strconv.Itoa(len(body)))
	maps.Copy(w.Header(), done.header)
	w.WriteHeader(done.status)
	_, _ = w.Write(body[:len(body)/2])
}

// misstateLength announces half of what it writes. The server's own writer would
// not do that.
func misstateLength(w http.ResponseWriter, done *recording) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	body := done.body.Bytes()
	done.header.Set("Content-Length", strconv.Itoa(len(body)/2))
	var answer bytes.Buffer
	fmt.Fprintf(&answer, "HTTP/1.1 %d %s\r\n", done.status, http.StatusText(done.status))
	_ = done.header.Write(&answer) // a buffer takes all
	answer.WriteString("\r\n")
	answer.Write(body)
	_, _ = conn.Write(answer.Bytes())
}

// writeEndlessly writes a JSON string that does not end, until the caller goes.
func writeEndlessly(w http.ResponseWriter, r *http.Request, status int) {
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_, err := w.Write([]byte(`{"is_success":true,"message":"`))
	chunk := bytes.Repeat([]byte("x"), 32<<10)
	for err == nil && r.Context().Err() == nil {
		_, err = w.Write(chunk)
	}
}
