package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	// tunnelTimeout is how long the proxy may take to connect and to answer.
	tunnelTimeout = 10 * time.Second
	// maxHeadBytes bounds the head of the proxy's response.
	maxHeadBytes = 64 << 10
	// maxInterim bounds the responses of status 1xx before the final one.
	maxInterim = 5
)

// ErrUnsolicited is the error of a proxy that sent bytes in the tunnel before anything
// was written to it: they would pass for bytes of DLI.
var ErrUnsolicited = errors.New("bytes followed the proxy's response to CONNECT")

// An Error says why the proxy made no tunnel: nothing was sent to DLI or IAM. It quotes
// nothing that the proxy sent, which could send its credentials back.
type Error struct {
	Status int   // of the response to CONNECT; 0 without one
	Err    error // the cause; nil with a status
}

var (
	errProtocol = errors.New("its response to CONNECT is not HTTP")
	errClosed   = errors.New("it closed the connection before it responded to CONNECT")
	errSlow     = errors.New("it did not respond to CONNECT in time")
)

// Error describes the error in one line.
func (e *Error) Error() string {
	switch e.Status {
	case 0:
		return "the proxy of proxy_url: " + e.Err.Error()
	case http.StatusProxyAuthRequired:
		return "the proxy of proxy_url responded to CONNECT with status 407: check proxy_credentials"
	default:
		return "the proxy of proxy_url responded to CONNECT with status " + strconv.Itoa(e.Status)
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// A Proxy makes tunnels to DLI and IAM.
type Proxy struct{ route *Route }

// Proxy returns the proxy, or nil if the way is direct.
func (r *Route) Proxy() *Proxy {
	if r == nil || r.proxy == nil {
		return nil
	}
	return &Proxy{r}
}

// Address returns the proxy's host and port.
func (p *Proxy) Address() string { return p.route.proxy.Host }

// TLS returns the configuration of TLS to the proxy itself, or nil if it speaks http. The
// client certificate is not for the proxy.
func (p *Proxy) TLS() *tls.Config {
	if p.route.proxy.Scheme != "https" {
		return nil
	}
	config := p.route.TLS()
	config.ServerName, config.NextProtos, config.Certificates = p.route.proxy.Hostname(), []string{"http/1.1"}, nil
	return config
}

// Connect makes of conn, a connection to the proxy, a tunnel to address. After an error
// conn must be closed. It returns an *Error, ErrUnsolicited, or the cause of the end of ctx.
func (p *Proxy) Connect(ctx context.Context, conn net.Conn, address string) error {
	limited, cancel := context.WithTimeoutCause(ctx, tunnelTimeout, &Error{Err: errSlow})
	defer cancel()
	stop := context.AfterFunc(limited, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	status, err := connect(conn, address, p.route.settings().authorization)
	if !stop() {
		return context.Cause(limited)
	}
	switch {
	case errors.Is(err, ErrUnsolicited):
		return err
	case err != nil:
		return &Error{Err: err}
	case status/100 != 2:
		return &Error{Status: status}
	}
	return nil
}

// connect sends CONNECT and returns the status of the response.
func connect(conn net.Conn, address, authorization string) (int, error) {
	head := "CONNECT " + address + " HTTP/1.1\r\nHost: " + address + "\r\nUser-Agent: connsvc\r\n"
	if authorization != "" {
		head += "Proxy-Authorization: " + authorization + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		return 0, broken(err)
	}
	reader := bufio.NewReader(io.LimitReader(conn, maxHeadBytes))
	for range 1 + maxInterim {
		// Closing the body would read it: after 2xx there is none (RFC 9110, 9.3.6), after
		// another status the connection ends.
		response, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // see above
		if err != nil {
			return 0, broken(err)
		}
		status := response.StatusCode
		if status/100 == 1 {
			continue
		}
		if status/100 == 2 && reader.Buffered() > 0 {
			return 0, ErrUnsolicited
		}
		return status, nil
	}
	return 0, errProtocol
}

// broken returns the error of a connection that broke, or that the response is not HTTP.
func broken(err error) error {
	var network *net.OpError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errClosed
	case errors.As(err, &network):
		return network // names addresses and the fault
	default:
		return errProtocol
	}
}

// Dial connects to address, by a tunnel if there is a proxy. A nil Route is direct.
func (r *Route) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connectTimeout}
	proxy := r.Proxy()
	if proxy == nil {
		return dialer.DialContext(ctx, network, address)
	}
	conn, err := dialer.DialContext(ctx, network, proxy.Address())
	if err != nil {
		return nil, &Error{Err: err}
	}
	if secure := proxy.TLS(); secure != nil {
		if conn, err = handshake(ctx, conn, secure); err != nil {
			return nil, &Error{Err: err}
		}
	}
	if err := proxy.Connect(ctx, conn, address); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// DialTLS is Dial with TLS to the host of address.
func (r *Route) DialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	conn, err := r.Dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := r.TLS()
	config.ServerName = host
	return handshake(ctx, conn, config)
}

// handshake makes a TLS connection of conn, or closes it.
func handshake(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}
