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
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	maxHeaderBytes   = 256 << 10
	maxAnswerBytes   = 1 << 20
	maxRetryAfter    = 5 * time.Minute
)

// newTransport makes the connections to IAM or to the metadata service. It takes
// no proxy from the environment: a password goes where the configuration says and
// nowhere else. Calls are hours apart, so no connection is kept.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  nil,
		DialContext:            (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
}

// join returns the URL of a path below a base URL.
func join(base *url.URL, path, query string) *url.URL {
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimRight(base.Path, "/") + path, RawQuery: query}
}

// An exchange is one request to IAM or to the metadata service.
type exchange struct {
	transport http.RoundTripper
	source    string
	secrets   []string // what was sent, and must not come back in an error
}

// An answer is a successful one.
type answer struct {
	header http.Header
	body   []byte
	now    time.Time // the other side's clock; zero if it does not tell
}

// do sends r and wants the status want. The transport alone, without http.Client,
// follows no redirect.
func (x exchange) do(ctx context.Context, r *http.Request, want int) (answer, *Error) {
	response, err := x.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return answer{}, x.lost(ctx, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswerBytes+1))
	if response.StatusCode != want {
		return answer{}, x.failure(response, body)
	}
	switch {
	case err != nil:
		return answer{}, x.lost(ctx, err)
	case len(body) > maxAnswerBytes:
		return answer{}, x.malformed(errTooLarge)
	}
	a := answer{header: response.Header, body: body}
	a.now, _ = http.ParseTime(response.Header.Get("Date"))
	return a, nil
}

func (x exchange) malformed(cause error) *Error {
	return &Error{Kind: Malformed, Source: x.source, Err: cause}
}

// lost is the Error of an exchange without a whole answer. Causes that may quote
// what the other side sent are replaced: it could send the password back.
func (x exchange) lost(ctx context.Context, err error) *Error {
	e := &Error{Kind: Unavailable, Source: x.source, Err: errProtocol}
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		e.Err = ctx.Err()
	case errors.As(err, &dial) && dial.Op == "dial", errors.As(err, &certificate):
		// Nothing was sent by then.
		e.Err = err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		e.Err = errBroken
	}
	return e
}

// failure is the Error of an answer with another status than wanted.
func (x exchange) failure(response *http.Response, body []byte) *Error {
	e := &Error{Kind: kindOf(response.StatusCode), Source: x.source, HTTPStatus: response.StatusCode}
	if e.Kind == Malformed {
		e.Err = errUnexpected
	}
	var text struct {
		Code json.RawMessage `json:"error_code"`
	}
	// Some codes are numbers.
	if json.Unmarshal(body, &text) == nil {
		e.Code = x.word(strings.Trim(string(text.Code), `"`))
	}
	e.RequestID = x.word(response.Header.Get("X-Iam-Trace-Id"))
	if e.RequestID == "" {
		e.RequestID = x.word(response.Header.Get("X-Request-Id"))
	}
	if e.Kind == Unavailable {
		e.RetryAfter = retryAfter(response.Header)
	}
	return e
}

func kindOf(status int) Kind {
	switch {
	case status == http.StatusUnauthorized:
		return Refused
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests,
		status >= http.StatusInternalServerError:
		return Unavailable
	case status >= http.StatusBadRequest:
		return Denied
	default:
		return Malformed
	}
}

// word returns s if it is of the form of a code or an ID, and no secret.
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

// retryAfter returns how long the other side wants to be left alone, 5 minutes at
// most.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, int(maxRetryAfter.Seconds())))*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(h.Get("Retry-After"))
	now, dateErr := http.ParseTime(h.Get("Date"))
	if err != nil || dateErr != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxRetryAfter))
}
