package waiting

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/service/poll"
	"github.com/connsvc/connsvc/internal/validation"
)

// A resume token is what its reader has: a version, a checksum over the token and the
// request that it belongs to, the number of connections whose IDs are UUIDs in lower case,
// these with their hashes, then the others, each with the length of its ID. No replica stores
// it, and anyone can write one.
const (
	tokenVersion  = 1
	checksumBytes = 8
	uuidBytes     = 16
	hashBytes     = len(poll.Hash{})
	// maxTokenBytes is the longest token that a request takes: of about 2,000 connections.
	maxTokenBytes = 65536
)

var tokenEncoding = base64.RawURLEncoding.Strict()

// newToken returns the token of a reader who has these connections; empty if it would be
// too long, or an ID is none that readToken accepts.
func newToken(req *connsvcv1.WatchEnhancedConnectionsRequest, sent map[string]*poll.Entry) string {
	if tokenEncoding.EncodedLen(len(sent)*(uuidBytes+hashBytes)) > maxTokenBytes {
		return ""
	}
	var uuids, others []byte
	for _, id := range slices.Sorted(maps.Keys(sent)) {
		hash := sent[id].Hash
		if uuid, ok := parseUUID(id); ok {
			uuids = append(append(uuids, uuid...), hash[:]...)
			continue
		}
		if !validation.IsConnectionID(id) {
			return ""
		}
		others = binary.AppendUvarint(others, uint64(len(id)))
		others = append(append(others, id...), hash[:]...)
	}
	content := binary.AppendUvarint(nil, uint64(len(uuids)/(uuidBytes+hashBytes)))
	content = slices.Concat(content, uuids, others)
	token := tokenEncoding.EncodeToString(slices.Concat([]byte{tokenVersion}, checksum(req, content), content))
	if len(token) > maxTokenBytes {
		return ""
	}
	return token
}

// readToken returns what the reader of a request has, by ID.
func readToken(req *connsvcv1.WatchEnhancedConnectionsRequest) (map[string]*poll.Entry, error) {
	sent := make(map[string]*poll.Entry)
	if req.GetResumeToken() == "" {
		return sent, nil
	}
	b, err := tokenEncoding.DecodeString(req.GetResumeToken())
	if err != nil || len(b) < 1+checksumBytes || b[0] != tokenVersion || strings.ContainsAny(req.GetResumeToken(), "\r\n") {
		return nil, invalidToken()
	}
	sum, content := b[1:1+checksumBytes], b[1+checksumBytes:]
	if !bytes.Equal(sum, checksum(req, content)) || !readContent(content, sent) {
		return nil, invalidToken()
	}
	return sent, nil
}

// readContent adds the connections of a token to sent. It returns false if they are not
// well-formed: an ID becomes a part of the path of a call to DLI.
func readContent(b []byte, sent map[string]*poll.Entry) bool {
	uuids, n := binary.Uvarint(b)
	if n <= 0 || uuids > uint64(len(b))/uint64(uuidBytes+hashBytes) {
		return false
	}
	for b = b[n:]; uuids > 0; uuids-- {
		if len(b) < uuidBytes+hashBytes {
			return false
		}
		id := formatUUID(b[:uuidBytes])
		sent[id] = poll.NewEntry(id, poll.Hash(b[uuidBytes:uuidBytes+hashBytes]))
		b = b[uuidBytes+hashBytes:]
	}
	for len(b) > 0 {
		length, n := binary.Uvarint(b)
		if n <= 0 || length > uint64(len(b)) || len(b) < n+int(length)+hashBytes { //nolint:gosec // in range
			return false
		}
		end := n + int(length) //nolint:gosec // in range
		id := string(b[n:end])
		if !validation.IsConnectionID(id) {
			return false
		}
		sent[id] = poll.NewEntry(id, poll.Hash(b[end:end+hashBytes]))
		b = b[end+hashBytes:]
	}
	return true
}

func checksum(req *connsvcv1.WatchEnhancedConnectionsRequest, content []byte) []byte {
	digest := sha256.New()
	digest.Write([]byte("connsvc resume_token\x00" + req.GetProjectId() + "\x00" + strings.ToLower(req.GetConnectionId()) + "\x00"))
	digest.Write(content)
	return digest.Sum(nil)[:checksumBytes]
}

// parseUUID returns the bytes of an ID that formatUUID writes in the same way.
func parseUUID(id string) ([]byte, bool) {
	b, err := hex.DecodeString(strings.ReplaceAll(id, "-", ""))
	return b, err == nil && len(b) == uuidBytes && formatUUID(b) == id
}

func formatUUID(b []byte) string {
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func invalidToken() error {
	return apierror.Invalid("resume_token", "resume_token.malformed",
		"must be the resume_token of a watch of the same project_id and connection_id")
}
