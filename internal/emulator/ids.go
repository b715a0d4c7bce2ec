package emulator

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"io"
	mathrand "math/rand/v2"
	"sync"

	"github.com/google/uuid"
)

// Each kind of ID has a stream of its own, so that with a seed the ID of a connection
// does not depend on the reads before it.
const (
	resourceIDStream = iota + 1
	requestIDStream
	secretStream
)

// An idSource makes IDs, random ones or, from a seed, repeatable ones.
type idSource struct {
	mu     sync.Mutex
	random io.Reader
}

func newIDSource(seed, stream uint64) *idSource {
	if seed == 0 {
		return &idSource{random: rand.Reader}
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], stream)
	return &idSource{random: mathrand.NewChaCha8(key)}
}

func (s *idSource) next() uuid.UUID {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Neither source of random bytes can fail.
	return uuid.Must(uuid.NewRandomFromReader(s.random))
}

func (s *idSource) uuid() string { return s.next().String() }

// hex returns an ID as the API gateway writes its request IDs: 32 hex digits.
func (s *idSource) hex() string {
	id := s.next()
	return hex.EncodeToString(id[:])
}
