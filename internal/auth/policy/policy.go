// Package policy decides what callers may do, by the CEL rules of the configuration: the
// first rule that applies to a call. It is fail-closed: where no rule applies, or one
// cannot be evaluated, the call is denied. It does not authenticate anybody and calls
// nothing.
package policy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// get is the RPC by whose rules connections are filtered.
const get = "GetEnhancedConnection"

// A Policy is compiled rules. It is safe for concurrent use.
type Policy struct {
	byMethod map[string][]rule
	message  string
	shadow   bool
}

// A rule is a rule of the configuration, compiled for one method.
type rule struct {
	name, message  string
	denies         bool
	program        cel.Program // nil: it always applies
	loops          bool
	usesConnection bool
	usesRequest    bool
}

// An Input is a call to be decided.
type Input struct {
	Principal *call.Principal
	Method    string // "CreateEnhancedConnection"
	Request   proto.Message
	Now       time.Time // zero: a rule that uses it cannot decide
	// Connection returns the connection that the request names. It is called at most once,
	// and only by rules that need it.
	Connection func(context.Context) (*connsvcv1.EnhancedConnection, error)
}

// A Decision is what a policy says of a call.
type Decision struct {
	Allowed bool
	Rule    string // that decided; empty where none applied
	Message string // for the caller, where the call is denied
	// Err is why a rule could not be evaluated. The call is denied then.
	Err error
	// Lookup is why the connection could not be found, or there is no time. The call is denied
	// then, but the caller should get this error: most often the connection does not exist.
	Lookup error
}

// Shadow reports whether denied calls are to be allowed, and logged.
func (p *Policy) Shadow() bool { return p.shadow }

// Decide decides a call.
func (p *Policy) Decide(ctx context.Context, in Input) Decision {
	vars := activation{ctx: ctx, in: in}
	for i := range p.byMethod[in.Method] {
		r := &p.byMethod[in.Method][i]
		applies, err := r.applies(ctx, &vars)
		switch {
		case vars.lookup != nil:
			return Decision{Rule: r.name, Lookup: vars.lookup}
		case err != nil:
			return Decision{Rule: r.name, Message: "a rule of the policy could not be evaluated", Err: fmt.Errorf("rule %s: %w", r.name, err)}
		case applies && r.denies:
			return Decision{Rule: r.name, Message: r.message}
		case applies:
			return Decision{Allowed: true, Rule: r.name}
		}
	}
	return Decision{Message: p.message}
}

var errNotBool = errors.New("its value is not a boolean")

func (r *rule) applies(ctx context.Context, vars *activation) (bool, error) {
	if r.program == nil {
		return true, nil
	}
	var value ref.Val
	var err error
	if r.loops {
		value, _, err = r.program.ContextEval(ctx, vars)
	} else { // nothing in it takes long enough to be interrupted
		value, _, err = r.program.Eval(vars)
	}
	if err != nil {
		return false, err
	}
	applies, ok := value.Value().(bool)
	if !ok {
		return false, errNotBool
	}
	return applies, nil
}

// Filter returns which connections of the request's project a caller may see: those that it
// may get. It is nil where that does not depend on the connection and the caller may see all.
func (p *Policy) Filter(ctx context.Context, in Input) func(*connsvcv1.EnhancedConnection) bool {
	in.Method = get
	named, _ := in.Request.(interface{ GetProjectId() string })
	project := named.GetProjectId()
	one := func(c *connsvcv1.EnhancedConnection) bool {
		in := in
		in.Request = &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: c.GetId()}
		in.Connection = func(context.Context) (*connsvcv1.EnhancedConnection, error) { return c, nil }
		return p.Decide(ctx, in).Allowed
	}
	for _, r := range p.byMethod[get] {
		if r.usesConnection || r.usesRequest {
			return one
		}
	}
	if one(&connsvcv1.EnhancedConnection{}) {
		return nil
	}
	return func(*connsvcv1.EnhancedConnection) bool { return false }
}

// methods are the requests of the RPCs, by name.
func methods() map[string]proto.Message {
	all := make(map[string]proto.Message)
	services := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
	for i := range services.Len() {
		m := services.Get(i)
		all[string(m.Name())] = newMessage(m.Input())
	}
	return all
}

// NewRequest returns an empty request of an RPC.
func NewRequest(method string) (proto.Message, error) {
	all := methods()
	if all[method] == nil {
		return nil, fmt.Errorf("no RPC %q: they are %s", method, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	return all[method], nil
}

// Compile compiles a policy with its defaults. It returns all problems.
func Compile(cfg *configv1.Policy) (*Policy, []Problem) {
	p := &Policy{byMethod: make(map[string][]rule), message: cfg.GetMessage(), shadow: cfg.GetShadow()}
	envs, err := newEnvironments()
	if err != nil {
		return nil, []Problem{{Text: err.Error()}}
	}
	var problems []Problem
	for i, c := range cfg.GetRules() {
		compiled, found := envs.compile(i, c, cfg.GetCostLimit())
		problems = append(problems, found...)
		for method, r := range compiled {
			p.byMethod[method] = append(p.byMethod[method], r)
		}
	}
	return p, problems
}

// A Problem is a mistake in a rule.
type Problem struct {
	Rule  int    // its index
	Field string // "when" or "methods"; empty: all of the policy
	Text  string
}

// Check returns the problems of a policy, for a check of the configuration.
func Check(cfg *configv1.Policy) []Problem {
	_, problems := Compile(cfg)
	return problems
}

// Error returns the problems as an error, or nil.
func Error(problems []Problem) error {
	var lines []string
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("policy.rules[%d].%s: %s", p.Rule, p.Field, p.Text))
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
