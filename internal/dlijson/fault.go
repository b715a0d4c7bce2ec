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

// next returns the offset of the next token.
func (d *decoder) next() int64 {
	d.json.PeekKind()
	unread := d.json.UnreadBuffer()
	return d.json.InputOffset() + int64(len(unread)-len(bytes.TrimLeft(unread, ",: \t\r\n")))
}

// unexpected returns the error for a value of another kind than wanted. An invalid
// literal or number is a syntax error instead.
func (d *decoder) unexpected(wanted string) error {
	got, offset := d.json.PeekKind(), d.next()
	if got != '{' && got != '[' {
		if _, err := d.json.ReadToken(); err == io.EOF { //nolint:errorlint // as in text
			return &Error{Kind: Syntax, Offset: offset, Message: "expected " + wanted + ", got nothing"}
		} else if err != nil {
			return d.failed(err)
		}
	}
	return &Error{Kind: Type, Offset: offset, Message: "expected " + wanted + ", got " + kindName(got)}
}

// notAnObject returns the error for a text that does not start with "{", such as a
// form, a list or nothing.
func (d *decoder) notAnObject() error {
	const wanted = "a JSON object"
	offset := d.next()
	err := d.unexpected(wanted)
	var e *Error
	if errors.As(err, &e) {
		e.Kind, e.Offset = Syntax, offset
		if !strings.HasPrefix(e.Message, "expected "+wanted) {
			e.Message = "expected " + wanted + ", got no JSON"
		}
	}
	return err
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

func duplicate(name string, offset int64) error {
	return &Error{Kind: Duplicate, Path: name, Offset: offset, Message: "field \"" + name + "\" stands twice"}
}

func (d *decoder) tooDeep() error {
	return &Error{
		Kind: Depth, Offset: d.json.InputOffset() - 1,
		Message: "nested more than " + strconv.Itoa(maxDepth) + " deep",
	}
}

func (d *decoder) tooMany() error {
	e := &Error{Kind: Range, Offset: d.next(), Message: TooManyItems}
	if d.envelope != nil {
		e.Message = "more than " + strconv.Itoa(MaxResponseItems) + " elements"
	}
	return e
}

// failed converts an error of jsontext into an Error, and wraps one of the reader.
func (d *decoder) failed(err error) error {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		return fmt.Errorf("reading JSON: %w", err)
	}
	e := &Error{Kind: Syntax, Offset: s.ByteOffset, Message: withoutQuote(s.Err.Error())}
	// jsontext does not export its two encoding errors, only their texts differ.
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

// withoutQuote removes the characters of the text that a message of jsontext quotes:
// their number depends on how much was buffered, and the offset locates them.
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
