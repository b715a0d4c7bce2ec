package dlijson

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// The first and the last millisecond that a Timestamp can hold.
const (
	minMillis = -62_135_596_800_000 // 0001-01-01T00:00:00Z
	maxMillis = 253_402_300_799_999 // 9999-12-31T23:59:59.999Z
)

// value reads a value that is not null into a field of a struct. got is what
// kind of value comes next, here and in all that value calls.
func (d *decoder) value(got jsontext.Kind, v reflect.Value, f *field) error {
	switch f.kind {
	case kindString:
		s, err := d.string(got)
		v.SetString(s)
		return err
	case kindOptString:
		s, err := d.string(got)
		v.Set(reflect.ValueOf(&s))
		return err
	case kindBool:
		b, err := d.bool(got)
		v.SetBool(b)
		return err
	case kindOptBool:
		b, err := d.bool(got)
		v.Set(reflect.ValueOf(&b))
		return err
	case kindInt32:
		n, err := d.int32(got)
		v.SetInt(int64(n))
		return err
	case kindOptInt32:
		n, err := d.int32(got)
		v.Set(reflect.ValueOf(&n))
		return err
	case kindEnum:
		n, err := d.enum(got, f.words)
		v.SetInt(int64(n))
		return err
	case kindTimestamp:
		t, err := d.timestamp(got)
		v.Set(reflect.ValueOf(t))
		return err
	case kindMessage:
		return d.message(got, v, f.sub)
	case kindStrings:
		return d.strings(got, v.Addr().Interface().(*[]string))
	default:
		return d.messages(got, v, f.sub)
	}
}

func (d *decoder) string(got jsontext.Kind) (string, error) {
	if got != '"' {
		return "", d.unexpected(got, "a string")
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return "", d.failed(err)
	}
	if bytes.IndexByte(raw, '\\') >= 0 {
		return unquote(raw), nil
	}
	return d.arena.keep(raw[1 : len(raw)-1]), nil
}

// unquote returns what a string of JSON says. jsontext has checked it.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, raw)
	return string(text)
}

func (d *decoder) bool(got jsontext.Kind) (bool, error) {
	if got != 't' && got != 'f' {
		return false, d.unexpected(got, "a boolean")
	}
	token, err := d.json.ReadToken()
	if err != nil {
		return false, d.failed(err)
	}
	return token.Bool(), nil
}

func (d *decoder) int32(got jsontext.Kind) (int32, error) {
	n, err := d.integer(got, -1<<31, 1<<31-1)
	return int32(n), err
}

func (d *decoder) timestamp(got jsontext.Kind) (*timestamppb.Timestamp, error) {
	millis, err := d.integer(got, minMillis, maxMillis)
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
func (d *decoder) integer(got jsontext.Kind, least, most int64) (int64, error) {
	if got != '0' {
		return 0, d.unexpected(got, "an integer")
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

// enum reads a word. One that an answer has and we do not know is 0.
func (d *decoder) enum(got jsontext.Kind, ws words) (int32, error) {
	if got != '"' {
		return 0, d.unexpected(got, "a string")
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return 0, d.failed(err)
	}
	n, ok := ws.number(unquote(raw))
	if !ok && d.answer == nil {
		return 0, &Error{Kind: Type, Offset: d.json.InputOffset() - int64(len(raw)), Message: ws.expected() + ", got another word"}
	}
	return n, nil
}

func (d *decoder) message(got jsontext.Kind, v reflect.Value, p *plan) error {
	if got != '{' {
		return d.unexpected(got, "an object")
	}
	m := reflect.New(p.typ)
	v.Set(m)
	return d.object(m.Elem(), p, 0)
}
