package validation

import (
	"math/bits"
	"strconv"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// hostFaults is the set of rules that a host breaks.
type hostFaults uint8

const (
	hostEmpty hostFaults = 1 << iota // host.empty
	hostName                         // host.name
	hostIP                           // string.ipv4
)

// checkHost checks a host as the rules of the message Host in the contract do, but
// by its bytes: a connection may have 20,000 hosts, and the regular expression of
// the name alone then takes longer than the rest of the call.
// FuzzHostMatchesProtovalidate proves the two equal.
func checkHost(name, ip string) hostFaults {
	var faults hostFaults
	if name == "" && ip == "" {
		faults |= hostEmpty
	}
	if name != "" && !isHostName(name) {
		faults |= hostName
	}
	if ip != "" && !isIPv4(ip) {
		faults |= hostIP
	}
	return faults
}

func isHostName(s string) bool {
	if len(s) > 128 || !isLetter(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// isIPv4 wants four decimal numbers up to 255 without leading zeros.
func isIPv4(s string) bool {
	for octet := range 4 {
		if octet > 0 {
			if s == "" || s[0] != '.' {
				return false
			}
			s = s[1:]
		}
		n, value := 0, 0
		for n < len(s) && n < 3 && isDigit(s[n]) {
			value = value*10 + int(s[n]-'0')
			n++
		}
		if n == 0 || n > 1 && s[0] == '0' || value > 255 {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// A hostsPlan says how a list of hosts is checked: the list's own rules by
// protovalidate, its hosts by checkHost.
type hostsPlan struct {
	fieldPlan
	// bare is true if max_items is the only rule of the list itself, so that
	// protovalidate need not see a list that is short enough.
	bare bool
	// others restricts protovalidate to what is not in the list, rules to the
	// rules of the list itself.
	others, rules protovalidate.ValidationOption
}

// newHostsPlan makes the plan of a list; it may change rules.
func newHostsPlan(f fieldPlan, rules *validate.FieldRules) *hostsPlan {
	rules.GetRepeated().ClearMaxItems()
	if proto.Size(rules.GetRepeated()) == 0 {
		rules.ClearRepeated()
	}
	return &hostsPlan{
		fieldPlan: f,
		bare:      proto.Size(rules) == 0,
		others: protovalidate.WithFilter(protovalidate.FilterFunc(
			func(_ protoreflect.Message, d protoreflect.Descriptor) bool { return d != f.field })),
		rules: protovalidate.WithFilter(protovalidate.FilterFunc(
			func(_ protoreflect.Message, d protoreflect.Descriptor) bool { return d == f.field })),
	}
}

// checkHosts returns what the hosts of msg break, and what the list of them does.
// protovalidate words the violations, of as many bad hosts as an Error can list.
func (v *Validator) checkHosts(p *hostsPlan, msg protoreflect.Message) (findings, error) {
	list := msg.Get(p.field).List()
	var all findings
	if !p.bare || list.Len() >= p.enough {
		var err error
		if all, err = v.check(msg, p.rules); err != nil {
			return findings{}, err
		}
	}
	for i := range list.Len() {
		item := list.Get(i).Message()
		host, ok := item.Interface().(*connsvcv1.Host)
		if ok {
			faults := checkHost(host.GetName(), host.GetIp())
			if faults == 0 {
				continue
			}
			if len(all.violations) >= MaxViolations {
				all.total += bits.OnesCount8(uint8(faults))
				continue
			}
		}
		inHost, err := v.check(item)
		if err != nil {
			return findings{}, err
		}
		all.add(inHost, p.field, i)
	}
	return all, nil
}

// add adds the findings in the item of a list at index i.
func (f *findings) add(inItem findings, list protoreflect.FieldDescriptor, i int) {
	path := list.JSONName() + "[" + strconv.Itoa(i) + "]"
	for _, v := range inItem.violations {
		if v.Field == "" {
			v.Field = path
		} else {
			v.Field = path + "." + v.Field
		}
		f.violations = append(f.violations, v)
		f.places = append(f.places, list.Index())
	}
	f.total += inItem.total
}
