// Package validation checks requests against the protovalidate rules of the
// contract. A valid request is known by a quick check that is made of those rules:
// a Go predicate stands for each, and fuzz tests prove the two equal. Whatever the
// quick check does not know to be valid is given to protovalidate, whose
// violations are what the caller is told.
//
// What a check costs is bounded, whatever the request holds: protovalidate sees
// only the hosts that break a rule, and of a list that is too long only so many
// items are looked at as it takes to break the rule.
package validation

import (
	"errors"
	"fmt"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A Validator checks requests. It is safe for concurrent use.
type Validator struct {
	stock protovalidate.Validator
	plans map[protoreflect.MessageDescriptor]*plan
}

// New makes the validator of the contract's requests: those of the RPCs of
// ConnectionService. It fails if a rule of theirs does not compile.
func New() (*Validator, error) {
	var requests []protoreflect.MessageDescriptor
	plans := make(planner)
	services := connsvcv1.File_connsvc_v1_connection_service_proto.Services()
	for i := range services.Len() {
		methods := services.Get(i).Methods()
		for j := range methods.Len() {
			request := methods.Get(j).Input()
			requests = append(requests, request)
			if _, err := plans.plan(request); err != nil {
				return nil, err
			}
		}
	}
	stock, err := protovalidate.New(
		protovalidate.WithMessageDescriptors(requests...),
		protovalidate.WithDisableLazy(),
	)
	if err != nil {
		return nil, fmt.Errorf("making the validator: %w", err)
	}
	v := &Validator{stock: stock, plans: plans}
	return v, v.probe()
}

// probe validates an empty message of every type, because protovalidate reports a
// rule that does not compile only when it meets the rule.
func (v *Validator) probe() error {
	var errs []error
	for md := range v.plans {
		mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
		if err == nil {
			_, err = v.check(mt.New())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("rules of %s: %w", md.FullName(), err))
		}
	}
	return errors.Join(errs...)
}

// Validate checks a request and all it holds. It returns nil, or an *Error with
// the violations in the order of the contract's fields, those of the request as a
// whole first. Any other error means that m is no request of the contract, or that a
// rule could not be evaluated.
//
// Of a list longer than its rule allows only the first items, one more than are
// allowed, are looked at: the Total counts what those break.
func (v *Validator) Validate(m proto.Message) error {
	msg := m.ProtoReflect()
	p, ok := v.plans[msg.Descriptor()]
	if !ok {
		return fmt.Errorf("validating %s: no request of the contract", msg.Descriptor().FullName())
	}
	if p.quick != nil && p.quick.broken(m) == 0 {
		return nil
	}
	found, err := v.violations(p, p.trim(msg))
	if err != nil {
		return fmt.Errorf("validating %s: %w", msg.Descriptor().FullName(), err)
	}
	return found.err()
}

// violations returns what msg breaks: by protovalidate alone, or with a scan of
// the hosts where msg has some.
func (v *Validator) violations(p *plan, msg protoreflect.Message) (findings, error) {
	if p.hosts == nil || !msg.Has(p.hosts.field) {
		return v.check(msg)
	}
	found, err := v.check(msg, p.hosts.others)
	if err != nil {
		return findings{}, err
	}
	inHosts, err := v.checkHosts(p.hosts, msg)
	if err != nil {
		return findings{}, err
	}
	return found.insert(inHosts, p.hosts.field.Index()), nil
}

// check returns what protovalidate finds in msg.
func (v *Validator) check(msg protoreflect.Message, options ...protovalidate.ValidationOption) (findings, error) {
	err := v.stock.Validate(msg.Interface(), options...)
	if err == nil {
		return findings{}, nil
	}
	var violations *protovalidate.ValidationError
	if !errors.As(err, &violations) {
		return findings{}, err
	}
	return found(violations, msg.Descriptor()), nil
}
