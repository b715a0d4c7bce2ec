package upstream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	record "github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/dlijson"
)

const (
	// maxErrorBytes bounds the body of an error: DLI's are below 1 KiB.
	maxErrorBytes = 64 << 10
	// maxRetryAfter bounds what Retry-After may ask for.
	maxRetryAfter = 24 * time.Hour
	// maxChangeBytes bounds the response to a change, which is not counted: DLI's are below
	// 1 KiB, and only the response says what became of the change.
	maxChangeBytes = 1 << 20
)

// readResponse decodes a response, into call.response if it succeeded. date is DLI's
// Date header, or zero.
func (c *Client) readResponse(ctx context.Context, call *call, a *attempt, response *http.Response, date time.Time) *Error {
	limit := c.router.options.MaxResponseBytes
	if call.held == nil {
		limit = min(limit, maxChangeBytes)
	}
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
	body := &bounded{reader: response.Body, left: limit, held: call.held}
	envelope, err := dlijson.DecodeResponse(body, call.response)
	switch {
	case err == nil && envelope.IsSuccess && envelope.ErrorCode == "":
		return nil
	case err == nil:
		return &Error{
			Kind:    Unsuccessful,
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
	var full *noRoom
	switch {
	case errors.Is(err, errTooLarge):
		return &Error{Kind: TooLarge, Err: errTooLarge}
	case errors.Is(err, errWhiteSpace):
		return &Error{Kind: Malformed, Err: errWhiteSpace}
	case errors.As(err, &full):
		return &Error{Kind: NoRoom, Err: full.error}
	}
	return transportError(ctx, err, true)
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
	held   *held // may be nil
	blank  int   // length of the white space that was read last
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
	} else {
		p = p[:min(int64(len(p)), b.left, maxBlank)]
	}
	n, err := b.reader.Read(p)
	switch {
	case full && n > 0:
		n, err = 0, errTooLarge
	default:
		b.left -= int64(n)
		if limited := b.check(p[:n]); limited != nil {
			n, err = 0, limited
		}
	}
	if err != nil && err != io.EOF { //nolint:errorlint // a wrapped io.EOF is an error of the reader
		b.err = err
	}
	return n, err
}

const (
	// maxBlank is the longest white space in a row. DLI sends none; without end it would keep
	// a reader that waits for the next token.
	maxBlank = 64 << 10
	blanks   = " \t\r\n"
)

// check counts what was read, at most maxBlank bytes.
func (b *bounded) check(p []byte) error {
	rest := len(bytes.TrimLeft(p, blanks))
	if b.blank += len(p) - rest; b.blank > maxBlank {
		return errWhiteSpace
	}
	if rest > 0 {
		b.blank = len(p) - len(bytes.TrimRight(p, blanks))
	}
	return b.held.add(int64(len(p)), 0)
}

// Grow makes bounded a dlijson.Grower.
func (b *bounded) Grow(bytes int64) error {
	if b.err == nil {
		b.err = b.held.add(0, bytes)
	}
	return b.err
}

// held counts what a decoded response takes in memory: as much as its text, for its
// strings, or as the elements of its lists, whichever is more.
type held struct {
	holder         record.Holder
	text, elements int64
	bytes          int64 // reserved
}

// A noRoom is the error of a Holder.
type noRoom struct{ error }

func (h *held) add(text, elements int64) error {
	if h == nil {
		return nil
	}
	h.text += text
	h.elements += elements
	more := max(h.text, h.elements) - h.bytes
	if more <= 0 {
		return nil
	}
	h.bytes += more
	if err := h.holder.Reserve(more); err != nil {
		return &noRoom{err}
	}
	return nil
}
