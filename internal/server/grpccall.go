package server

import (
	"context"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// grpcCall is the wire of one gRPC call.
type grpcCall struct {
	stream        grpc.ServerStream
	codec         frameCodec
	maxIn, maxOut int64
}

func (g *grpcCall) receive(ctx context.Context, c *call) error {
	var f frame
	if err := g.stream.RecvMsg(&f); err != nil {
		return g.notReceived(err)
	}
	defer func() { f.data.Free() }()
	c.bytesIn = int64(f.data.Len())
	if c.bytesIn > g.maxIn {
		return g.tooLarge()
	}
	if err := c.hold(c.bytesIn); err != nil {
		return err
	}
	// In one piece, of which both the count and the message are read.
	whole := f.data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	if err := checkItems(whole.ReadOnlyData(), c.req.ProtoReflect().Descriptor()); err != nil {
		return err
	}
	if err := proto.Unmarshal(whole.ReadOnlyData(), c.req); err != nil {
		return unreadable("protobuf.syntax", "the request is no valid protobuf message of its type", err)
	}
	return ctx.Err()
}

// notReceived places an error of RecvMsg. gRPC has answered by then, so this is
// for metrics and the log.
func (g *grpcCall) notReceived(err error) error {
	switch status.Code(err) {
	case codes.ResourceExhausted:
		return g.tooLarge()
	case codes.DeadlineExceeded:
		return apierror.New(connsvcv1.ErrorReason_REQUEST_TIMEOUT, "", err)
	case codes.Canceled, codes.Unavailable:
		return apierror.New(connsvcv1.ErrorReason_CALLER_CANCELLED, "", err)
	default:
		return unreadable("protobuf.incomplete", "the request did not come as one whole message", err)
	}
}

// tooLarge is the error that the REST door has from net/http.
func (g *grpcCall) tooLarge() error { return &http.MaxBytesError{Limit: g.maxIn} }

func (g *grpcCall) reply(_ context.Context, c *call, answer proto.Message) error {
	data, err := g.codec.Marshal(answer)
	if err != nil {
		return err
	}
	size := int64(data.Len())
	if size > g.maxOut {
		data.Free()
		return apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
	}
	c.bytesOut = size
	if err := g.stream.SendMsg(&frame{data}); err != nil {
		return notSent(err)
	}
	return nil
}

// notSent places an answer that could not be sent: its caller is gone.
func notSent(err error) error {
	return apierror.New(connsvcv1.ErrorReason_CALLER_CANCELLED, "the caller did not take the answer", err)
}

// refuse does nothing: the door returns the status.
func (g *grpcCall) refuse(*call) {}
