package dlijson

import (
	"strconv"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
)

func isDuration(f protoreflect.FieldDescriptor) bool {
	return f.Kind() == protoreflect.MessageKind && f.Message().FullName() == "google.protobuf.Duration"
}

// parseDuration reads a Duration as protobuf's JSON writes it, as in "1.5s", or as Go does, as in
// "2m".
func parseDuration(text string, offset int64) (protoreflect.Value, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return protoreflect.Value{}, &Error{Kind: Type, Offset: offset, Message: `expected a duration, as in "60s"`}
	}
	return protoreflect.ValueOfMessage(durationpb.New(d).ProtoReflect()), nil
}

func (d *decoder) duration() (protoreflect.Value, error) {
	if d.json.PeekKind() != '"' {
		return protoreflect.Value{}, d.unexpected("a duration in quotes")
	}
	raw, err := d.json.ReadValue()
	if err != nil {
		return protoreflect.Value{}, d.failed(err)
	}
	return parseDuration(string(unquote(raw)), d.json.InputOffset()-int64(len(raw)))
}

// formatDuration writes a Duration in seconds, with as many digits as it needs.
func formatDuration(m protoreflect.Message) (string, bool) {
	d, ok := m.Interface().(*durationpb.Duration)
	if !ok || d.CheckValid() != nil {
		return "", false
	}
	return strconv.FormatFloat(d.AsDuration().Seconds(), 'f', -1, 64) + "s", true
}

func appendDuration(b []byte, m protoreflect.Message) ([]byte, error) {
	text, ok := formatDuration(m)
	if !ok {
		return b, &Error{Kind: Range, Offset: -1, Message: "no duration"}
	}
	return appendString(b, text)
}
