package credentials

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/connsvc/connsvc/internal/egress"
)

const (
	connectTimeout   = 1500 * time.Millisecond
	handshakeTimeout = 1500 * time.Millisecond
	maxHeaderBytes   = 256 << 10
	maxResponseBytes = 1 << 20
	maxRetryAfter    = 5 * time.Minute
)

// newTransport returns a transport for IAM or the metadata service; a nil route is direct.
// It ignores proxies of the environment: a password must go only where the configuration
// says. Calls are hours apart, so no connection is kept.
func newTransport(route *egress.Route) *http.Transport {
	t := &http.Transport{
		Proxy:                  nil,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
	if route != nil {
		t.DialContext, t.DialTLSContext = route.Dial, route.DialTLS
	}
	return t
}

// join returns the URL of a path below a base URL.
func join(base *url.URL, path, query string) *url.URL {
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimRight(base.Path, "/") + path, RawQuery: query}
}

// An exchange is one request to IAM or to the metadata service.
type exchange struct {
	transport http.RoundTripper
	source    string
	secrets   []string // those sent, which must not appear in an error
}

// A response is a successful one.
type response struct {
	header http.Header
	body   []byte
	now    time.Time // the Date header; zero without one
}

// do sends r and expects the status want. Unlike http.Client, a transport does not
// follow redirects.
func (x exchange) do(ctx context.Context, r *http.Request, want int) (response, *Error) {
	reply, err := x.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return response{}, x.transportError(ctx, err)
	}
	defer func() { _ = reply.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxResponseBytes+1))
	if reply.StatusCode != want {
		return response{}, x.failure(reply, body)
	}
	switch {
	case err != nil:
		return response{}, x.transportError(ctx, err)
	case len(body) > maxResponseBytes:
		return response{}, x.malformed(errTooLarge)
	}
	got := response{header: reply.Header, body: body}
	got.now, _ = http.ParseTime(reply.Header.Get("Date"))
	return got, nil
}

func (x exchange) malformed(cause error) *Error {
	return &Error{Kind: Malformed, Source: x.source, Err: cause}
}

// transportError returns the Error of an exchange without a complete response. Causes
// that may quote the other side are replaced: it could send the password back.
func (x exchange) transportError(ctx context.Context, err error) *Error {
	e := &Error{Kind: Unavailable, Source: x.source, Err: errProtocol}
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	var proxy *egress.Error
	switch {
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case errors.As(err, &dial) && dial.Op == "dial", errors.As(err, &certificate), errors.As(err, &proxy):
		// Nothing was sent by then.
		e.Err = err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e.Err = errBroken
	}
	return e
}

// failure returns the Error of a response with an unexpected status.
func (x exchange) failure(reply *http.Response, body []byte) *Error {
	e := &Error{Kind: kindOf(reply.StatusCode), Source: x.source, HTTPStatus: reply.StatusCode}
	if e.Kind == Malformed {
		e.Err = errUnexpected
	}
	var text struct {
		Code     json.RawMessage `json:"error_code"`
		Message  string          `json:"error_msg"`
		Keystone struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	_ = json.Unmarshal(body, &text) // what is not JSON, or of another type, stays empty
	// Some codes are numbers.
	code := strings.Trim(string(text.Code), `"`)
	e.Code = x.word(code)
	e.secretIsWrong = e.Kind == Rejected && blamesSecret(code, text.Message+text.Keystone.Message)
	e.RequestID = x.word(reply.Header.Get("X-Iam-Trace-Id"))
	if e.RequestID == "" {
		e.RequestID = x.word(reply.Header.Get("X-Request-Id"))
	}
	if e.Kind == Unavailable {
		e.RetryAfter = retryAfter(reply.Header)
	}
	return e
}

// blamesSecret reports whether IAM's error is about the user, the password or the access
// key, whatever the project. Other texts of a 401 may be about the project alone.
func blamesSecret(code, message string) bool {
	message = strings.ToLower(message)
	return code == "APIGW.0301" || strings.Contains(message, "username or password is wrong") ||
		strings.Contains(message, "account is locked")
}

func kindOf(status int) Kind {
	switch {
	case status == http.StatusUnauthorized:
		return Rejected
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests,
		status >= http.StatusInternalServerError:
		return Unavailable
	case status >= http.StatusBadRequest:
		return Denied
	default:
		return Malformed
	}
}

// word returns s if it looks like a code or an ID and contains no secret.
func (x exchange) word(s string) string {
	if len(s) > 64 || strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		return ""
	}
	for _, secret := range x.secrets {
		if secret != "" && strings.Contains(s, secret) {
			return ""
		}
	}
	return s
}

// retryAfter returns the time in Retry-After, 5 minutes at most.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 64)
	if err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second //nolint:gosec // it is small
	}
	at, err := http.ParseTime(h.Get("Retry-After"))
	now, dateErr := http.ParseTime(h.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxRetryAfter))
}
