package dlijson

import "strings"

// An arena stores short strings side by side in chunks, to save allocations. A chunk
// stays in memory while any of its strings is in use, hence chunks are small.
type arena struct {
	chunk strings.Builder
	size  int
}

// Each chunk is twice as long as the previous one, so that a short text stays small.
const minChunk, maxChunk = 64, 1024

// keep returns b as a string. Earlier strings of the chunk stay valid, because a
// strings.Builder only appends.
func (a *arena) keep(b []byte) string {
	if len(b) > maxChunk/4 {
		return string(b)
	}
	if a.chunk.Cap()-a.chunk.Len() < len(b) {
		a.size = min(max(2*a.size, minChunk), maxChunk)
		a.chunk.Reset()
		a.chunk.Grow(max(a.size, len(b)))
	}
	start := a.chunk.Len()
	a.chunk.Write(b)
	return a.chunk.String()[start:]
}
