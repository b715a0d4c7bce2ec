package dlijson

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kind is the kind of an Error.
type Kind int

// The kinds of Error.
const (
	Syntax       Kind = iota + 1 // no JSON object, or something after it
	UnknownField                 // a name the message does not have
	Type                         // another JSON type, or another word, than the field takes
	Range                        // a number the field cannot hold, or more elements than a list may have
	Duplicate                    // a name that stands twice in one object
	Encoding                     // invalid UTF-8
	Depth                        // nested too deep
)

// String returns the kind as a word, as for a metric or a log.
func (k Kind) String() string {
	switch k {
	case Syntax:
		return "syntax"
	case UnknownField:
		return "unknown_field"
	case Type:
		return "type"
	case Range:
		return "range"
	case Duplicate:
		return "duplicate"
	case Encoding:
		return "encoding"
	case Depth:
		return "depth"
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// An Error says what is wrong with a JSON text or a query, and where. It never
// holds a value that the text held. Of an unknown name it holds the first 64
// characters, quoted.
type Error struct {
	Kind    Kind
	Path    string // as in "hosts[3].ip"; empty for the text as a whole
	Offset  int64  // bytes before the fault; -1 where there is no text
	Message string // as in "expected a string, got a number"
}

// Error returns path, message and offset in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path)
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.Offset >= 0 {
		fmt.Fprintf(&b, " (at byte %d)", e.Offset)
	}
	return b.String()
}

// within puts a field or an index before the path of err, if it has one. Paths
// are made only here, as an error travels up, so that decoding pays nothing.
func within(step string, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Path == "", strings.HasPrefix(e.Path, "["):
		e.Path = step + e.Path
	default:
		e.Path = step + "." + e.Path
	}
	return e
}

func withinIndex(i int, err error) error {
	return within("["+strconv.Itoa(i)+"]", err)
}
