package dlijson

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxEcho is how many characters of an unknown name an Error contains.
const maxEcho = 64

// unknown returns the error for a name that is not among known. what is "field" or
// "parameter".
func unknown(what, name string, known []string, offset int64) *Error {
	name = truncate(name)
	quoted := strconv.Quote(name)
	e := &Error{Kind: UnknownField, Path: quoted, Offset: offset, Message: "unknown " + what + " " + quoted}
	if isPlain(name) {
		e.Path = name
	}
	if near := Nearest(name, known); near != "" {
		e.Message += ": did you mean " + strconv.Quote(near) + "?"
	}
	return e
}

func truncate(name string) string {
	if utf8.RuneCountInString(name) <= maxEcho {
		return name
	}
	return string([]rune(name)[:maxEcho]) + "…"
}

func isPlain(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == '-':
			return false
		}
		return true
	})
}

// Nearest returns the known name with the fewest edits, if they are at most a third
// of the name's length, else "".
func Nearest(name string, known []string) string {
	best, bestEdits := "", len(name)/3+1
	for _, k := range known {
		if edits := distance(strings.ToLower(name), strings.ToLower(k)); edits < bestEdits {
			best, bestEdits = k, edits
		}
	}
	return best
}

// distance is the number of edits between a and b: bytes inserted, deleted,
// replaced, or swapped with their neighbour.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			replaced := last[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
