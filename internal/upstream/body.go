package upstream

import (
	"io"
	"sync"
	"sync/atomic"
)

// smallBody is the largest body that is copied out of its buffer.
const smallBody = 16 << 10

// maxPooled is the largest buffer that is kept for another call: more than the
// largest create (20,000 hosts at full length are 3.3 MB).
const maxPooled = 4 << 20

// A buffer is the encoded body of a call. The transport may go on reading it
// after it has given the call up, so a buffer is used again only when each of its
// readers is closed.
type buffer struct {
	bytes []byte
	users atomic.Int32
	pool  *sync.Pool
}

// newBuffer returns an empty buffer with one user.
func newBuffer(pool *sync.Pool) *buffer {
	b, ok := pool.Get().(*buffer)
	if !ok {
		b = &buffer{pool: pool}
	}
	b.bytes = b.bytes[:0]
	b.users.Store(1)
	return b
}

// release ends one use.
func (b *buffer) release() {
	if b.users.Add(-1) == 0 && cap(b.bytes) <= maxPooled {
		b.pool.Put(b)
	}
}

// reader returns a reader of the whole buffer: one more user until it is closed.
func (b *buffer) reader() *bodyReader {
	b.users.Add(1)
	return &bodyReader{buffer: b}
}

// A bodyReader only copies out: it never hands the buffer itself to anyone.
type bodyReader struct {
	mu     sync.Mutex
	buffer *buffer // nil once closed
	offset int
}

func (r *bodyReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buffer == nil {
		return 0, io.ErrClosedPipe
	}
	n := copy(p, r.buffer.bytes[r.offset:])
	r.offset += n
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Close may be called more than once.
func (r *bodyReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.buffer != nil {
		r.buffer.release()
		r.buffer = nil
	}
	return nil
}
