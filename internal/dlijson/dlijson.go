// Package dlijson is the codec between connsvc's protobuf messages and DLI's
// JSON dialect. The REST door, the client of DLI and the emulator use this one.
//
// The dialect is protobuf's JSON mapping with few rules of its own: a name is
// the field's json_name and no other; a time is a number of milliseconds; an
// enum is a word, in any case of letters, and its zero is ""; an answer bears
// is_success and message before anything else. What is written is read back the
// same. The package knows the kinds of field that the contract has; a message
// with another kind is an error, not a guess.
package dlijson

import (
	"io"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxRequestItems and MaxResponseItems are how many elements all lists of one text
// may hold together: an empty object is 3 bytes of JSON and 100 of memory. They are
// no rules of the contract. Its longest list is a fifth of what a request may hold,
// and the 64 MiB that an answer has by default are 1.1 million hosts.
const (
	MaxRequestItems = 100_000
	MaxResponseItems  = 2_000_000
	// TooManyItems is the message of the Error about a request with more.
	TooManyItems = "more than 100000 elements"
)

// DecodeRequest reads one JSON object from r into m, strictly: unknown names are
// errors. The fields named by omit are taken from elsewhere (the path), and are
// unknown here. A field that the text leaves out, or that is null there, stays as
// it was; a list is replaced. All lists together hold at most MaxRequestItems, JSON
// nests at most 64 deep. Errors are *Error, or what r returned, wrapped; m is then
// filled in part.
func DecodeRequest(r io.Reader, m proto.Message, omit ...protoreflect.Name) error {
	v, p, err := open(m)
	if err != nil {
		return err
	}
	d := newDecoder(r, MaxRequestItems)
	defer d.release()
	return d.text(v, p, p.mask(omit))
}

// Envelope is what every answer of DLI bears beside its own fields.
type Envelope struct {
	IsSuccess bool // true where DLI left it out
	Message   string
	// ErrorCode and ErrorMsg are there where DLI puts an error into an answer with
	// a status of success.
	ErrorCode, ErrorMsg string
}

// DecodeResponse reads one JSON object from r into m, as an answer of DLI: names
// and enum words that m does not know are passed over. Where m has is_success
// and message itself, they are as in the Envelope. All lists that m knows hold at most
// MaxResponseItems together. Errors are as of DecodeRequest.
func DecodeResponse(r io.Reader, m proto.Message) (Envelope, error) {
	v, p, err := open(m)
	if err != nil {
		return Envelope{}, err
	}
	d := newDecoder(r, MaxResponseItems)
	defer d.release()
	d.answer = &Envelope{IsSuccess: true}
	p.clearEnvelope(v)
	if err := d.text(v, p, 0); err != nil {
		return Envelope{}, err
	}
	return p.envelopeOf(v, *d.answer), nil
}

// AppendRequest appends m to b as a request to DLI: only what is set. With
// emptyLists, empty lists are written as [] (PUT replaces, so it says them).
// A text that is not UTF-8, a time outside the years 1 to 9999 and an enum
// number without a word are an *Error.
func AppendRequest(b []byte, m proto.Message, emptyLists bool, omit ...protoreflect.Name) ([]byte, error) {
	v, p, err := openToRead(m)
	if err != nil {
		return b, err
	}
	e := encoder{emptyLists: emptyLists}
	return e.object(append(b, '{'), v, p, p.mask(omit))
}

// AppendResponse appends m to b as an answer of DLI: is_success and message are
// always there (true and empty where m has no such fields), and so is every
// field without presence; empty lists are []. Errors are as of AppendRequest.
func AppendResponse(b []byte, m proto.Message) ([]byte, error) {
	v, p, err := openToRead(m)
	if err != nil {
		return b, err
	}
	e := encoder{zeros: true, emptyLists: true}
	answer := p.envelopeOf(v, Envelope{IsSuccess: true})
	b = append(b, `{"is_success":`...)
	b = appendBool(b, answer.IsSuccess)
	b = append(b, `,"message":`...)
	if b, err = appendString(b, answer.Message); err != nil {
		return b, within("message", err)
	}
	return e.object(b, v, p, p.envelope)
}
