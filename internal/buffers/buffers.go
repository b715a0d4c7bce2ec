// Package buffers keeps what bodies were encoded in for the next ones.
package buffers

import "sync"

// maxKept is the largest buffer that is kept, more than the largest create has
// (20,000 hosts at full length are 3.3 MB): rare larger ones must not stay in memory.
const maxKept = 4 << 20

// A Pool keeps buffers. The zero Pool is ready, and safe for concurrent use.
type Pool struct{ pool sync.Pool }

// Take returns an empty buffer. What grows out of it is to be given back in it.
func (p *Pool) Take() *[]byte {
	if buffer, ok := p.pool.Get().(*[]byte); ok {
		*buffer = (*buffer)[:0]
		return buffer
	}
	return new([]byte)
}

// Give takes back a buffer that nobody uses any more.
func (p *Pool) Give(buffer *[]byte) {
	if cap(*buffer) <= maxKept {
		p.pool.Put(buffer)
	}
}
