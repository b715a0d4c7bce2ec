// Package buffers reuses the memory of encoded bodies.
package buffers

import "sync"

// maxKept is the largest buffer that is reused. It exceeds the largest create, so that
// only rare larger ones are left to the garbage collector.
const maxKept = 4 << 20

// A Pool holds unused buffers. The zero Pool is ready, and safe for concurrent use.
type Pool struct{ pool sync.Pool }

// Take returns an empty buffer. The caller stores the grown slice in it before Give.
func (p *Pool) Take() *[]byte {
	if buffer, ok := p.pool.Get().(*[]byte); ok {
		*buffer = (*buffer)[:0]
		return buffer
	}
	return new([]byte)
}

// Give makes a buffer available for reuse. The caller must not use it any more.
func (p *Pool) Give(buffer *[]byte) {
	if cap(*buffer) <= maxKept {
		p.pool.Put(buffer)
	}
}
