package dlijson

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The first and the last millisecond that a Timestamp can hold.
const (
	minMillis = -62_135_596_800_000 // 0001-01-01T00:00:00Z
	maxMillis = 253_402_300_799_999 // 9999-12-31T23:59:59.999Z
)

// field reads the value of a field, which is not null, into m.
func (d *decoder) field(m protoreflect.Message, f *field) error {
	switch {
	case f.list:
		return d.listField(m, f)
	case f.sub != nil:
		m.Clear(f.desc)
		return d.message(m.Mutable(f.desc).Message(), f.sub, 0)
	}
	v, err := d.scalar(f)
	if err == nil {
		m.Set(f.desc, v)
	}
	return err
}

func (d *decoder) listField(m protoreflect.Message, f *field) error {
	if f.hosts {
		if hosts := hostsOf(m); hosts != nil {
			var err error
			*hosts, err = d.hosts(f.sub)
			return err
		}
	}
	m.Clear(f.desc)
	list := m.Mutable(f.desc).List()
	return d.list(func() error {
		if f.sub != nil {
			element := list.AppendMutable().Message()
			if err := d.grow(reflect.TypeOf(element.Interface()).Elem().Size(), 1); err != nil {
				return err
			}
			return d.message(element, f.sub, 0)
		}
		if err := d.grow(scalarBytes, 1); err != nil {
			return err
		}
		v, err := d.scalar(f)
		if err == nil {
			list.Append(v)
		}
		return err
	})
}

const (
	pointerBytes = 8
	scalarBytes  = 8 // of an element of a list, beside its pointer: a string has two words
)

// grow reports n elements of a list, of the given size each.
func (d *decoder) grow(size uintptr, n int) error {
	if d.grower == nil {
		return nil
	}
	return d.grower.Grow(int64(size+pointerBytes) * int64(n)) //nolint:gosec // both are small
}

// list reads a list, each element by the given function.
func (d *decoder) list(element func() error) error {
	if d.json.PeekKind() != '[' {
		return d.unexpected("a list")
	}
	if err := d.enter(); err != nil {
		return err
	}
	for i := 0; d.json.PeekKind() != ']'; i++ {
		if d.items--; d.items < 0 {
			return d.tooMany()
		}
		if err := element(); err != nil {
			return withinIndex(i, err)
		}
	}
	return d.leave()
}

// scalar reads one value of a field that is no object.
func (d *decoder) scalar(f *field) (protoreflect.Value, error) {
	switch f.kind {
	case protoreflect.StringKind:
		s, err := d.string()
		return protoreflect.ValueOfString(s), err
	case protoreflect.BoolKind:
		b, err := d.bool()
		return protoreflect.ValueOfBool(b), err
	case protoreflect.Int32Kind:
		n, err := d.integer(-1<<31, 1<<31-1)
		return protoreflect.ValueOfInt32(int32(n)), err
	case protoreflect.Int64Kind:
		n, err := d.integer(math.MinInt64, math.MaxInt64)
		return protoreflect.ValueOfInt64(n), err
	case protoreflect.EnumKind:
		n, err := d.enum(f.desc.Enum())
		return protoreflect.ValueOfEnum(n), err
	default:
		if isDuration(f.desc) {
			return d.duration()
		}
		t, err := d.timestamp()
		return protoreflect.ValueOfMessage(t.ProtoReflect()), err
	}
}

func (d *decoder) string() (string, error) {
	if d.json.PeekKind() != '"' {
		return "", d.unexpected("a string")
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return "", d.failed(err)
	}
	return d.arena.keep(unquote(raw)), nil
}

// unquote returns the text of a JSON string that jsontext has checked.
func unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return text
}

func (d *decoder) bool() (bool, error) {
	if kind := d.json.PeekKind(); kind != 't' && kind != 'f' {
		return false, d.unexpected("a boolean")
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return false, d.failed(err)
	}
	return token.Bool(), nil
}

func (d *decoder) timestamp() (*timestamppb.Timestamp, error) {
	millis, err := d.integer(minMillis, maxMillis)
	if err != nil {
		return nil, err
	}
	seconds, rest := millis/1000, millis%1000
	if rest < 0 {
		seconds, rest = seconds-1, rest+1000
	}
	return &timestamppb.Timestamp{Seconds: seconds, Nanos: int32(rest) * 1_000_000}, nil
}

// integer reads a number without fraction and exponent.
func (d *decoder) integer(least, most int64) (int64, error) {
	if d.json.PeekKind() != '0' {
		return 0, d.unexpected("an integer")
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return 0, d.failed(err)
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	switch offset := d.json.InputOffset() - int64(len(raw)); {
	case errors.Is(err, strconv.ErrSyntax):
		return 0, &Error{Kind: Type, Offset: offset, Message: "expected an integer, got a number with a fraction or an exponent"}
	case err != nil || n < least || n > most:
		return 0, outOfRange(least, most, offset)
	}
	return n, nil
}

func outOfRange(least, most, offset int64) *Error {
	return &Error{
		Kind: Range, Offset: offset,
		Message: "expected an integer from " + strconv.FormatInt(least, 10) + " to " + strconv.FormatInt(most, 10),
	}
}

// enum reads the name of a value. An unknown one in a response is 0.
func (d *decoder) enum(enum protoreflect.EnumDescriptor) (protoreflect.EnumNumber, error) {
	if d.json.PeekKind() != '"' {
		return 0, d.unexpected("a string")
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return 0, d.failed(err)
	}
	n, ok := enumNumber(enum, string(unquote(raw)))
	if !ok && d.envelope == nil {
		return 0, unknownName(enum, d.json.InputOffset()-int64(len(raw)))
	}
	return n, nil
}
