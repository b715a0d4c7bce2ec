package server

import (
	"io"
	"net/http"
	"time"
)

// The bounds of reading what a refused caller goes on to send.
const (
	drainTime   = 5 * time.Second
	drainMargin = 1 << 20 // bytes beyond the largest request
	// readByHTTP is the most of a body, in bytes, that net/http reads itself before
	// it sends an answer.
	readByHTTP = 256 << 10
)

// beforeRefusal looks whether the caller is still sending. Many clients read no
// answer before they have sent all, and find the connection broken instead when it
// is closed under them. So the answer goes out at once, and drain takes the rest.
func (rc *restCall) beforeRefusal() {
	if !rc.unread() {
		return
	}
	conn := http.NewResponseController(rc.w)
	_ = conn.SetReadDeadline(time.Now().Add(drainTime))
	if rest := rc.r.ContentLength - rc.read(); rc.r.ContentLength >= 0 && rest <= readByHTTP {
		return
	}
	if conn.EnableFullDuplex() != nil {
		return // a recorder of tests
	}
	rc.w.Header().Set("Connection", "close")
	rc.draining = true
}

// unread tells whether more of the body may come. HTTP/2 ends a stream without
// its connection, and a caller who expects to be asked for the body is not asked.
func (rc *restCall) unread() bool {
	switch {
	case rc.r.Body == nil, rc.r.Body == http.NoBody, rc.r.ProtoMajor != 1:
		return false
	case rc.body == nil:
		return rc.r.Header.Get("Expect") == ""
	default:
		return !rc.body.ended
	}
}

func (rc *restCall) read() int64 {
	if rc.body == nil {
		return 0
	}
	return rc.body.n
}

// drain reads the rest of a body whose call was refused. Metrics and log have the
// call by then, and its place is free.
func (rc *restCall) drain() {
	if !rc.draining {
		return
	}
	// Whatever ends it, the connection is closed.
	_, _ = io.CopyN(io.Discard, rc.r.Body, rc.maxIn+drainMargin-rc.read())
}
