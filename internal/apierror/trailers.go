package apierror

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
)

// The limits of a gRPC status. Clients accept 8 KiB of trailers in all, and the status
// takes at most half of that on the wire, base64 and percent-encoded.
const (
	MaxStatusBytes      = 4096
	MaxStatusViolations = 25
)

// wireSize is the size of a status in trailers: all of it in base64 as
// grpc-status-details-bin, and its message again, percent-encoded, as grpc-message.
func wireSize(st *spb.Status) int {
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

// truncate returns s as valid UTF-8 of at most limit bytes, truncated between runes.
func truncate(s string, limit int) string {
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

// truncateEncoded is truncate with the limit for the percent-encoded text.
func truncateEncoded(s string, limit int) string {
	s = truncate(s, limit)
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
