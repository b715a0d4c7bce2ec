package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/dlijson"
)

const (
	// maxErrorBytes bounds the body of an error: DLI's are below 1 KiB.
	maxErrorBytes = 64 << 10
	// maxRetryAfter bounds what Retry-After may ask for.
	maxRetryAfter = 24 * time.Hour
)

// An envelope is what an answer says of itself.
type envelope struct {
	status    int
	requestID string
}

func (e *endpoint) envelope(r *http.Response) envelope {
	return envelope{status: r.StatusCode, requestID: e.identifier(r.Header.Get("X-Request-Id"))}
}

// read reads an answer, into the message of the call if it is a good one.
func (r *Router) read(ctx context.Context, c *call, response *http.Response, got envelope) *Error {
	switch {
	case got.status >= http.StatusBadRequest:
		return c.to.readError(response, r.options.Now())
	case got.status >= http.StatusMultipleChoices:
		return &Error{Kind: Malformed, Err: errRedirect}
	case got.status < http.StatusOK:
		return &Error{Kind: Malformed, Err: errProtocol}
	}
	if response.ContentLength > r.options.MaxResponseBytes {
		return &Error{Kind: TooLarge, Err: errTooLarge}
	}
	body := &bounded{reader: response.Body, left: r.options.MaxResponseBytes}
	answer, err := dlijson.DecodeAnswer(body, c.answer)
	switch {
	case err == nil && answer.IsSuccess:
		return nil
	case err == nil:
		return &Error{Kind: Refused, Message: answer.Message}
	case errors.Is(body.err, errTooLarge):
		return &Error{Kind: TooLarge, Err: errTooLarge}
	case body.err != nil:
		return lost(ctx, body.err, true)
	}
	return &Error{Kind: Malformed, Err: err}
}

// readError reads an answer with an error status. A body that is over-long, does
// not come whole or is no error of DLI leaves only the status.
func (e *endpoint) readError(response *http.Response, now time.Time) *Error {
	err := &Error{Kind: Status, RetryAfter: retryAfter(response.Header.Get("Retry-After"), now)}
	body := &bounded{reader: response.Body, left: maxErrorBytes}
	text, readErr := io.ReadAll(body)
	if readErr != nil {
		err.Err = readErr
		return err
	}
	b := decodeErrorBody(text)
	err.Code, err.Message = e.identifier(b.code), b.message
	if response.Header.Get("X-Request-Id") == "" {
		err.RequestID = e.identifier(b.requestID)
	}
	return err
}

// identifier returns s if it can be a code or an ID and no credential, "" otherwise.
func (e *endpoint) identifier(s string) string {
	if len(s) > 128 || !plain(s) || e.redact(s) != s {
		return ""
	}
	return s
}

// retryAfter reads the header's two forms: seconds, and a date.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// bounded reads at most so many bytes: one more is errTooLarge. It keeps the
// error it ended with, but for io.EOF, so that a broken connection can be told
// from a broken text.
type bounded struct {
	reader io.Reader
	left   int64
	err    error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	var over [1]byte
	full := b.left == 0
	if full {
		p = over[:]
	} else if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.reader.Read(p)
	switch {
	case full && n > 0:
		n, err = 0, errTooLarge
	default:
		b.left -= int64(n)
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}
