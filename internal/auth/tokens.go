package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// A tokenTable is the static tokens: by hash, as connsvc never needs the token itself. The
// key is the beginning of the hash: how long its search takes says nothing of a token.
type tokenTable map[uint64][]tokenEntry

type tokenEntry struct {
	sum       [sha256.Size]byte
	principal *call.Principal
	index     int // in the configuration
}

// readTokens keeps of previous, of the same configuration, what cannot be read.
func readTokens(cfg []*configv1.CallerToken, read readSecret, previous tokenTable) (tokenTable, error) {
	table := make(tokenTable, len(cfg))
	var problems []error
	for i, t := range cfg {
		entry := tokenEntry{index: i, principal: call.NewPrincipal(call.Token, t.GetName(), t.GetGroups(), attributesOf(t.GetAttributes()))}
		text, err := read(t.GetSha256())
		if err == nil && hex.DecodedLen(len(text)) != sha256.Size {
			err = errors.New("must be the SHA-256 of the token: 64 hexadecimal digits")
		}
		if err == nil {
			if _, err = hex.Decode(entry.sum[:], []byte(text)); err != nil {
				err = errors.New("must be hexadecimal") // hex's own error quotes the text
			} else if twin := table.twin(entry); twin != nil {
				err = fmt.Errorf("is that of auth.tokens[%d], whose name, groups or attributes differ", twin.index)
			}
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("auth.tokens[%d].sha256: %w", i, err))
			entry.sum = previous.sum(i)
		}
		key := binary.BigEndian.Uint64(entry.sum[:])
		table[key] = append(table[key], entry)
	}
	return table, errors.Join(problems...)
}

// twin returns an entry with the hash of another one and a principal of other rights, so that
// their order would decide who calls; nil: there is none.
func (t tokenTable) twin(of tokenEntry) *tokenEntry {
	for _, e := range t[binary.BigEndian.Uint64(of.sum[:])] {
		if e.sum == of.sum && !reflect.DeepEqual(e.principal, of.principal) {
			return &e
		}
	}
	return nil
}

// sum returns the hash of the entry at an index of the configuration; the zero one where
// the table is empty.
func (t tokenTable) sum(index int) [sha256.Size]byte {
	for _, entries := range t {
		for _, e := range entries {
			if e.index == index {
				return e.sum
			}
		}
	}
	return [sha256.Size]byte{}
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
