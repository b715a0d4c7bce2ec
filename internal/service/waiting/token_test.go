package waiting

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/service/poll"
)

func entries(ids ...string) map[string]*poll.Entry {
	all := make(map[string]*poll.Entry)
	for i, id := range ids {
		all[id] = poll.NewEntry(id, poll.Hash{byte(i), 1, 2, 3, 4, 5, 6, 7})
	}
	return all
}

func hashesOf(all map[string]*poll.Entry) map[string]poll.Hash {
	hashes := make(map[string]poll.Hash)
	for id, e := range all {
		hashes[id] = e.Hash
	}
	return hashes
}

func TestTokenHasWhatTheReaderHas(t *testing.T) {
	req := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: "p"}
	for _, ids := range [][]string{
		nil,
		{"503fc86a-5e60-4349-92c2-7e399404fa8a", "2a620c33-5609-40c9-affd-2b6453071b0f"},
		{"503FC86A-5E60-4349-92C2-7E399404FA8A", "503fc86a-5e60-4349-92c2-7e399404fa8A", "503fc86a-5e60-4349-92c2-7e399404fa8a"},
	} {
		req.ResumeToken = newToken(req, entries(ids...))
		got, err := readToken(req)
		if err != nil || !maps.Equal(hashesOf(got), hashesOf(entries(ids...))) {
			t.Errorf("%q: got %v, %v", ids, hashesOf(got), err)
		}
	}
}

// TestTokenWithWhatIsNoID: a poller would ask DLI for it. Anyone can make the checksum.
func TestTokenWithWhatIsNoID(t *testing.T) {
	req := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: "p"}
	for _, id := range []string{"", ".", "..", "no-uuid", "503fc86a5e60434992c27e399404fa8a", "503fc86a-5e60-4349-92c2-7e399404fa8a/routes"} {
		if token := newToken(req, entries(id)); token != "" {
			t.Errorf("%q: made %s", id, token)
		}
		content := slices.Concat([]byte{0, byte(len(id))}, []byte(id), make([]byte, hashBytes))
		req.ResumeToken = tokenEncoding.EncodeToString(slices.Concat([]byte{tokenVersion}, checksum(req, content), content))
		if got, err := readToken(req); err == nil {
			t.Errorf("%q: got %v", id, hashesOf(got))
		}
	}
}

// TestTokenOfAnotherVersion: a token outlives the version of connsvc that made it.
func TestTokenOfAnotherVersion(t *testing.T) {
	const token = "AQDgkzMFho5EAVA_yGpeYENJksJ-OZQE-ooAAQIDBAUGByQyQTYyMEMzMy01NjA5LTQwQzktQUZGRC0yQjY0NTMwNzFCMEYBAQIDBAUGBw"
	req := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: "p", ConnectionId: "503FC86A-5e60-4349-92c2-7e399404fa8a"}
	has := entries("503fc86a-5e60-4349-92c2-7e399404fa8a", "2A620C33-5609-40C9-AFFD-2B6453071B0F")
	if got := newToken(req, has); got != token {
		t.Errorf("got %s, want %s", got, token)
	}
	req.ResumeToken, req.ConnectionId = token, "503fc86a-5e60-4349-92c2-7e399404fa8a"
	if got, err := readToken(req); err != nil || !maps.Equal(hashesOf(got), hashesOf(has)) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTokenIsShortEnoughForARequest(t *testing.T) {
	req := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: "p"}
	for n, fits := range map[int]bool{2000: true, 2100: false} {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprintf("503fc86a-5e60-4349-92c2-%012d", i)
		}
		if token := newToken(req, entries(ids...)); (token != "") != fits || len(token) > 65536 {
			t.Errorf("%d connections have a token of %d bytes", n, len(token))
		}
		for i := range ids {
			ids[i] = strings.ToUpper(ids[i])
		}
		if token := newToken(req, entries(ids...)); token != "" {
			t.Errorf("%d connections with long IDs have a token of %d bytes", n, len(token))
		}
	}
}

// FuzzToken: whatever a token is, it is rejected or well-formed, and only the token of a
// reader is accepted for that reader.
func FuzzToken(f *testing.F) {
	req := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: "p"}
	f.Add(newToken(req, entries("503fc86a-5e60-4349-92c2-7e399404fa8a", "2A620C33-5609-40C9-AFFD-2B6453071B0F")), []byte{1})
	f.Add("", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, token string, content []byte) {
		// With a checksum, as the content would else never be read.
		valid := tokenEncoding.EncodeToString(slices.Concat([]byte{tokenVersion}, checksum(req, content), content))
		for _, each := range []string{token, valid} {
			req := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: "p", ResumeToken: each}
			got, err := readToken(req)
			if err != nil || each == "" {
				continue
			}
			req.ResumeToken = newToken(req, got)
			again, err := readToken(req)
			if err != nil || !maps.Equal(hashesOf(got), hashesOf(again)) {
				t.Errorf("%s: %v is read as %v, %v", each, hashesOf(got), hashesOf(again), err)
			}
			other := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: "q", ResumeToken: each}
			if _, err := readToken(other); err == nil {
				t.Errorf("%s is accepted for another project", base64.StdEncoding.EncodeToString([]byte(each)))
			}
		}
	})
}
