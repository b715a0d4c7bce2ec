package faults

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/connsvc/connsvc/internal/emulator/strictjson"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// Parse reads rules from JSON, as in {"rules":[{"operation":"*","every":3,
// "fault":{"kind":"status","status":503}}]}, and checks them. An error names the
// field, as in rules[0].fault.delay.
func Parse(document []byte) ([]Rule, error) {
	var file struct {
		Rules []Rule `json:"rules"`
	}
	if err := strictjson.Unmarshal(document, &file); err != nil {
		return nil, err
	}
	if file.Rules == nil {
		return nil, errors.New("rules: is required")
	}
	return file.Rules, checkRules(file.Rules)
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

// A problem is what is wrong with a field; the zero value: nothing.
type problem struct{ field, text string }

func (r *Rule) problem() problem {
	conditions := r.conditions()
	const oneOrMore = "must be 1 or more"
	switch {
	case !knownOperation(r.Operation):
		return problem{"operation", fmt.Sprintf("%q is no RPC, and none of *, iam and metadata", r.Operation)}
	case len(conditions) > 1:
		return problem{conditions[1], "cannot be combined with " + conditions[0]}
	case strings.Contains(strings.TrimSuffix(r.Project, "*"), "*"):
		return problem{"project", "may have a * at its end only"}
	case r.Project != "" && r.Operation == MetadataOperation:
		return problem{"project", "has no use here: the keys of the metadata service are for all projects"}
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

// conditions returns the names of the given fields that choose calls.
func (r *Rule) conditions() []string {
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

// knownOperation must know the operations that Emulator.register gives a path.
func knownOperation(name string) bool {
	return slices.Contains([]string{
		AnyOperation, IAMOperation, MetadataOperation, createOperation, deleteOperation, listOperation, bindOperation,
		"GetEnhancedConnection", "UpdateEnhancedConnectionHosts", "DisassociateQueues", "CreateRoute", "DeleteRoute", "ListPrivileges", "UpdatePrivileges", "ListPrivilegesByObject",
		"CreateConnectivityTest", "GetConnectivityTest",
	}, name)
}

// uselessField finds a field that the kind does not use: its author expects an effect
// that would not happen.
func (f *Fault) uselessField(operation string) problem {
	uses, known := usedBy(f.Kind)
	if !known {
		return problem{"fault.kind", fmt.Sprintf("%q is no kind of fault", f.Kind)}
	}
	for _, field := range []struct {
		name        string
		given, used bool
	}{
		{"delay", f.Delay != 0, uses.delay != unused},
		{"status", f.Status != 0, uses.lowest != 0},
		{"code", f.Code != "", uses.code && !ofIAM(operation)},
		{"body", f.Body != "", uses.body},
		{"retry_after", f.RetryAfter != 0, uses.body},
		{"retry_after_date", f.RetryAfterDate, f.RetryAfter != 0},
		{"commit", f.Commit, uses.commit},
	} {
		if field.given && !field.used {
			return problem{"fault." + field.name, fmt.Sprintf("has no use here for %q", f.Kind)}
		}
	}
	return problem{}
}

func (f *Fault) problem(operation string) problem {
	uses, _ := usedBy(f.Kind)
	const longer = "must be longer than 0"
	switch {
	case f.Delay == 0 && uses.delay == signed:
		return problem{"fault.delay", "must not be 0"}
	case f.Delay < 0 && uses.delay != signed, f.Delay == 0 && uses.delay == required:
		return problem{"fault.delay", longer}
	case f.RetryAfter < 0:
		return problem{"fault.retry_after", longer}
	case f.Kind == Status && f.Status == 0:
		return problem{"fault.status", "is required"}
	case f.Status != 0 && (f.Status < uses.lowest || f.Status > 599):
		return problem{"fault.status", fmt.Sprintf("must be from %d to 599", uses.lowest)}
	case f.Code != "" && f.Body != "":
		return problem{"fault.code", "cannot be combined with body"}
	case f.Kind == ExpiredToken && !slices.Contains([]string{"", wire.CodeGatewayNoAuth, wire.CodeUnauthorized}, f.Code):
		return problem{"fault.code", "must be " + wire.CodeGatewayNoAuth + " or " + wire.CodeUnauthorized}
	case uses.only != nil && !slices.Contains(uses.only, operation):
		return problem{"operation", fmt.Sprintf("must be %s for %q", strings.Join(uses.only, " or "), f.Kind)}
	case (f.Kind == Unsuccessful || f.Kind == LateCommit) && ofIAM(operation):
		return problem{"operation", fmt.Sprintf("must be one of DLI for %q", f.Kind)}
	}
	return problem{}
}

func ofIAM(operation string) bool {
	return operation == IAMOperation || operation == MetadataOperation
}

// A usage is whether a kind uses a field.
type usage int

const (
	unused usage = iota
	optional
	required
	signed // required, and may be negative
)

// fields are those that a kind uses.
type fields struct {
	delay              usage
	lowest             int // status; 0: it uses none
	code, body, commit bool
	only               []string // the operations that it is for; nil: any
}

func usedBy(k Kind) (fields, bool) {
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
		SlowList:      {delay: required, only: []string{createOperation, deleteOperation}},
		SlowTags:      {delay: required, only: []string{createOperation}},
		OldList:       {delay: required, only: []string{listOperation}},
		SnapshotList:  {delay: required, only: []string{listOperation}},
		LateCommit:    {delay: required},
		ShortLife:     {delay: required, only: []string{IAMOperation}},
		ShiftedDate:   {delay: signed},
	}[k]
	return f, known
}
