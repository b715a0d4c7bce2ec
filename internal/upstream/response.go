package upstream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
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
	// The buffer for a body starts with its Content-Length, within these bounds: what a
	// header only announces must not take memory.
	minBuffer = 4 << 10
	maxBuffer = 4 << 20
)

// readResponse decodes a response, into call.response if it succeeded. date is DLI's
// Date header, or zero.
func (c *Client) readResponse(ctx context.Context, call *call, a *attempt, response *http.Response, date time.Time) *Error {
	limit := c.router.options.MaxResponseBytes
	switch {
	case response.StatusCode >= http.StatusBadRequest:
		return readError(response, a.request.Header, cmp.Or(date, c.router.options.Now()))
	case response.StatusCode >= http.StatusMultipleChoices:
		return &Error{Kind: Malformed, Err: errRedirect}
	case response.StatusCode < http.StatusOK:
		return &Error{Kind: Malformed, Err: errProtocol}
	case response.ContentLength > limit:
		return &Error{Kind: TooLarge, Err: errTooLarge}
	}
	body := &bounded{reader: response.Body, left: limit}
	var text io.Reader = body
	if call.raw != nil {
		*call.raw = readAll((*call.raw)[:0], body, response.ContentLength)
		if body.err != nil {
			return readFailure(ctx, body.err)
		}
		text = bytes.NewBuffer(*call.raw) // the decoder reads it in place
	}
	envelope, err := dlijson.DecodeResponse(text, call.response)
	switch {
	case err == nil && envelope.IsSuccess && envelope.ErrorCode == "":
		return nil
	case err == nil:
		return &Error{
			Kind:    Refused,
			Code:    identifier(a.request.Header, envelope.ErrorCode),
			Message: cmp.Or(envelope.ErrorMsg, envelope.Message),
		}
	case body.err != nil:
		return readFailure(ctx, body.err)
	}
	return &Error{Kind: Malformed, Err: err}
}

// readFailure is the Error of a body that could not be read.
func readFailure(ctx context.Context, err error) *Error {
	if errors.Is(err, errTooLarge) {
		return &Error{Kind: TooLarge, Err: errTooLarge}
	}
	return transportError(ctx, err, true)
}

// readAll appends what it reads to b, until an error, which the reader keeps. length is
// how much is expected; negative: unknown.
func readAll(b []byte, from *bounded, length int64) []byte {
	// With one byte more than expected the end is seen without a larger buffer.
	b = slices.Grow(b, int(min(max(length+1, minBuffer), maxBuffer)))
	for {
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err != nil {
			return b
		}
		if len(b) == cap(b) {
			b = slices.Grow(b, len(b))
		}
	}
}

// readError reads a response with an error status. A body that is too long, incomplete
// or no error of DLI leaves only the status.
func readError(response *http.Response, requestHeader http.Header, now time.Time) *Error {
	err := &Error{Kind: Status, RetryAfter: retryAfter(response.Header.Get("Retry-After"), now)}
	body := &bounded{reader: response.Body, left: maxErrorBytes}
	text, readErr := io.ReadAll(body)
	if readErr != nil {
		err.Err = readErr
		return err
	}
	b := decodeErrorBody(text)
	err.Code, err.Message = identifier(requestHeader, b.code), b.message
	if response.Header.Get("X-Request-Id") == "" {
		err.RequestID = identifier(requestHeader, b.requestID)
	}
	return err
}

// retryAfter reads the header's two forms: seconds, and a date.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second //nolint:gosec // it is small
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(at.Sub(now), 0), maxRetryAfter)
}

// bounded reads up to left bytes: one more is errTooLarge. It keeps the error it ended
// with, except io.EOF, so that a broken connection can be distinguished from a broken
// text.
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
