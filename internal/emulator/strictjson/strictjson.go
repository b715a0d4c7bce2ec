// Package strictjson decodes JSON into structs strictly: an unknown or repeated
// name, or a value of the wrong type, is an error that says where it is.
package strictjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Unmarshal decodes a document, one object, into the struct that v points to.
// Names must equal the json tags, in case too. null is as absent, but an error in a
// list. An error begins with the path of the field, as in rules[0].fault; the
// document itself is body.
func Unmarshal(document []byte, v any) error {
	if !utf8.Valid(document) {
		return errors.New("body: invalid UTF-8")
	}
	d := decoder{json.NewDecoder(bytes.NewReader(document))}
	object, err := d.open('{', "")
	if err != nil {
		return err
	}
	if !object {
		return errors.New("body: must be a JSON object")
	}
	if err := d.members(reflect.ValueOf(v).Elem(), ""); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF { //nolint:errorlint // the decoder does not wrap it
		return errors.New("body: must end after the JSON object")
	}
	return nil
}

// A decoder walks objects and lists itself, and so knows the path of every value.
type decoder struct{ *json.Decoder }

func (d decoder) value(v reflect.Value, path string) error {
	if _, text := v.Addr().Interface().(encoding.TextUnmarshaler); text {
		return d.scalar(v, path)
	}
	switch t := v.Type(); {
	case t.Kind() == reflect.Slice:
		return d.list(v, path)
	case t.Kind() == reflect.Struct:
		if present, err := d.open('{', path); err != nil || !present {
			return err
		}
		return d.members(v, path)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		if present, err := d.open('{', path); err != nil || !present {
			return err
		}
		v.Set(reflect.New(t.Elem()))
		return d.members(v.Elem(), path)
	default:
		return d.scalar(v, path)
	}
}

func (d decoder) scalar(v reflect.Value, path string) error {
	err := d.Decode(v.Addr().Interface())
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		err = fmt.Errorf("must not be a JSON %s", wrong.Value)
	}
	return at(path, err)
}

// open reads the delimiter that begins an object or a list; false: it is null.
func (d decoder) open(delimiter json.Delim, path string) (bool, error) {
	token, err := d.Token()
	switch {
	case err != nil:
		return false, at(path, err)
	case token == nil:
		return false, nil
	case token != delimiter:
		kind := map[json.Delim]string{'{': "object", '[': "list"}[delimiter]
		return false, at(path, errors.New("must be a JSON "+kind))
	}
	return true, nil
}

// members reads the members of an object, and its end.
func (d decoder) members(v reflect.Value, path string) error {
	seen := make(map[string]bool, v.NumField())
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return at(path, err)
		}
		name, _ := token.(string) // the decoder takes nothing else for a name
		member := strings.TrimPrefix(path+"."+name, ".")
		field := fieldOf(v, name)
		switch {
		case !field.IsValid():
			return at(member, errors.New("there is no such field"))
		case seen[name]:
			return at(member, errors.New("is given twice"))
		}
		seen[name] = true
		if err := d.value(field, member); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return at(path, err)
}

func (d decoder) list(v reflect.Value, path string) error {
	if present, err := d.open('[', path); err != nil || !present {
		return err
	}
	list := reflect.MakeSlice(v.Type(), 0, 0)
	for d.More() {
		// Only a pointer differs between null and an empty value.
		element := reflect.New(reflect.PointerTo(v.Type().Elem())).Elem()
		place := fmt.Sprintf("%s[%d]", path, list.Len())
		if err := d.value(element, place); err != nil {
			return err
		}
		if element.IsNil() {
			return at(place, errors.New("must not be null"))
		}
		list = reflect.Append(list, element.Elem())
	}
	v.Set(list)
	_, err := d.Token()
	return at(path, err)
}

// fieldOf returns the field with a name in JSON, or the zero Value.
func fieldOf(v reflect.Value, name string) reflect.Value {
	for i := range v.NumField() {
		tag, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if tag == name {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

// at puts the path before an error, if there is one.
func at(path string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if path == "" {
		path = "body"
	}
	return fmt.Errorf("%s: %w", path, err)
}
