package grpcapi

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

// Of HTTP/2 (RFC 9113).
const (
	prefaceBytes     = 24 // before the first frame of a client
	frameHeaderBytes = 9
)

// frames finds the frames in the bytes of one direction of a connection: their headers, and
// the error code of a reset.
type frames struct {
	skip   int64 // bytes of the payload, or of the preface
	header [frameHeaderBytes]byte
	n      int // of header
	code   [8]byte
	want   int // bytes of code that are still to come
	got    int
	found  func(kind http2.FrameType, stream uint32, code http2.ErrCode)
}

// scan reads on.
func (f *frames) scan(p []byte) {
	for len(p) > 0 {
		switch {
		case f.want > 0:
			n := copy(f.code[f.got:f.got+f.want], p)
			f.got, f.want, p = f.got+n, f.want-n, p[n:]
			if f.want == 0 {
				f.found(http2.FrameType(f.header[3]), f.stream(), http2.ErrCode(binary.BigEndian.Uint32(f.code[f.got-4:f.got])))
			}
		case f.skip > 0:
			n := min(f.skip, int64(len(p)))
			f.skip, p = f.skip-n, p[n:]
		default:
			n := copy(f.header[f.n:], p)
			f.n, p = f.n+n, p[n:]
			if f.n == frameHeaderBytes {
				f.begin()
			}
		}
	}
}

// begin begins the payload of a frame.
func (f *frames) begin() {
	f.n, f.got = 0, 0
	f.skip = int64(f.header[0])<<16 | int64(f.header[1])<<8 | int64(f.header[2])
	switch kind := http2.FrameType(f.header[3]); {
	case kind == http2.FrameRSTStream && f.skip >= 4:
		f.want = 4
	case kind == http2.FrameGoAway && f.skip >= 8: // the last stream, then the code
		f.want = 8
	default:
		f.found(kind, f.stream(), http2.ErrCodeNo)
	}
	f.skip -= int64(f.want)
}

func (f *frames) stream() uint32 { return binary.BigEndian.Uint32(f.header[5:]) & (1<<31 - 1) }
