// Package validation checks requests against the protovalidate rules of the
// contract. A plain Go function for each request type accepts valid requests fast;
// every other request goes to protovalidate, which alone rejects and words the
// violations. Fuzz tests prove the functions equal to the rules, and a pinned hash
// of the rules disables a function when they change.
//
// The cost of a check is bounded: protovalidate evaluates only hosts that break a
// rule, and a list that is too long only up to the item that exceeds its limit.
package validation

import (
	"errors"
	"fmt"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A Validator checks requests. It is safe for concurrent use.
type Validator struct {
	stock  protovalidate.Validator
	fast   map[protoreflect.MessageDescriptor]func(proto.Message) bool // by request type; nil if its rules are not pinned
	hosts  bool                                                        // whether the rules of Host are pinned
	limits limits
}

// New returns a Validator for the requests of ConnectionService. It fails if their
// rules cannot be read.
func New() (*Validator, error) {
	v := &Validator{fast: make(map[protoreflect.MessageDescriptor]func(proto.Message) bool), limits: make(limits)}
	requests := requestTypes()
	for _, md := range requests {
		valid, err := fastCheck(md)
		if err != nil {
			return nil, err
		}
		v.fast[md] = valid
	}
	validHost, err := fastCheck((*connsvcv1.Host)(nil).ProtoReflect().Descriptor())
	if err != nil {
		return nil, err
	}
	v.hosts = validHost != nil
	v.stock, err = protovalidate.New(
		protovalidate.WithMessageDescriptors(requests...),
		protovalidate.WithDisableLazy(),
	)
	if err != nil {
		return nil, fmt.Errorf("creating the validator: %w", err)
	}
	for _, md := range typesIn(requests...) {
		if err := v.limits.add(md); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// requestTypes returns the request type of each RPC.
func requestTypes() []protoreflect.MessageDescriptor {
	var requests []protoreflect.MessageDescriptor
	services := connsvcv1.File_connsvc_v1_connection_service_proto.Services()
	for i := range services.Len() {
		methods := services.Get(i).Methods()
		for j := range methods.Len() {
			requests = append(requests, methods.Get(j).Input())
		}
	}
	return requests
}

// Validate checks a request and all messages in it. It returns nil, or an *Error
// with the violations in the order of the contract's fields, those of the request
// as a whole first. Any other error means that m is no request of the contract, or
// that a rule could not be evaluated.
//
// A list longer than its max_items is checked only up to the item that exceeds it:
// Total does not count violations behind that item.
func (v *Validator) Validate(m proto.Message) error {
	msg := m.ProtoReflect()
	md := msg.Descriptor()
	valid, ok := v.fast[md]
	if !ok {
		return fmt.Errorf("validating %s: no request of the contract", md.FullName())
	}
	if valid != nil && valid(m) {
		return nil
	}
	var options []protovalidate.ValidationOption
	var hosts hostFilter
	if v.hosts {
		options = append(options, protovalidate.WithFilter(&hosts))
	}
	err := v.stock.Validate(v.limits.trim(msg).Interface(), options...)
	if err == nil {
		return nil
	}
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) {
		return fmt.Errorf("validating %s: %w", md.FullName(), err)
	}
	return newError(invalid.Violations, md, hosts.skipped)
}
