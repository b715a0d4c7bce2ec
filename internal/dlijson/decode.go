package dlijson

import (
	"bytes"
	"io"
	"reflect"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// maxDepth is how deep objects and lists may nest.
	maxDepth = 64
	// The bits of the envelope where the message has no such fields.
	seenIsSuccess = 1 << maxFields
	seenMessage   = 1 << (maxFields + 1)
	seenErrorCode = 1 << (maxFields + 2)
	seenErrorMsg  = 1 << (maxFields + 3)
)

// A decoder reads one JSON text.
type decoder struct {
	json   *jsontext.Decoder
	answer *Envelope // of an answer, which is read leniently; nil for a request
	depth  int     // of the objects around
	items  int     // that the lists of the text may still hold
	arena  arena
}

// maxKept is the most of a text, in bytes, that a jsontext.Decoder may have seen to
// serve again: its buffer may have grown to the longest string of it.
const maxKept = 64 << 10

// spare holds *jsontext.Decoders that nobody uses, for the buffers they bring.
var spare sync.Pool

func newDecoder(r io.Reader, items int) *decoder {
	// Each object notes its known names itself, in one word. jsontext would keep
	// every name, and an answer may hold any number of unknown ones.
	free := jsontext.AllowDuplicateNames(true)
	if d, ok := spare.Get().(*jsontext.Decoder); ok {
		d.Reset(r, free)
		return &decoder{json: d, items: items}
	}
	return &decoder{json: jsontext.NewDecoder(r, free), items: items}
}

// release gives the jsontext.Decoder back.
func (d *decoder) release() {
	if d.json.InputOffset()+int64(len(d.json.UnreadBuffer())) <= maxKept {
		d.json.Reset(nothing{})
		spare.Put(d.json)
	}
	d.json = nil
}

// nothing is an io.Reader that keeps no request alive.
type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// text reads the whole text: one object and nothing after it.
func (d *decoder) text(v reflect.Value, p *plan, omitted uint64) error {
	if kind := d.json.PeekKind(); kind != '{' {
		return d.noObject(kind)
	}
	if err := d.object(v, p, omitted); err != nil {
		return err
	}
	offset := d.json.InputOffset()
	switch _, err := d.json.ReadToken(); err {
	case io.EOF: //nolint:errorlint // one that wraps it is of a reader that broke
		return nil
	case nil:
		return &Error{Kind: Syntax, Offset: offset, Message: "expected nothing after the JSON object"}
	default:
		return d.failed(err)
	}
}

// object reads an object whose "{" comes next.
func (d *decoder) object(v reflect.Value, p *plan, omitted uint64) error {
	if err := d.enter(); err != nil {
		return err
	}
	var seen uint64
	for next := 0; ; {
		switch d.json.PeekKind() {
		case '"':
		case '}':
			return d.leave()
		default:
			_, err := d.json.ReadToken()
			return d.failed(err)
		}
		raw, err := d.json.ReadValue()
		if err != nil {
			return d.failed(err)
		}
		i := p.find(raw, next)
		if i < 0 || omitted&(1<<i) != 0 {
			if err := d.unknown(raw, p, omitted, &seen); err != nil {
				return err
			}
			continue
		}
		if seen&(1<<i) != 0 {
			return d.duplicate(p.fields[i].name, raw)
		}
		seen |= 1 << i
		next = i + 1
		if err := d.field(v, &p.fields[i]); err != nil {
			return within(p.fields[i].name, err)
		}
	}
}

// find returns the place of the field with a quoted name, -1 for none. Most
// texts have their fields in our order, so it looks at next first.
func (p *plan) find(raw []byte, next int) int {
	if next < len(p.fields) && string(raw) == p.fields[next].quoted {
		return next
	}
	name := raw[1 : len(raw)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = []byte(unquote(raw))
	}
	if i, ok := p.byName[string(name)]; ok {
		return i
	}
	return -1
}

// unknown is the way of a name that is none of the message: a request is
// refused, an answer may bear anything.
func (d *decoder) unknown(raw []byte, p *plan, omitted uint64, seen *uint64) error {
	if d.answer != nil {
		return d.envelope(unquote(raw), raw, seen)
	}
	offset := d.json.InputOffset() - int64(len(raw))
	name := unquote(raw)
	var known []string
	for i, n := range p.names {
		switch {
		case omitted&(1<<i) == 0:
			known = append(known, n)
		case n == name:
			return &Error{
				Kind: UnknownField, Path: name, Offset: offset,
				Message: "unknown field \"" + name + "\": it is given by the path",
			}
		}
	}
	return unknown("field", name, known, offset)
}

// envelope reads what an answer may bear beside the fields of its message;
// anything else is passed over.
func (d *decoder) envelope(name string, raw []byte, seen *uint64) error {
	bit, read := uint64(0), d.skip
	switch {
	case d.depth > 1:
	case name == "is_success":
		bit, read = seenIsSuccess, func() (err error) { d.answer.IsSuccess, err = d.bool(d.json.PeekKind()); return err }
	case name == "message":
		bit, read = seenMessage, d.texter(&d.answer.Message)
	case name == "error_code":
		bit, read = seenErrorCode, d.texter(&d.answer.ErrorCode)
	case name == "error_msg":
		bit, read = seenErrorMsg, d.texter(&d.answer.ErrorMsg)
	}
	if bit == 0 {
		return read()
	}
	if *seen&bit != 0 {
		return d.duplicate(name, raw)
	}
	*seen |= bit
	if null, err := d.null(); null || err != nil {
		return err
	}
	if err := read(); err != nil {
		return within(name, err)
	}
	return nil
}

// texter returns what reads a string into text.
func (d *decoder) texter(text *string) func() error {
	return func() (err error) { *text, err = d.string(d.json.PeekKind()); return err }
}

// field reads the value of a field. null is as if the field were not there.
func (d *decoder) field(v reflect.Value, f *field) error {
	got := d.json.PeekKind()
	if got == 'n' {
		_, err := d.null()
		return err
	}
	return d.value(got, v.Field(f.index), f)
}

func (d *decoder) null() (bool, error) {
	if d.json.PeekKind() != 'n' {
		return false, nil
	}
	if _, err := d.json.ReadToken(); err != nil {
		return true, d.failed(err)
	}
	return true, nil
}

// skip passes over one value, whatever it is.
func (d *decoder) skip() error {
	around := d.json.StackDepth()
	for {
		if _, err := d.json.ReadToken(); err != nil {
			return d.failed(err)
		}
		switch depth := d.json.StackDepth(); {
		case depth > maxDepth:
			return d.tooDeep()
		case depth <= around:
			return nil
		}
	}
}

// enter reads the "{" or "[" that comes next.
func (d *decoder) enter() error {
	if _, err := d.json.ReadToken(); err != nil {
		return d.failed(err)
	}
	if d.depth++; d.depth > maxDepth {
		return d.tooDeep()
	}
	return nil
}

// leave reads the "}" or "]" that comes next.
func (d *decoder) leave() error {
	d.depth--
	if _, err := d.json.ReadToken(); err != nil {
		return d.failed(err)
	}
	return nil
}
