package service

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// A page token is a version and an offset in DLI's list, in base64.
const (
	pageTokenVersion = 2
	pageTokenBytes   = 1 + 4
)

var pageTokenEncoding = base64.RawURLEncoding.Strict()

func newPageToken(offset uint32) string {
	return pageTokenEncoding.EncodeToString(binary.BigEndian.AppendUint32([]byte{pageTokenVersion}, offset))
}

// offsetOf returns the offset at which the page of the request starts.
func offsetOf(req *connsvcv1.ListEnhancedConnectionsRequest) (int32, error) {
	token := req.GetPageToken()
	if token == "" {
		return req.GetOffset(), nil
	}
	b, err := pageTokenEncoding.DecodeString(token)
	// The decoder ignores line ends, which no token has.
	if err != nil || len(b) != pageTokenBytes || len(token) != pageTokenEncoding.EncodedLen(pageTokenBytes) || b[0] != pageTokenVersion {
		return 0, invalidPageToken()
	}
	offset := binary.BigEndian.Uint32(b[1:])
	if offset > math.MaxInt32 {
		return 0, invalidPageToken()
	}
	return int32(offset), nil
}

func invalidPageToken() error {
	return apierror.Invalid("page_token", "page_token.malformed", "must be the next_page_token of a previous response")
}
