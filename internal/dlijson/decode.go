package dlijson

import (
	"io"
	"math/bits"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// maxDepth is how deep objects and lists may nest.
const maxDepth = 64

// A decoder reads one JSON text.
type decoder struct {
	json     *jsontext.Decoder
	envelope *Envelope // of a response, which is read leniently; nil for a request
	depth    int       // of the objects and lists around
	items    int       // number of elements that the lists may still have
	grower   Grower    // may be nil
	arena    arena
}

// maxKept is the longest text, in bytes, whose jsontext.Decoder is reused: its
// buffer may be as long as the longest string of the text.
const maxKept = 64 << 10

// spare holds unused *jsontext.Decoders with their buffers.
var spare sync.Pool

func newDecoder(r io.Reader, items int) *decoder {
	// An object records the known names itself, in a bit mask. jsontext would keep
	// all names, and a response may have any number of unknown ones.
	duplicates := jsontext.AllowDuplicateNames(true)
	if d, ok := spare.Get().(*jsontext.Decoder); ok {
		d.Reset(r, duplicates)
		return &decoder{json: d, items: items}
	}
	return &decoder{json: jsontext.NewDecoder(r, duplicates), items: items}
}

// release makes the jsontext.Decoder available for reuse.
func (d *decoder) release() {
	if d.json.InputOffset()+int64(len(d.json.UnreadBuffer())) <= maxKept {
		d.json.Reset(noReader{})
		spare.Put(d.json)
	}
	d.json = nil
}

// noReader replaces the reader of an unused decoder, which would keep a request
// in memory.
type noReader struct{}

func (noReader) Read([]byte) (int, error) { return 0, io.EOF }

// text reads the whole text: one object and nothing after it.
func (d *decoder) text(m protoreflect.Message, p *plan, omitted uint64) error {
	if d.json.PeekKind() != '{' {
		return d.notAnObject()
	}
	if err := d.message(m, p, omitted); err != nil {
		return err
	}
	offset := d.json.InputOffset()
	switch _, err := d.json.ReadToken(); err {
	case io.EOF: //nolint:errorlint // a wrapped io.EOF is an error of the reader
		return nil
	case nil:
		return &Error{Kind: Syntax, Offset: offset, Message: "expected nothing after the JSON object"}
	default:
		return d.failed(err)
	}
}

// message reads an object into m.
func (d *decoder) message(m protoreflect.Message, p *plan, omitted uint64) error {
	if err := d.enterObject(); err != nil {
		return err
	}
	o := object{plan: p, omitted: omitted}
	for {
		f, err := d.member(&o)
		if err != nil {
			return err
		}
		if f == nil {
			return d.complete(&o)
		}
		if err := d.field(m, f); err != nil {
			return within(f.name, err)
		}
	}
}

// complete checks a list of connections: a response with neither the list nor
// is_success, such as {}, is none of DLI's, and must not pass for an empty list.
func (d *decoder) complete(o *object) error {
	const isSuccess = 1 << maxFields // as of envelopeMember
	if d.envelope == nil || o.plan.listed == 0 || o.seen&(o.plan.listed|isSuccess) != 0 || d.envelope.ErrorCode != "" {
		return nil
	}
	name := o.plan.fields[bits.TrailingZeros64(o.plan.listed)].name
	return &Error{Kind: Missing, Path: name, Offset: d.json.InputOffset(), Message: "missing, and is_success too"}
}

// An object is one whose members are being read.
type object struct {
	plan     *plan
	omitted  uint64 // mask of fields that come from elsewhere
	seen     uint64 // mask of fields read so far, and of the envelope above maxFields
	expected int    // index of the field that probably comes next
}

// member reads the name of the next member that has a field and a value other than
// null. It returns nil after the end of the object.
func (d *decoder) member(o *object) (*field, error) {
	for {
		switch d.json.PeekKind() {
		case '"':
		case '}':
			return nil, d.leave()
		default:
			_, err := d.json.ReadToken()
			return nil, d.failed(err)
		}
		raw, err := d.json.ReadValue()
		if err != nil {
			return nil, d.failed(err)
		}
		name, offset := unquote(raw), d.json.InputOffset()-int64(len(raw))
		i := o.find(name)
		if i < 0 || o.omitted&(1<<i) != 0 {
			if err := d.unknown(name, offset, o); err != nil {
				return nil, err
			}
			continue
		}
		f := &o.plan.fields[i]
		if o.seen&(1<<i) != 0 {
			return nil, duplicate(f.name, offset)
		}
		o.seen |= 1 << i
		o.expected = i + 1
		if null, err := d.null(); err != nil {
			return nil, within(f.name, err)
		} else if !null {
			return f, nil
		}
	}
}

// find returns the index of the field with a name, -1 for none.
func (o *object) find(name []byte) int {
	fields := o.plan.fields
	if o.expected < len(fields) && string(name) == fields[o.expected].name {
		return o.expected
	}
	return slices.IndexFunc(fields, func(f field) bool { return string(name) == f.name })
}

// unknown reads a member that has no field: a request with one is rejected.
func (d *decoder) unknown(name []byte, offset int64, o *object) error {
	if d.envelope != nil {
		return d.envelopeMember(name, offset, &o.seen)
	}
	var known []string
	for i, f := range o.plan.fields {
		switch {
		case o.omitted&(1<<i) == 0:
			known = append(known, f.name)
		case f.name == string(name):
			return &Error{
				Kind: UnknownField, Path: f.name, Offset: offset,
				Message: "unknown field \"" + f.name + "\": it is given by the path",
			}
		}
	}
	return unknown("field", string(name), known, offset)
}

var envelopeNames = []string{"is_success", "message", "error_code", "error_msg"}

// envelopeMember reads a member of the envelope, and skips any other.
func (d *decoder) envelopeMember(name []byte, offset int64, seen *uint64) error {
	i := slices.IndexFunc(envelopeNames, func(n string) bool { return string(name) == n })
	if i < 0 || d.depth > 1 {
		return d.skip()
	}
	if *seen&(1<<(maxFields+i)) != 0 {
		return duplicate(envelopeNames[i], offset)
	}
	*seen |= 1 << (maxFields + i)
	null, err := d.null()
	if null || err != nil {
		return err
	}
	if i == 0 {
		d.envelope.IsSuccess, err = d.bool()
	} else {
		texts := [...]*string{1: &d.envelope.Message, 2: &d.envelope.ErrorCode, 3: &d.envelope.ErrorMsg}
		*texts[i], err = d.string()
	}
	if err != nil {
		return within(envelopeNames[i], err)
	}
	return nil
}

// null reads null, and reports false if something else comes next.
func (d *decoder) null() (bool, error) {
	if d.json.PeekKind() != 'n' {
		return false, nil
	}
	if _, err := d.json.ReadToken(); err != nil {
		return false, d.failed(err)
	}
	return true, nil
}

// skip reads one value of any kind.
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

func (d *decoder) enterObject() error {
	if d.json.PeekKind() != '{' {
		return d.unexpected("an object")
	}
	return d.enter()
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
