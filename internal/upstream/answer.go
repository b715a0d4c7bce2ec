package upstream

import (
	"cmp"
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

// read reads an answer, into the message of the call if it is a good one. date is
// DLI's clock, if it told.
func (c *Client) read(ctx context.Context, call *call, a *attempt, response *http.Response, date time.Time) *Error {
	switch {
	case response.StatusCode >= http.StatusBadRequest:
		return readError(response, a.request.Header, cmp.Or(date, c.options.Now()))
	case response.StatusCode >= http.StatusMultipleChoices:
		return &Error{Kind: Malformed, Err: errRedirect}
	case response.StatusCode < http.StatusOK:
		return &Error{Kind: Malformed, Err: errProtocol}
	}
	if response.ContentLength > call.limit {
		return &Error{Kind: TooLarge, Err: errTooLarge}
	}
	body := &bounded{reader: response.Body, left: call.limit}
	answer, err := dlijson.DecodeResponse(body, call.answer)
	switch {
	case err == nil && answer.IsSuccess && answer.ErrorCode == "":
		return nil
	case err == nil:
		return &Error{
			Kind:    Refused,
			Code:    identifier(a.request.Header, answer.ErrorCode),
			Message: cmp.Or(answer.ErrorMsg, answer.Message),
		}
	case errors.Is(body.err, errTooLarge):
		return &Error{Kind: TooLarge, Err: errTooLarge}
	case body.err != nil:
		return lost(ctx, body.err, true)
	}
	return &Error{Kind: Malformed, Err: err}
}

// readError reads an answer with an error status. A body that is over-long, does
// not come whole or is no error of DLI leaves only the status.
func readError(response *http.Response, sent http.Header, now time.Time) *Error {
	err := &Error{Kind: Status, RetryAfter: retryAfter(response.Header.Get("Retry-After"), now)}
	body := &bounded{reader: response.Body, left: maxErrorBytes}
	text, readErr := io.ReadAll(body)
	if readErr != nil {
		err.Err = readErr
		return err
	}
	b := decodeErrorBody(text)
	err.Code, err.Message = identifier(sent, b.code), b.message
	if response.Header.Get("X-Request-Id") == "" {
		err.RequestID = identifier(sent, b.requestID)
	}
	return err
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
