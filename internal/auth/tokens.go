package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// A tokenTable is the static tokens: by hash, as connsvc never needs the token itself. The
// key is the beginning of the hash: how long its search takes says nothing of a token.
type tokenTable map[uint64][]tokenEntry

type tokenEntry struct {
	sum       [sha256.Size]byte
	principal *call.Principal
}

func readTokens(cfg []*configv1.CallerToken, read readSecret) (tokenTable, error) {
	table := make(tokenTable, len(cfg))
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
		key := binary.BigEndian.Uint64(entry.sum[:])
		table[key] = append(table[key], entry)
	}
	return table, errors.Join(problems...)
}

// find compares hashes in constant time.
func (t tokenTable) find(sum *[sha256.Size]byte) *call.Principal {
	for _, entry := range t[binary.BigEndian.Uint64(sum[:])] {
		if subtle.ConstantTimeCompare(entry.sum[:], sum[:]) == 1 {
			return entry.principal
		}
	}
	return nil
}

func attributesOf(list []*configv1.Attribute) map[string]string {
	attributes := make(map[string]string, len(list))
	for _, a := range list {
		attributes[a.GetName()] = a.GetValue()
	}
	return attributes
}
