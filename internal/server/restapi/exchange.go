package restapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/quota"
	"github.com/connsvc/connsvc/internal/server/chain"
)

// An exchange is the transport of one REST call. The generated handler gets it as its
// http.ResponseWriter, and the body of its request leads to it.
type exchange struct {
	http.ResponseWriter
	gateway    *gateway
	request    *http.Request
	handler    runtime.HandlerFunc // generated; nil where no RPC takes the request
	bare       *http.Request       // for the handler
	pathParams map[string]string
	numbers    []string    // the path parameters that are numbers, where the path has them
	call       *chain.Call // set by Exchange

	body       body
	hasBody    bool         // the RPC has one
	answer     quota.Lease  // the response
	events     *eventStream // of a watch; nil: none
	err        error        // the first of the exchange
	served     bool         // by the chain
	sent       bool         // the response, or its beginning
	discarding bool         // see beforeRejection
}

func (g *gateway) newExchange(w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{ResponseWriter: w, gateway: g, request: r}
	x.body.exchange = x
	return x
}

// bareRequest returns what the gateway needs to route and to decode: method, path and body.
// A header could become metadata, a deadline, trailers or a log line there; the query is
// read by the dialect's rules instead of its parser's. HEAD is GET without the body.
func (x *exchange) bareRequest() *http.Request {
	bare, target := *x.request, *x.request.URL
	target.RawQuery = ""
	bare.URL, bare.Body = &target, &x.body
	bare.Header, bare.Host, bare.RemoteAddr = nil, "", ""
	if bare.Method == http.MethodHead {
		bare.Method = http.MethodGet
	}
	return &bare
}

// Credentials returns those of the request as it came.
func (x *exchange) Credentials() auth.Credentials {
	return auth.Credentials{
		Authorization: x.request.Header["Authorization"], Certificate: chain.Certificate(x.request.TLS), Request: x.request,
	}
}

// Exchange has the generated handler decode the request, call the API and reply.
func (x *exchange) Exchange(ctx context.Context, c *chain.Call) error {
	x.call, x.body.ctx = c, ctx
	if c.Signed() {
		if err := x.verifySignature(ctx); err != nil {
			return err
		}
	}
	if err := x.checkNumbers(); err != nil {
		return err
	}
	if err := x.prepareLongCall(ctx, c); err != nil {
		return err
	}
	x.handler(x, x.bare.WithContext(ctx), x.pathParams)
	return x.err
}

// checkNumbers checks the numbers of the path, of which the generated handler would also
// take 0x9 and +9, and whose errors name no field.
func (x *exchange) checkNumbers() error {
	for _, name := range x.numbers {
		text, inPath := x.pathParams[name]
		if n, err := strconv.ParseInt(text, 10, 64); inPath && (err != nil || strconv.FormatInt(n, 10) != text) {
			return apierror.Invalid(name, "json.type", "expected a whole number")
		}
	}
	return nil
}

// tests reports whether the request is a wait that tests addresses: a GET that is a change.
func (x *exchange) tests(method string) bool {
	return "/"+method == connsvcv1.ConnectionService_WaitEnhancedConnection_FullMethodName && x.request.URL.Query().Has("addresses")
}

// fail keeps the first error, which is the typed one.
func (x *exchange) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// receive decodes the body into the request. A request with a body must have no query
// parameters.
func (x *exchange) receive(request proto.Message) error {
	x.hasBody = true
	if err := x.readQuery(request, true); err != nil {
		return err
	}
	if err := x.checkEncoding(); err != nil {
		return err
	}
	return x.readBody(request)
}

// checkEncoding rejects a body that is compressed: as JSON it would be unreadable, which
// says nothing to its sender.
func (x *exchange) checkEncoding() error {
	for _, value := range x.request.Header["Content-Encoding"] {
		if value != "" && !strings.EqualFold(value, "identity") {
			err := apierror.Invalid("Content-Encoding", "header.encoding", "must be identity: bodies are not compressed")
			err.HTTPStatus = http.StatusUnsupportedMediaType
			return err
		}
	}
	return nil
}

// Complete adds to the request what travels in the query and in the Idempotency-Key.
func (x *exchange) Complete(request proto.Message) error {
	if !x.hasBody {
		if err := x.readQuery(request, false); err != nil {
			return err
		}
	}
	if err := readLastEventID(x.request.Header, request); err != nil {
		return err
	}
	return readIdempotencyKey(x.request.Header, request.ProtoReflect())
}

// readQuery decodes the query into the request: into the fields that are neither in the
// body nor in the path.
func (x *exchange) readQuery(request proto.Message, hasBody bool) error {
	if x.request.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(x.request.URL.RawQuery)
	if err != nil {
		return apierror.Unreadable("query.syntax", "the query is malformed: a bad escape, or a semicolon", err)
	}
	var inQuery []protoreflect.FieldDescriptor
	if !hasBody {
		inQuery = x.fieldsNotInPath(request.ProtoReflect().Descriptor().Fields())
	}
	return dlijson.DecodeQuery(query, request, inQuery)
}

func (x *exchange) fieldsNotInPath(fields protoreflect.FieldDescriptors) []protoreflect.FieldDescriptor {
	var rest []protoreflect.FieldDescriptor
	for i := range fields.Len() {
		if _, inPath := x.pathParams[string(fields.Get(i).Name())]; !inPath {
			rest = append(rest, fields.Get(i))
		}
	}
	return rest
}

// readBody decodes the body as it comes. Reading knows no context: its deadlines end the
// wait for a body that never comes.
func (x *exchange) readBody(request proto.Message) error {
	if err := x.checkLength(); err != nil {
		return err
	}
	inPath := make([]protoreflect.Name, 0, len(x.pathParams))
	for name := range x.pathParams {
		inPath = append(inPath, protoreflect.Name(name))
	}
	if !x.body.started() {
		x.body.start()
	}
	err := dlijson.DecodeRequest(&x.body, request, inPath...)
	x.call.BytesIn = x.body.n
	if err != nil {
		return notRead(x.body.ctx, err)
	}
	_ = x.body.conn.SetReadDeadline(time.Time{})
	return nil
}

func (x *exchange) checkLength() error {
	if limit := x.gateway.limits.GetMaxRequestBytes(); x.request.ContentLength > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	return nil
}

// notRead returns the error of a body that could not be read. A body that was cut short
// differs from a caller who is gone, though net/http reports both alike.
func notRead(ctx context.Context, err error) error {
	var tooLarge *http.MaxBytesError
	var malformed *dlijson.Error
	var rejected *apierror.Error
	switch {
	case errors.As(err, &tooLarge), errors.As(err, &malformed), errors.As(err, &rejected):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return apierror.New(connsvcv1.ErrorReason_REQUEST_TIMEOUT, "", err)
	case ctx.Err() != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return ctx.Err()
	default:
		return apierror.Unreadable("body.incomplete", "the request body could not be read whole", err)
	}
}

// Write sends the response that the gateway has encoded, if it is not too large.
func (x *exchange) Write(response []byte) (int, error) {
	n := len(response)
	x.call.Record.LetGo() // the message is not used any more
	if int64(n) > x.gateway.limits.GetMaxResponseBytes() {
		x.fail(apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil))
		return n, nil
	}
	defer x.answer.Release()
	if err := x.call.HoldAnswer(&x.answer, int64(n)); err != nil {
		x.fail(err)
		return n, nil
	}
	status := http.StatusOK
	if x.call.Creates() {
		status = http.StatusCreated // DLI's clients accept no other (dli_02_0187)
	}
	if err := x.send(x.call, status, response); err != nil {
		x.fail(apierror.NotSent(err))
	} else if x.request.ProtoMajor == 1 {
		// HTTP/2 may still read the buffer of a stream that has ended.
		x.gateway.buffers.Give(&response) // from here on another call may use it
	}
	return n, nil
}

// send sends a response or an error, once.
func (x *exchange) send(c *chain.Call, status int, body []byte) error {
	x.sent = true
	c.HTTPStatus, c.BytesOut = status, int64(len(body))
	header := x.Header()
	if status < http.StatusBadRequest && x.unread() {
		// A body that no RPC of this method has. Otherwise net/http would wait for it before it
		// sends the response, and then for as long as it reads a request.
		header.Set("Connection", "close")
		_ = http.NewResponseController(x.ResponseWriter).SetReadDeadline(time.Now().Add(discardTime))
	}
	header.Set("X-Request-Id", c.ID)
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	x.WriteHeader(status)
	if x.request.Method == http.MethodHead {
		c.BytesOut = 0
		return nil
	}
	return x.write(body)
}

const (
	// writePart is the part of a response that a caller must take within the body timeout.
	writePart = 64 << 10
	// smallAnswer is what the socket takes without waiting for the caller.
	smallAnswer = 16 << 10
)

// write writes a response. A caller who takes nothing of it for the body timeout is cut.
func (x *exchange) write(body []byte) error {
	if len(body) <= smallAnswer && x.request.ProtoMajor == 1 {
		_, err := x.ResponseWriter.Write(body)
		return err
	}
	return x.writeParts(http.NewResponseController(x.ResponseWriter), body)
}

func (x *exchange) writeParts(conn *http.ResponseController, body []byte) error {
	for len(body) > 0 {
		// A recorder of a test has no deadline.
		_ = conn.SetWriteDeadline(time.Now().Add(x.gateway.options.BodyTimeout))
		n, err := x.ResponseWriter.Write(body[:min(len(body), writePart)])
		if err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}
