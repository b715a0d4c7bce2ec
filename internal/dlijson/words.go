package dlijson

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// words are the names of an enum's values, but for the zero: DLI has no word for
// "unspecified".
type words []word

type word struct {
	text   string
	number int32
}

func wordsOf(enum protoreflect.EnumDescriptor) words {
	var ws words
	values := enum.Values()
	for i := range values.Len() {
		if v := values.Get(i); v.Number() != 0 {
			ws = append(ws, word{text: string(v.Name()), number: int32(v.Number())})
		}
	}
	return ws
}

// number returns the value of a word, in any case of letters.
func (ws words) number(text string) (int32, bool) {
	for _, w := range ws {
		if equalFoldASCII(w.text, text) {
			return w.number, true
		}
	}
	return 0, false
}

func (ws words) text(number int32) (string, bool) {
	for _, w := range ws {
		if w.number == number {
			return w.text, true
		}
	}
	return "", false
}

// expected says which words there are.
func (ws words) expected() string {
	texts := make([]string, len(ws))
	for i, w := range ws {
		texts[i] = w.text
	}
	return "expected one of " + strings.Join(texts, ", ")
}

// equalFoldASCII is strings.EqualFold without its foreign letters: to that one
// "BAſIC" is BASIC.
func equalFoldASCII(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if upper(a[i]) != upper(b[i]) {
			return false
		}
	}
	return true
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}
