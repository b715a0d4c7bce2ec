package grpcapi

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compression that callers may use
	"google.golang.org/grpc/mem"

	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/server/chain"
)

const (
	// The parts that a message is read in. The caller may send a part, and one window, before
	// the part is counted. Only parts that come quickly grow, so that a slow caller makes
	// progress, too.
	minPart, maxPart = 512, 256 << 10
	// compressed is the flag of a message in the first byte of its prefix.
	compressed = 1
)

// A messageStream is what gRPC's own stream of its transport has. It is read directly,
// because RecvMsg returns a message only when all of it is in memory, uncounted: a call
// that is never completed could hold as much as the largest request (ADR 0013).
type messageStream interface {
	ReadMessageHeader(header []byte) error
	Read(n int) (mem.BufferSlice, error)
	RecvCompress() string
}

var errStream = errors.New("the gRPC transport's stream cannot be read in parts")

// read reads the request message, and counts each part as it comes.
func (x *exchange) read(c *chain.Call) (mem.Buffer, error) {
	stream, ok := grpc.ServerTransportStreamFromContext(x.stream.Context()).(messageStream)
	if !ok {
		return nil, errStream
	}
	var prefix [5]byte // a flag, and the length of the message
	if err := stream.ReadMessageHeader(prefix[:]); err != nil {
		return nil, x.notReceived(err)
	}
	length := int64(binary.BigEndian.Uint32(prefix[1:]))
	if length > x.maxIn {
		return nil, x.tooLarge()
	}
	message, err := x.readParts(c, stream, int(length))
	if err != nil || prefix[0]&compressed == 0 {
		return message, err
	}
	defer message.Free()
	return x.decompress(c, stream.RecvCompress(), message.ReadOnlyData())
}

// readParts reads a message of a length into one buffer, which grows as the message comes.
func (x *exchange) readParts(c *chain.Call, stream messageStream, length int) (mem.Buffer, error) {
	pool := mem.DefaultBufferPool()
	var whole *[]byte
	n, part := 0, minPart
	for {
		start, next := time.Now(), min(part, length-n)
		data, err := stream.Read(next)
		if err != nil {
			free(whole, pool)
			return nil, x.notReceived(err)
		}
		if whole == nil && next == length {
			err = c.Reserve(int64(next))
			message := data.MaterializeToBuffer(pool)
			data.Free()
			return message, err
		}
		x.arrival.progress()
		whole = grown(whole, n, min(length, max(2*n, n+next, minBuffer)), pool)
		n += data.CopyTo((*whole)[n:])
		data.Free()
		if err := c.Reserve(int64(next)); err != nil {
			free(whole, pool)
			return nil, err
		}
		if n == length {
			return mem.NewBuffer(whole, pool), nil
		}
		if time.Since(start) < x.arrival.timeout/10 {
			part = min(2*part, maxPart)
		} else {
			part = max(part/2, minPart)
		}
	}
}

// minBuffer is the first buffer of a message that comes in parts.
const minBuffer = 4 << 10

// grown returns a buffer of a size with the first n bytes of another, which is freed.
func grown(from *[]byte, n, size int, pool mem.BufferPool) *[]byte {
	if from != nil && size <= len(*from) {
		return from
	}
	to := pool.Get(size)
	if from != nil {
		copy(*to, (*from)[:n])
		pool.Put(from)
	}
	return to
}

func free(buffer *[]byte, pool mem.BufferPool) {
	if buffer != nil {
		pool.Put(buffer)
	}
}

// decompress decompresses a message up to the limit of a request. The response is not
// compressed.
func (x *exchange) decompress(c *chain.Call, encodingName string, message []byte) (mem.Buffer, error) {
	compressor := encoding.GetCompressor(encodingName)
	if compressor == nil {
		return nil, apierror.Unreadable("protobuf.compression", "the message is compressed, but grpc-encoding names no compression", nil)
	}
	reader, err := compressor.Decompress(bytes.NewReader(message))
	if err != nil {
		return nil, apierror.Unreadable("protobuf.compression", "the message cannot be decompressed", err)
	}
	var plain bytes.Buffer
	for {
		n, err := io.CopyN(&plain, reader, min(maxPart, x.maxIn+1-int64(plain.Len())))
		if limited := c.Reserve(n); limited != nil {
			return nil, limited
		}
		switch {
		case int64(plain.Len()) > x.maxIn:
			return nil, x.tooLarge()
		case errors.Is(err, io.EOF):
			return mem.SliceBuffer(plain.Bytes()), nil
		case err != nil:
			return nil, apierror.Unreadable("protobuf.compression", "the message cannot be decompressed", err)
		}
	}
}

// uncompressed has gRPC send the response as it is: a compressed copy would not be
// counted.
func uncompressed(ctx context.Context) {
	if stream, ok := grpc.ServerTransportStreamFromContext(ctx).(messageStream); ok && stream.RecvCompress() != "" {
		_ = grpc.SetSendCompressor(ctx, encoding.Identity) // it fails only after the response
	}
}
