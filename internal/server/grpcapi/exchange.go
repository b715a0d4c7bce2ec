package grpcapi

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/server/chain"
)

// An exchange is the transport of one gRPC call.
type exchange struct {
	stream        grpc.ServerStream
	api           connsvcv1.ConnectionServiceServer
	handler       handler
	arrival       *arrival      // of the request
	buffers       *buffers.Pool // for responses
	conn          *connection   // nil if it is not known
	maxIn, maxOut int64
}

// A handler has a generated handler receive the request, call the API and reply.
type handler func(ctx context.Context, x *exchange, c *chain.Call) error

// unary is the handler of an RPC with one response.
func unary(generated grpc.MethodHandler) handler {
	return func(ctx context.Context, x *exchange, c *chain.Call) error {
		resp, err := generated(x.api, ctx, func(req any) error { return x.receive(c, req.(proto.Message)) }, nil)
		if err != nil {
			return err
		}
		return x.reply(c, resp.(proto.Message), nil)
	}
}

// serve serves a call of an RPC, or of an unknown method where handler is nil.
func (s *Server) serve(stream grpc.ServerStream, method string, handler handler) error {
	x := &exchange{
		stream: stream, api: s.chain.API, handler: handler, buffers: &s.buffers,
		maxIn: s.limits.GetMaxRequestBytes(), maxOut: s.limits.GetMaxResponseBytes(),
	}
	ctx := stream.Context()
	if x.conn = connectionOf(ctx); x.conn != nil {
		x.conn.served.Add(1)
	}
	c := &chain.Call{API: chain.GRPC, Method: method, Peer: peerOf(ctx), Transport: x}
	c.ReadHeaders(func(name string) []string { return metadata.ValueFromIncomingContext(ctx, name) })
	if handler == nil {
		c.Target, _ = grpc.MethodFromServerStream(stream)
		c.Unrouted = apierror.New(connsvcv1.ErrorReason_METHOD_NOT_FOUND, "", nil)
	}
	// At once: at the call's deadline gRPC sends the status by itself.
	stream.SetTrailer(metadata.MD{"x-request-id": {c.ID}})
	x.arrival = arrivalOf(ctx)
	x.arrival.begin(stream, c.ID)
	defer x.arrival.end()
	s.chain.Serve(ctx, c)
	if c.Failure == nil {
		return nil
	}
	if wait := c.Failure.RetryAfter; wait > 0 {
		// gRPC's own retries read no details: without this they come back within milliseconds.
		stream.SetTrailer(metadata.Pairs("grpc-retry-pushback-ms", strconv.FormatInt(roundUp(wait).Milliseconds(), 10)))
	}
	return c.Failure.GRPCStatus().Err()
}

// roundUp rounds up to milliseconds: no retry comes before the wait is over.
func roundUp(wait time.Duration) time.Duration {
	return (wait + time.Millisecond - 1).Truncate(time.Millisecond)
}

func (s *Server) serveUnknown(_ any, stream grpc.ServerStream) error {
	return s.serve(stream, chain.UnknownMethod, nil)
}

// peerOf returns the caller's address; empty if it is not known.
func peerOf(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok && p.Addr != nil {
		return p.Addr.String()
	}
	return ""
}

// Credentials returns those of the call's metadata and connection.
func (x *exchange) Credentials() auth.Credentials { return credentialsOf(x.stream.Context()) }

func credentialsOf(ctx context.Context) auth.Credentials {
	c := auth.Credentials{Authorization: metadata.ValueFromIncomingContext(ctx, "authorization")}
	if p, ok := peer.FromContext(ctx); ok {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok {
			c.Certificate = chain.Certificate(&info.State)
		}
	}
	return c
}

// Exchange makes an exchange a chain.Transport.
func (x *exchange) Exchange(ctx context.Context, c *chain.Call) error {
	return x.handler(ctx, x, c)
}

// Complete does nothing: all of a request is in its message.
func (x *exchange) Complete(proto.Message) error { return nil }

// Reject does nothing: the handler returns the status.
func (x *exchange) Reject(*chain.Call) {}

func (x *exchange) receive(c *chain.Call, req proto.Message) error {
	message, err := x.read(c)
	if err != nil {
		return err
	}
	defer message.Free()
	if !x.arrival.end() {
		return apierror.New(connsvcv1.ErrorReason_REQUEST_TIMEOUT, "", nil)
	}
	c.BytesIn = int64(message.Len())
	if err := checkItems(message.ReadOnlyData(), req.ProtoReflect().Descriptor()); err != nil {
		return err
	}
	if err := proto.Unmarshal(message.ReadOnlyData(), req); err != nil {
		return apierror.Unreadable("protobuf.syntax", "the request is not a valid protobuf message of its type", err)
	}
	return nil
}

// notReceived returns the error of a request that did not arrive. gRPC has sent a status
// of its own by then, so this one is for metrics and the log. See arrival for the details.
func (x *exchange) notReceived(err error) error {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return x.tooLarge()
	case codes.DeadlineExceeded:
		return apierror.New(connsvcv1.ErrorReason_REQUEST_TIMEOUT, "", err)
	case codes.Canceled, codes.Unavailable:
		return apierror.New(connsvcv1.ErrorReason_CALLER_CANCELLED, "", err)
	default:
		return apierror.Unreadable("protobuf.incomplete", "the request did not arrive as one complete message", err)
	}
}

// tooLarge returns the error that REST has from net/http.
func (x *exchange) tooLarge() error { return &http.MaxBytesError{Limit: x.maxIn} }

// reply hands a response to gRPC, which writes it later, even after the call. Until then its
// bytes count; the message itself is let go. written is closed then; it may be nil.
func (x *exchange) reply(c *chain.Call, resp proto.Message, written chan struct{}) error {
	size := proto.Size(resp)
	if int64(size) > x.maxOut {
		return apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
	}
	a := &answer{conn: x.conn, from: x.buffers, written: written}
	if err := c.HoldAnswer(&a.lease, int64(size)); err != nil {
		a.lease.Release()
		return err
	}
	data, err := a.encode(resp, size)
	if err != nil {
		a.lease.Release()
		return err
	}
	c.Record.LetGo()
	if a.conn != nil && !a.conn.keep(a) {
		data.Free()
		return apierror.NotSent(net.ErrClosed)
	}
	uncompressed(x.stream.Context())
	c.BytesOut += int64(size)
	if err := x.stream.SendMsg(&frame{data}); err != nil {
		return apierror.NotSent(err)
	}
	return nil
}
