package upstream

import "encoding/binary"

// recordHead is the size of the head of a TLS record, the last two bytes of which are
// the length of what follows.
const recordHead = 5

// records follows the records of TLS as their bytes are read. The zero records is
// before the first.
type records struct {
	head [recordHead]byte
	have int // of head
	left int // of what follows it
}

func (r *records) add(p []byte) {
	for len(p) > 0 {
		if r.left > 0 {
			n := min(r.left, len(p))
			r.left -= n
			p = p[n:]
			continue
		}
		n := copy(r.head[r.have:], p)
		r.have += n
		p = p[n:]
		if r.have == recordHead {
			r.have, r.left = 0, int(binary.BigEndian.Uint16(r.head[recordHead-2:]))
		}
	}
}

// begun reports whether a record has come in part.
func (r *records) begun() bool { return r.have > 0 || r.left > 0 }
