package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// A tokenTable is the static tokens: by hash, as connsvc never needs the token itself.
type tokenTable []tokenEntry

type tokenEntry struct {
	sum       [sha256.Size]byte
	principal *call.Principal
}

func readTokens(cfg []*configv1.CallerToken, read readSecret) (tokenTable, error) {
	table := make(tokenTable, 0, len(cfg))
	var problems []error
	for i, t := range cfg {
		entry := tokenEntry{principal: call.NewPrincipal(call.Token, t.GetName(), t.GetGroups(), attributesOf(t.GetAttributes()))}
		text, err := read(t.GetSha256())
		if err == nil && hex.DecodedLen(len(text)) != sha256.Size {
			err = errors.New("must be the SHA-256 of the token: 64 hexadecimal digits")
		}
		if err == nil {
			if _, err = hex.Decode(entry.sum[:], []byte(text)); err != nil {
				err = errors.New("must be hexadecimal") // hex's own error quotes the text
			}
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("auth.tokens[%d].sha256: %w", i, err))
		}
		table = append(table, entry)
	}
	return table, errors.Join(problems...)
}

// find compares all hashes, in constant time.
func (t tokenTable) find(sum *[sha256.Size]byte) *call.Principal {
	var found *call.Principal
	for i := range t {
		if subtle.ConstantTimeCompare(t[i].sum[:], sum[:]) == 1 {
			found = t[i].principal
		}
	}
	return found
}

func attributesOf(list []*configv1.Attribute) map[string]string {
	attributes := make(map[string]string, len(list))
	for _, a := range list {
		attributes[a.GetName()] = a.GetValue()
	}
	return attributes
}
