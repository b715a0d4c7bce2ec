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
	UnknownField                 // a name that the message does not have
	Type                         // another JSON type, or another word, than the field takes
	Range                        // a number that the field cannot hold, or too many elements
	Duplicate                    // a name that occurs twice in one object
	Encoding                     // invalid UTF-8
	Depth                        // nested too deep
	Missing                      // neither the list nor is_success in a response
)

var kindNames = map[Kind]string{
	Syntax: "syntax", UnknownField: "unknown_field", Type: "type", Range: "range",
	Duplicate: "duplicate", Encoding: "encoding", Depth: "depth", Missing: "missing",
}

// String returns the kind as a word, for a metric or a log.
func (k Kind) String() string {
	if name, ok := kindNames[k]; ok {
		return name
	}
	return "kind(" + strconv.Itoa(int(k)) + ")"
}

// An Error describes a fault in a JSON text or a query. It contains no value of the
// text; of an unknown name it contains the first 64 characters, quoted.
type Error struct {
	Kind    Kind
	Path    string // as in "hosts[3].ip"; empty for the text as a whole
	Offset  int64  // bytes before the fault; -1 without a text
	Message string // as in "expected a string, got a number"
}

// Error returns path, message and offset in one line.
func (e *Error) Error() string {
	text := e.Message
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Offset >= 0 {
		text += fmt.Sprintf(" (at byte %d)", e.Offset)
	}
	return text
}

// within puts a field or an index before the path of err. Paths are built only here,
// while an error returns through the callers, so that valid input costs nothing.
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
