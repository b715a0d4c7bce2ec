package restapi

import (
	"io"
	"net/http"
	"time"
)

// The bounds of reading what a rejected caller goes on to send.
const (
	discardTime   = 5 * time.Second
	discardMargin = 1 << 20 // bytes beyond the largest request
	// readByHTTP is the most of a body, in bytes, that net/http reads itself before it
	// sends a response.
	readByHTTP = 256 << 10
)

// beforeRejection prepares the connection for a response to a caller who is still
// sending. Many clients read no response before they have sent all, and see a broken
// connection if it is closed meanwhile. So the response goes out at once, and discardRest
// reads the rest.
func (x *exchange) beforeRejection() {
	if !x.unread() {
		return
	}
	conn := http.NewResponseController(x.ResponseWriter)
	_ = conn.SetReadDeadline(time.Now().Add(discardTime))
	if rest := x.request.ContentLength - x.body.n; x.request.ContentLength >= 0 && rest <= readByHTTP {
		return
	}
	if conn.EnableFullDuplex() != nil {
		return // a recorder of a test
	}
	x.Header().Set("Connection", "close")
	x.discarding = true
}

// unread reports whether more of the body may come. HTTP/2 ends a stream without its
// connection, and a caller that waits for "100 Continue" sends nothing without it.
func (x *exchange) unread() bool {
	switch {
	case x.request.Body == nil, x.request.Body == http.NoBody, x.request.ProtoMajor != 1:
		return false
	case !x.body.started():
		return x.request.Header.Get("Expect") == ""
	default:
		return !x.body.ended
	}
}

// discardRest reads the rest of a body whose call was rejected. By then the call is in metrics
// and log, and its place is free.
func (x *exchange) discardRest() {
	if x.discarding {
		// Whatever ends it, the connection is closed.
		_, _ = io.CopyN(io.Discard, x.request.Body, x.gateway.limits.GetMaxRequestBytes()+discardMargin-x.body.n)
	}
}
