package validation

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// Unpinned returns the message types that should have a fast function and have
// none, each with the hash of its rules.
func Unpinned() (map[protoreflect.FullName]string, error) {
	unpinned := make(map[protoreflect.FullName]string)
	for _, md := range append(requestTypes(), (*connsvcv1.Host)(nil).ProtoReflect().Descriptor()) {
		hash, err := rulesHash(md)
		if err != nil {
			return nil, err
		}
		if hash != pins[md.FullName()].rules {
			unpinned[md.FullName()] = hash
		}
	}
	return unpinned, nil
}

// Fast reports whether the fast function alone accepts m.
func (v *Validator) Fast(m proto.Message) bool {
	valid := v.fast[m.ProtoReflect().Descriptor()]
	return valid != nil && valid(m)
}

// HasFast reports whether a type has a fast function, by the rules of its descriptor.
func HasFast(md protoreflect.MessageDescriptor) (bool, error) {
	valid, err := fastCheck(md)
	return valid != nil, err
}

// WithoutProtovalidate returns a Validator that panics if it needs protovalidate.
func (v *Validator) WithoutProtovalidate() *Validator { return &Validator{fast: v.fast} }

// WithoutFast returns a Validator without fast functions of requests, as if all
// their rules had changed. It still skips valid hosts if hosts is true.
func (v *Validator) WithoutFast(hosts bool) *Validator {
	fast := make(map[protoreflect.MessageDescriptor]func(proto.Message) bool)
	for md := range v.fast {
		fast[md] = nil
	}
	return &Validator{stock: v.stock, fast: fast, hosts: hosts, limits: v.limits}
}

// BrokenByHost returns the number of rules that a host breaks.
func BrokenByHost(host *connsvcv1.Host) int { return brokenByHost(host) }
