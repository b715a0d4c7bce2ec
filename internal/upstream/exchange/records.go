package exchange

import (
	"encoding/binary"
	"net"
)

// recordHead is the size of the head of a TLS record. Its last two bytes are the length
// of the rest.
const recordHead = 5

// records tracks where TLS records begin and end in the bytes that are read. The zero
// value is at the beginning of a record.
type records struct {
	head [recordHead]byte
	have int // bytes of head
	left int // bytes of the rest
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

// begun reports whether part of a record was read.
func (r *records) begun() bool { return r.have > 0 || r.left > 0 }

// A recorded connection tracks the TLS records that are read from it.
type recorded struct {
	net.Conn
	records *records
}

func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.records.add(p[:n])
	return n, err
}
