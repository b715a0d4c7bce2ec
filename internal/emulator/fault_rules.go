package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseFaults reads rules from JSON, as in {"rules":[{"operation":"*","every":3,
// "fault":{"kind":"status","status":503}}]}, and checks them. An error names the
// field, as in rules[0].fault.delay.
func ParseFaults(document []byte) ([]Rule, error) {
	var faults struct {
		Rules []Rule `json:"rules"`
	}
	if err := unmarshalStrictly(document, &faults); err != nil {
		return nil, err
	}
	if faults.Rules == nil {
		return nil, errors.New("rules: is required")
	}
	return faults.Rules, checkRules(faults.Rules)
}

func checkRules(rules []Rule) error {
	for i, r := range rules {
		p := cmp.Or(r.problem(), r.Fault.uselessField(r.Operation), r.Fault.problem(r.Operation))
		if p != (problem{}) {
			return fmt.Errorf("rules[%d].%s: %s", i, p.field, p.text)
		}
	}
	return nil
}

// A problem is a field and what is wrong with it; the zero value: nothing is.
type problem struct{ field, text string }

func (r *Rule) problem() problem {
	whens := r.whens()
	const oneOrMore = "must be 1 or more"
	switch {
	case !knownOperation(r.Operation):
		return problem{"operation", fmt.Sprintf("%q is no RPC, and none of *, iam and metadata", r.Operation)}
	case len(whens) > 1:
		return problem{whens[1], "cannot stand beside " + whens[0]}
	case r.Nth < 0:
		return problem{"nth", oneOrMore}
	case r.Every < 0:
		return problem{"every", oneOrMore}
	case !(r.Probability >= 0 && r.Probability <= 1): // NaN is neither
		return problem{"probability", "must be above 0 and at most 1"}
	case r.Times < 0:
		return problem{"times", oneOrMore}
	}
	return problem{}
}

// whens returns the names of the fields that say when; at most one may be given.
func (r *Rule) whens() []string {
	var given []string
	if r.Nth != 0 {
		given = append(given, "nth")
	}
	if r.Every != 0 {
		given = append(given, "every")
	}
	if r.Probability != 0 {
		given = append(given, "probability")
	}
	return given
}

func knownOperation(name string) bool {
	return slices.Contains([]string{
		anyOperation, iamOperation, metadataOperation, createOperation, bindOperation,
		"GetEnhancedConnection", "ListEnhancedConnections", "DeleteEnhancedConnection", "UpdateEnhancedConnectionHosts",
		"DisassociateQueues", "CreateRoute", "DeleteRoute", "ListPrivileges", "UpdatePrivileges", "ListPrivilegesByObject",
	}, name)
}

// uselessField finds a field that the kind has no use for: who gave it expects
// something that would not happen.
func (f *Fault) uselessField(operation string) problem {
	takes, known := takenBy(f.Kind)
	if !known {
		return problem{"fault.kind", fmt.Sprintf("%q is no kind of fault", f.Kind)}
	}
	for _, field := range []struct {
		name         string
		given, taken bool
	}{
		{"delay", f.Delay != 0, takes.delay != unused},
		{"status", f.Status != 0, takes.lowest != 0},
		{"code", f.Code != "", takes.code && !ofIAM(operation)},
		{"body", f.Body != "", takes.body},
		{"retry_after", f.RetryAfter != 0, takes.body},
		{"retry_after_date", f.RetryAfterDate, f.RetryAfter != 0},
		{"commit", f.Commit, takes.commit},
	} {
		if field.given && !field.taken {
			return problem{"fault." + field.name, fmt.Sprintf("has no use here for %q", f.Kind)}
		}
	}
	return problem{}
}

func (f *Fault) problem(operation string) problem {
	takes, _ := takenBy(f.Kind)
	const longer = "must be longer than 0"
	switch {
	case f.Delay < 0 || f.Delay == 0 && takes.delay == required:
		return problem{"fault.delay", longer}
	case f.RetryAfter < 0:
		return problem{"fault.retry_after", longer}
	case f.Kind == Status && f.Status == 0:
		return problem{"fault.status", "is required"}
	case f.Status != 0 && (f.Status < takes.lowest || f.Status > 599):
		return problem{"fault.status", fmt.Sprintf("must be from %d to 599", takes.lowest)}
	case f.Code != "" && f.Body != "":
		return problem{"fault.code", "cannot stand beside body"}
	case f.Kind == ExpiredToken && !slices.Contains([]string{"", codeGatewayNoAuth, codeUnauthorized}, f.Code):
		return problem{"fault.code", "must be " + codeGatewayNoAuth + " or " + codeUnauthorized}
	case takes.only != nil && !slices.Contains(takes.only, operation):
		return problem{"operation", fmt.Sprintf("must be %s for %q", strings.Join(takes.only, " or "), f.Kind)}
	case f.Kind == Unsuccessful && ofIAM(operation):
		return problem{"operation", fmt.Sprintf("must be one of DLI for %q", f.Kind)}
	}
	return problem{}
}

func ofIAM(operation string) bool {
	return operation == iamOperation || operation == metadataOperation
}

// A usage says what a kind does with a field.
type usage int

const (
	unused usage = iota
	optional
	required
)

// fields are those that a kind takes.
type fields struct {
	delay              usage
	lowest             int // status; 0: takes none
	code, body, commit bool
	only               []string // the operations that it is for; nil: any
}

func takenBy(k Kind) (fields, bool) {
	f, known := map[Kind]fields{
		Latency:       {delay: required, commit: true},
		Hang:          {delay: optional, commit: true},
		ResetBefore:   {},
		ResetAfter:    {},
		DropAnswer:    {},
		DelayAnswer:   {delay: required},
		TruncatedBody: {},
		EndlessBody:   {commit: true},
		WrongLength:   {},
		Status:        {lowest: 400, code: true, body: true, commit: true},
		HTML:          {lowest: 200, commit: true},
		InvalidJSON:   {commit: true},
		Unsuccessful:  {commit: true},
		ExpiredToken:  {code: true},
		StuckCreating: {delay: optional, only: []string{createOperation, bindOperation}},
		SlowList:      {delay: required, only: []string{createOperation}},
	}[k]
	return f, known
}
