package dlijson

import "strings"

// An arena keeps short strings side by side in chunks, so that 40,000 of them
// are a thousand allocations. A chunk lives as long as one string of it, hence
// chunks are small.
type arena struct {
	chunk strings.Builder
	size  int
}

// A chunk is twice the one before it, so that a short text stays small.
const minChunk, maxChunk = 64, 1024

// keep returns b as a string. What a strings.Builder has handed out never
// changes as it grows, and keep never lets it move.
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
