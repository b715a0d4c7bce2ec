// Package dlijson converts between connsvc's protobuf messages and DLI's JSON. The
// REST API and the client of DLI share it.
//
// The format is protobuf's JSON mapping with a few rules of its own: a name is the
// field's json_name and no other; a time is a number of milliseconds; an enum is a
// word in any case of letters, its zero ""; a response starts with is_success and
// message. What is written is read back the same. Only the kinds of field that the
// API uses are supported: a message with any other is an error.
package dlijson

import (
	"io"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxRequestItems and MaxResponseItems limit the elements of all lists of one text
// together, because an empty object takes far more memory than its 3 bytes of JSON.
// They are several times what valid texts contain.
const (
	MaxRequestItems  = 100_000
	MaxResponseItems = 2_000_000
	// TooManyItems is the message of the Error about a request that exceeds MaxRequestItems.
	TooManyItems = "more than 100000 elements"
)

// DecodeRequest reads one JSON object from r into m, strictly: unknown names are
// errors. The fields named by omit come from elsewhere, such as the path, and are
// unknown here. A field that is missing or null in the text keeps its value; a list
// is replaced. All lists together have at most MaxRequestItems elements, JSON nests
// at most 64 deep. Errors are *Error, or a wrapped error of r; never io.EOF, also
// where r is empty. After an error m is partly filled.
func DecodeRequest(r io.Reader, m proto.Message, omit ...protoreflect.Name) error {
	message, p, err := openValid(m)
	if err != nil {
		return err
	}
	d := newDecoder(r, MaxRequestItems)
	defer d.release()
	return d.text(message, p, mask(message, omit))
}

// A Grower is a reader that is told how much memory the elements of lists take that are
// decoded from its text: an element of two bytes can take hundreds.
type Grower interface {
	// Grow is called with the size of elements without their strings. Its error ends the
	// decoding.
	Grow(bytes int64) error
}

// Envelope is what every response of DLI has beside its own fields.
type Envelope struct {
	IsSuccess bool // true if missing in the response
	Message   string
	// ErrorCode and ErrorMsg are set if DLI reports an error in a response with a
	// status of success.
	ErrorCode, ErrorMsg string
}

// DecodeResponse reads one JSON object from r into m, as a response of DLI: names
// and enum words that m does not know are skipped. If m has is_success and message,
// they are set from the Envelope. A list of connections must have the list or
// is_success: what has neither is no response of DLI. All lists that m knows have at
// most MaxResponseItems elements together, of which r learns if it is a Grower. Errors
// are as of DecodeRequest.
func DecodeResponse(r io.Reader, m proto.Message) (Envelope, error) {
	message, p, err := openValid(m)
	if err != nil {
		return Envelope{}, err
	}
	d := newDecoder(r, MaxResponseItems)
	d.grower, _ = r.(Grower)
	defer d.release()
	envelope := Envelope{IsSuccess: true}
	d.envelope = &envelope
	if err := d.text(message, p, p.envelope); err != nil {
		return Envelope{}, err
	}
	if p.isSuccess != nil {
		message.Set(p.isSuccess, protoreflect.ValueOfBool(envelope.IsSuccess))
	}
	if p.message != nil {
		message.Set(p.message, protoreflect.ValueOfString(envelope.Message))
	}
	return envelope, nil
}

// AppendRequest appends m to b as a request to DLI: only fields that are set. With
// emptyLists, empty lists are written as [], as a PUT needs to clear one. A text
// that is not UTF-8, a time outside the years 1 to 9999 and an enum number without
// a word are an *Error.
func AppendRequest(b []byte, m proto.Message, emptyLists bool, omit ...protoreflect.Name) ([]byte, error) {
	message, p, err := open(m)
	if err != nil {
		return b, err
	}
	e := encoder{emptyLists: emptyLists}
	return e.message(append(b, '{'), message, p, mask(message, omit))
}

// AppendResponse appends m to b as a response of DLI: it has is_success and message
// (true and empty if m has no such fields), every field without presence, and empty
// lists as []. Errors are as of AppendRequest.
func AppendResponse(b []byte, m proto.Message) ([]byte, error) {
	message, p, err := open(m)
	if err != nil {
		return b, err
	}
	success, text := true, ""
	if p.isSuccess != nil {
		success = message.Get(p.isSuccess).Bool()
	}
	if p.message != nil {
		text = message.Get(p.message).String()
	}
	b = strconv.AppendBool(append(b, `{"is_success":`...), success)
	if b, err = appendString(append(b, `,"message":`...), text); err != nil {
		return b, within("message", err)
	}
	e := encoder{zeros: true, emptyLists: true}
	return e.message(b, message, p, p.envelope)
}
