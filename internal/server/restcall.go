package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// restCall is the wire of one REST call.
type restCall struct {
	w             http.ResponseWriter
	r             *http.Request
	method        *restMethod // nil where the path or the HTTP method is unknown
	maxIn, maxOut int64
	bodyTimeout   time.Duration
	buffers       *buffers.Pool
	body          *bodyReader // nil until the body is read
	answered      bool
	draining      bool // see beforeRefusal

	mu sync.Mutex
	md metadata.MD // headers of the answer
}

func (rc *restCall) receive(ctx context.Context, c *call) error {
	binding := rc.method.binding
	query, err := url.ParseQuery(rc.r.URL.RawQuery)
	if err != nil {
		return unreadable("query.syntax", "the query is malformed: a bad escape, or a semicolon", err)
	}
	if err := dlijson.DecodeQuery(query, c.req, binding.Query); err != nil {
		return err
	}
	if binding.HasBody {
		if err := rc.readBody(ctx, c); err != nil {
			return err
		}
	}
	m := c.req.ProtoReflect()
	for i, field := range binding.Path {
		m.Set(field, protoreflect.ValueOfString(rc.r.PathValue(string(binding.PathNames[i]))))
	}
	if err := rc.readIdempotencyKey(m); err != nil {
		return err
	}
	return ctx.Err()
}

// readBody decodes the body as it comes. Reading knows no context: without its
// deadlines a body that never comes would hold its place longer than a call may
// last.
func (rc *restCall) readBody(ctx context.Context, c *call) error {
	if rc.r.ContentLength > rc.maxIn {
		return &http.MaxBytesError{Limit: rc.maxIn}
	}
	conn := http.NewResponseController(rc.w)
	body := &bodyReader{from: http.MaxBytesReader(rc.w, rc.r.Body, rc.maxIn), conn: conn, call: c, timeout: rc.bodyTimeout}
	body.until, _ = ctx.Deadline()
	rc.body = body
	err := dlijson.DecodeRequest(body, c.req, rc.method.binding.PathNames...)
	c.bytesIn = body.n
	if err != nil {
		return notRead(ctx, err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	return nil
}

// notRead places an error of reading the body. One that was cut short is told from
// a caller who is gone, though net/http takes both for that.
func notRead(ctx context.Context, err error) error {
	var tooLarge *http.MaxBytesError
	var malformed *dlijson.Error
	var refused *apierror.Error
	switch {
	case errors.As(err, &tooLarge), errors.As(err, &malformed), errors.As(err, &refused):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return apierror.New(connsvcv1.ErrorReason_REQUEST_TIMEOUT, "", err)
	case ctx.Err() != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return ctx.Err()
	default:
		return unreadable("body.incomplete", "the request body could not be read whole", err)
	}
}

func (rc *restCall) reply(_ context.Context, c *call, answer proto.Message) error {
	buffer := rc.buffers.Take()
	defer rc.buffers.Give(buffer)
	body, err := dlijson.AppendResponse(*buffer, answer)
	if err != nil {
		return err
	}
	*buffer = body
	if int64(len(body)) > rc.maxOut {
		return apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
	}
	if err := rc.send(c, rc.method.status, body); err != nil {
		return notSent(err)
	}
	return nil
}

// send writes the answer, once.
func (rc *restCall) send(c *call, status int, body []byte) error {
	rc.answered = true
	c.httpStatus, c.bytesOut = status, int64(len(body))
	header := rc.w.Header()
	rc.mu.Lock()
	for key, values := range rc.md {
		header[http.CanonicalHeaderKey(key)] = values
	}
	rc.mu.Unlock()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	rc.w.WriteHeader(status)
	if rc.r.Method == http.MethodHead {
		c.bytesOut = 0
		return nil
	}
	_, err := rc.w.Write(body)
	return err
}
