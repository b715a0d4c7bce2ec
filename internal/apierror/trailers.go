package apierror

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

// The bounds of a gRPC status. Clients cut trailers off at 8 KiB in all, so the
// status takes at most half of that, as it travels: base64 and percent-encoded.
const (
	MaxStatusBytes      = 4096
	MaxStatusViolations = 25
)

// travelSize is how many bytes of trailers a status takes: grpc-status-details-bin
// holds all of it in base64, grpc-message the message again, percent-encoded.
func travelSize(st *spb.Status) int {
	return base64.StdEncoding.EncodedLen(proto.Size(st)) + encodedLen(st.GetMessage())
}

func encodedLen(s string) int {
	n := 0
	for i := range len(s) {
		n += encodedByteLen(s[i])
	}
	return n
}

func encodedByteLen(c byte) int {
	if c < ' ' || c > '~' || c == '%' {
		return len("%00")
	}
	return 1
}

const ellipsis = "..."

// cut returns s as valid UTF-8 of at most limit bytes, cut between runes.
func cut(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}

// cutEncoded is cut, but of at most limit bytes once it is percent-encoded.
func cutEncoded(s string, limit int) string {
	s = cut(s, limit)
	if encodedLen(s) <= limit {
		return s
	}
	end, size := 0, len(ellipsis)
	for i, r := range s {
		width := encodedLen(s[i : i+utf8.RuneLen(r)])
		if size+width > limit {
			break
		}
		size += width
		end = i + utf8.RuneLen(r)
	}
	return s[:end] + ellipsis
}
