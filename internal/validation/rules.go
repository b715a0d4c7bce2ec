package validation

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protodelim"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// rulesHash returns a hash of the rules of a message type and of all types in it.
func rulesHash(md protoreflect.MessageDescriptor) (string, error) {
	hash := sha256.New()
	for _, t := range typesIn(md) {
		if err := writeRules(hash, t); err != nil {
			return "", fmt.Errorf("reading the rules of %s: %w", t.FullName(), err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}

// writeRules writes the rules of a message type, and of its fields what decides how
// their rules apply.
func writeRules(w io.Writer, md protoreflect.MessageDescriptor) error {
	var errs []error
	options := protodelim.MarshalOptions{MarshalOptions: proto.MarshalOptions{Deterministic: true}}
	write := func(rules proto.Message, err error) {
		if err == nil {
			_, err = options.MarshalTo(w, rules)
		}
		errs = append(errs, err)
	}
	fmt.Fprintln(w, md.FullName())
	write(protovalidate.ResolveMessageRules(md))
	for i := range md.Oneofs().Len() {
		write(protovalidate.ResolveOneofRules(md.Oneofs().Get(i)))
	}
	for i := range md.Fields().Len() {
		field := md.Fields().Get(i)
		fmt.Fprintln(w, field.Number(), field.Kind(), field.Cardinality(), field.HasPresence())
		write(protovalidate.ResolveFieldRules(field))
	}
	return errors.Join(errs...)
}

// typesIn returns the given message types and those of their fields, each once.
func typesIn(types ...protoreflect.MessageDescriptor) []protoreflect.MessageDescriptor {
	all := slices.Clone(types)
	for i := 0; i < len(all); i++ { // all grows meanwhile
		fields := all[i].Fields()
		for j := range fields.Len() {
			if md := fields.Get(j).Message(); md != nil && !slices.Contains(all, md) {
				all = append(all, md)
			}
		}
	}
	return all
}
