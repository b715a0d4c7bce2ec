package service

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// A page token is a version, where the page starts, and a sum of both and of the
// filters, in base64. The sum is no secret: who makes up a token reads what offset
// would give him too. It is there so that a token goes on with the list that it is of.
const (
	pageTokenVersion = 1
	pageTokenHead    = 1 + 4 + 1
	pageTokenSum     = 16
)

var pageTokenForm = base64.RawURLEncoding.Strict()

// A pageStart is where a page starts in DLI's list, and how many connections at
// once DLI is asked for; 0: as many as the caller asks for. Where connections are
// large, that would be many times what fits into the page.
type pageStart struct {
	offset int64
	step   int
}

// newPageToken returns the token of the page that starts there; "" where DLI's
// offset does not reach.
func newPageToken(req *connsvcv1.ListEnhancedConnectionsRequest, start pageStart) string {
	if start.offset < 0 || start.offset > math.MaxInt32 {
		return ""
	}
	token := []byte{pageTokenVersion}
	token = binary.BigEndian.AppendUint32(token, uint32(start.offset)) //nolint:gosec // it was just compared
	token = append(token, byte(min(start.step, defaultLimit)))
	token = append(token, filterSum(token, req)...)
	return pageTokenForm.EncodeToString(token)
}

// startOf returns where the page of the request starts.
func startOf(req *connsvcv1.ListEnhancedConnectionsRequest) (pageStart, error) {
	token := req.GetPageToken()
	if token == "" {
		return pageStart{offset: int64(req.GetOffset())}, nil
	}
	const length = pageTokenHead + pageTokenSum
	b, err := pageTokenForm.DecodeString(token)
	// The decoder passes over line ends, which no token of ours has.
	if err != nil || len(b) != length || len(token) != pageTokenForm.EncodedLen(length) || b[0] != pageTokenVersion ||
		!slices.Equal(b[pageTokenHead:], filterSum(b[:pageTokenHead], req)) {
		return pageStart{}, apierror.Invalid("page_token", "page_token.foreign",
			"must be the next_page_token of an answer to a call with the same project_id, status, name and tags")
	}
	return pageStart{offset: int64(binary.BigEndian.Uint32(b[1:])), step: min(int(b[5]), defaultLimit)}, nil
}

func filterSum(head []byte, req *connsvcv1.ListEnhancedConnectionsRequest) []byte {
	text := slices.Clone(head)
	add := func(s string) {
		text = binary.AppendUvarint(text, uint64(len(s)))
		text = append(text, s...)
	}
	add(req.GetProjectId())
	add(req.GetStatus().String())
	add(req.GetName())
	tags := slices.SortedFunc(slices.Values(req.GetTags()), func(a, b *connsvcv1.Tag) int { return cmp.Compare(a.GetKey(), b.GetKey()) })
	for _, t := range tags {
		add(t.GetKey())
		add(t.GetValue())
	}
	sum := sha256.Sum256(text)
	return sum[:pageTokenSum]
}
