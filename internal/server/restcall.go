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
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/service"
)

// restCall is the wire of one REST call.
type restCall struct {
	w             http.ResponseWriter
	r             *http.Request
	method        *restMethod // nil where the path or the HTTP method is unknown
	maxIn, maxOut int64
	buffers       *buffers
	answered      bool

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

// readBody decodes the body as it comes. What it may weigh is taken first: its
// announced length, or the limit where it announces none.
func (rc *restCall) readBody(ctx context.Context, c *call) error {
	weight := rc.r.ContentLength
	if weight > rc.maxIn {
		return &http.MaxBytesError{Limit: rc.maxIn}
	}
	if weight < 0 {
		weight = rc.maxIn
	}
	if err := c.hold(weight); err != nil {
		return err
	}
	// Reading knows no context: without this a body that never comes would hold
	// its place longer than a call may last. Recorders of tests have no deadline.
	conn := http.NewResponseController(rc.w)
	if at, ok := ctx.Deadline(); ok {
		_ = conn.SetReadDeadline(at)
	}
	body := &countingReader{from: http.MaxBytesReader(rc.w, rc.r.Body, rc.maxIn)}
	err := dlijson.DecodeRequest(body, c.req, rc.method.binding.PathNames...)
	c.bytesIn = body.n
	if err != nil {
		return notRead(ctx, err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	return nil
}

func notRead(ctx context.Context, err error) error {
	var tooLarge *http.MaxBytesError
	var malformed *dlijson.Error
	switch {
	case errors.As(err, &tooLarge), errors.As(err, &malformed):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return context.DeadlineExceeded
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return unreadable("body.incomplete", "the request body could not be read whole", err)
	}
}

func (rc *restCall) reply(_ context.Context, c *call, answer proto.Message) error {
	buffer := rc.buffers.take()
	defer rc.buffers.give(buffer)
	body, err := dlijson.AppendAnswer((*buffer)[:0], answer)
	if err != nil {
		return err
	}
	*buffer = body
	if int64(len(body)) > rc.maxOut {
		return service.NewError(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
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

// A countingReader counts what was read.
type countingReader struct {
	from io.Reader
	n    int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += int64(n)
	return n, err
}
