package grpcapi

import (
	"sync/atomic"
	"time"

	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/quota"
)

const (
	// answerPart is the part of a response whose writing counts as progress.
	answerPart = 64 << 10
	// pooled is the least capacity of a buffer that gRPC gives back to its pool.
	pooled = 2 << 10
)

// An answer is a response that gRPC has not written yet: the call may have ended by then.
// It is the pool of its own buffers, which gRPC frees one by one as it has written them.
type answer struct {
	conn  *connection // nil: not known
	lease quota.Lease
	from  *buffers.Pool
	data  *[]byte
	left  atomic.Int64 // parts that are not written
	// written is closed when all is written, or will never be; may be nil.
	written chan struct{}

	// Of the last look, by the connection.
	seen  int64
	since time.Time
}

// encode encodes a response of a size into buffers.
func (a *answer) encode(resp proto.Message, size int) (mem.BufferSlice, error) {
	a.data = a.from.Take()
	if cap(*a.data) < max(size, pooled) {
		*a.data = make([]byte, 0, max(size, pooled))
	}
	data, err := proto.MarshalOptions{UseCachedSize: true}.MarshalAppend(*a.data, resp)
	if err != nil {
		a.from.Give(a.data)
		return nil, err
	}
	*a.data = data
	// A part below gRPC's threshold is never given back, so the last one takes the rest.
	parts := max(len(data)/answerPart, 1)
	a.left.Store(int64(parts))
	slices, all := make([][]byte, parts), make(mem.BufferSlice, parts)
	for i := range parts {
		end := (i + 1) * answerPart
		if i == parts-1 {
			end = len(data)
			slices[i] = data[i*answerPart : end : max(end, cap(data))]
		} else {
			slices[i] = data[i*answerPart : end : end]
		}
		all[i] = mem.NewBuffer(&slices[i], a)
	}
	return all, nil
}

// Get is not used: an answer takes no buffers from itself.
func (a *answer) Get(length int) *[]byte { b := make([]byte, length); return &b }

// Put is called when a part is written, or will never be.
func (a *answer) Put(*[]byte) {
	if a.left.Add(-1) > 0 {
		return
	}
	if a.conn != nil {
		a.conn.remove(a)
	}
	a.lease.Release()
	a.from.Give(a.data)
	if a.written != nil {
		close(a.written)
	}
}
