package restapi

import (
	"errors"
	"io"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/dlijson"
)

var (
	// errDecoding stands for the error of a body, which the exchange keeps: the generated
	// handlers would flatten it to text, and ignore an io.EOF.
	errDecoding = errors.New("the body cannot be decoded")
	// errUnsupported is the error of what unary calls do not use.
	errUnsupported = errors.New("not supported by DLI's dialect")
)

// marshaler is DLI's JSON dialect, as grpc-gateway wants it.
type marshaler struct {
	buffers *buffers.Pool // exchange.Write gives them back
}

// ContentType returns that of all responses.
func (marshaler) ContentType(any) string { return "application/json" }

// Marshal encodes a response.
func (m marshaler) Marshal(v any) ([]byte, error) {
	response, ok := v.(proto.Message)
	if !ok {
		return nil, errUnsupported
	}
	return dlijson.AppendResponse(*m.buffers.Take(), response)
}

// NewDecoder decodes the body of an exchange.
func (marshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		b, isBody := r.(*body)
		request, isMessage := v.(proto.Message)
		if !isBody || !isMessage {
			return errDecoding
		}
		if err := b.exchange.receive(request); err != nil {
			b.exchange.fail(err)
			return errDecoding
		}
		return nil
	})
}

// Unmarshal is not used.
func (marshaler) Unmarshal([]byte, any) error { return errUnsupported }

// NewEncoder is not used.
func (marshaler) NewEncoder(io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(any) error { return errUnsupported })
}
