package dlijson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// next returns the offset of the token that comes next.
func (d *decoder) next() int64 {
	d.json.PeekKind()
	unread := d.json.UnreadBuffer()
	return d.json.InputOffset() + int64(len(unread)-len(bytes.TrimLeft(unread, ",: \t\r\n")))
}

// unexpected is the error that another kind than what comes next. A literal or
// number that is broken is a fault of syntax first.
func (d *decoder) unexpected(got jsontext.Kind, what string) error {
	offset := d.next()
	if got != '{' && got != '[' {
		if _, err := d.json.ReadToken(); err == io.EOF { //nolint:errorlint // as in text
			return &Error{Kind: Syntax, Offset: offset, Message: "expected " + what + ", got nothing"}
		} else if err != nil {
			return d.failed(err)
		}
	}
	return &Error{Kind: Type, Offset: offset, Message: "expected " + what + ", got " + kindName(got)}
}

// noObject is the error about a text that does not start with "{", whatever else
// it is: a form, a list, nothing.
func (d *decoder) noObject(got jsontext.Kind) error {
	offset := d.next()
	err := d.unexpected(got, "a JSON object")
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	if e.Kind != Type && !strings.HasPrefix(e.Message, "expected a JSON object") {
		return &Error{Kind: Syntax, Offset: offset, Message: "expected a JSON object, got no JSON"}
	}
	e.Kind = Syntax
	return e
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 't', 'f':
		return "a boolean"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	return "no value"
}

func (d *decoder) duplicate(name string, raw []byte) error {
	return &Error{
		Kind: Duplicate, Path: name, Offset: d.json.InputOffset() - int64(len(raw)),
		Message: "field \"" + name + "\" stands twice",
	}
}

func (d *decoder) tooDeep() error {
	return &Error{
		Kind: Depth, Offset: d.json.InputOffset() - 1,
		Message: "nested more than " + strconv.Itoa(maxDepth) + " deep",
	}
}

func (d *decoder) tooMany() error {
	e := &Error{Kind: Range, Offset: d.next(), Message: TooManyItems}
	if d.answer != nil {
		e.Message = "more than " + strconv.Itoa(MaxResponseItems) + " elements"
	}
	return e
}

// failed turns an error of jsontext into ours, and passes on the reader's.
func (d *decoder) failed(err error) error {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return fmt.Errorf("reading JSON: %w", err)
	}
	e := &Error{Kind: Syntax, Offset: s.ByteOffset, Message: withoutQuote(s.Err.Error())}
	// jsontext keeps the two errors of encoding to itself: only their texts tell.
	switch {
	case errors.Is(s.Err, io.ErrUnexpectedEOF):
		e.Message = "the text ends too early"
	case errors.Is(s.Err, jsontext.ErrNonStringName):
		e.Message = "expected the name of a field"
	case e.Message == "invalid UTF-8":
		e.Kind = Encoding
	case strings.HasPrefix(e.Message, "invalid surrogate pair"):
		e.Kind, e.Message = Encoding, "half a surrogate pair is no character"
	}
	return e
}

// withoutQuote takes out of a message of jsontext the characters of the text that
// it quotes: how much of them it has seen is chance, and the offset leads there.
func withoutQuote(message string) string {
	for _, label := range []string{"invalid character ", "invalid escape sequence ", "invalid surrogate pair "} {
		rest, ok := strings.CutPrefix(message, label)
		if !ok {
			continue
		}
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			return strings.TrimSpace(label) + rest[len(quoted):]
		}
	}
	return message
}
