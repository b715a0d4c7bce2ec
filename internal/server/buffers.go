package server

import "sync"

// maxKeptBuffer is the largest buffer that is kept for the next answer: rare
// large ones must not stay in memory.
const maxKeptBuffer = 4 << 20

// buffers are what REST answers are encoded in.
type buffers struct{ pool sync.Pool }

func (b *buffers) take() *[]byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return buffer
	}
	return new([]byte)
}

func (b *buffers) give(buffer *[]byte) {
	if cap(*buffer) <= maxKeptBuffer {
		b.pool.Put(buffer)
	}
}
