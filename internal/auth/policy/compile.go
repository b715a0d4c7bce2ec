package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/ext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// interruptEvery is after how many steps of a loop the deadline of the call is checked.
const interruptEvery = 1000

// environments have the variables of each method: request has the type of its request.
type environments map[string]*cel.Env

func newEnvironments() (environments, error) {
	common, err := cel.NewEnv(
		ext.NativeTypes(reflect.TypeFor[call.Principal](), ext.ParseStructTags(true)),
		cel.Types(&connsvcv1.EnhancedConnection{}, &connsvcv1.CreateEnhancedConnectionRequest{}),
		ext.Network(), ext.Strings(), ext.Sets(), cel.OptionalTypes(),
		cel.Variable("principal", cel.ObjectType("call.Principal")),
		cel.Variable("method", cel.StringType),
		cel.Variable("project", cel.StringType),
		cel.Variable("now", cel.TimestampType),
	)
	if err != nil {
		return nil, fmt.Errorf("preparing CEL: %w", err)
	}
	all := make(environments)
	for name, request := range methods() {
		md := request.ProtoReflect().Descriptor()
		variables := []cel.EnvOption{cel.Types(request), cel.Variable("request", cel.ObjectType(string(md.FullName())))}
		if md.Fields().ByName("connection_id") != nil {
			variables = append(variables, cel.Variable("connection", cel.ObjectType("connsvc.v1.EnhancedConnection")))
		}
		if all[name], err = common.Extend(variables...); err != nil {
			return nil, fmt.Errorf("preparing CEL: %w", err)
		}
	}
	return all, nil
}

func newMessage(md protoreflect.MessageDescriptor) proto.Message {
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		panic(err) // the package that has md registers it
	}
	return mt.New().Interface()
}

// compile compiles a rule for each of its methods. An expression is checked against each.
func (e environments) compile(index int, c *configv1.PolicyRule, costLimit int32) (map[string]rule, []Problem) {
	names := c.GetMethods()
	if len(names) == 0 {
		names = slices.Sorted(maps.Keys(e))
	}
	compiled := make(map[string]rule)
	var problems []Problem
	mistaken := make(map[string][]string) // the methods of each mistake
	for _, name := range names {
		env := e[name]
		if env == nil {
			problems = append(problems, Problem{index, "methods", fmt.Sprintf("no RPC %q: they are %s", name, strings.Join(slices.Sorted(maps.Keys(e)), ", "))})
			continue
		}
		r := rule{name: c.GetName(), message: c.GetMessage(), denies: c.GetEffect() == configv1.PolicyRule_DENY}
		if c.GetWhen() != "" {
			if text := r.compile(env, c.GetWhen(), costLimit); text != "" {
				mistaken[text] = append(mistaken[text], name)
				continue
			}
		}
		compiled[name] = r
	}
	for _, text := range slices.Sorted(maps.Keys(mistaken)) {
		in := mistaken[text]
		if len(in) < len(names) || len(names) == 1 {
			text += " (for " + strings.Join(in, ", ") + ")"
		}
		problems = append(problems, Problem{index, "when", text})
	}
	return compiled, problems
}

// compile compiles an expression. It returns what is wrong with it, empty if nothing is.
func (r *rule) compile(env *cel.Env, expression string, costLimit int32) string {
	checked, issues := env.Compile(expression)
	if issues.Err() != nil {
		var texts []string
		for _, issue := range issues.Errors() {
			texts = append(texts, fmt.Sprintf("line %d, column %d of the expression: %s", issue.Location.Line(), issue.Location.Column()+1, issue.Message))
		}
		return strings.Join(texts, "; ")
	}
	if !checked.OutputType().IsExactType(cel.BoolType) {
		return "must be true or false, but is of type " + checked.OutputType().String()
	}
	if texts := capitals(checked.NativeRep()); texts != nil {
		return strings.Join(texts, "; ")
	}
	ast.PreOrderVisit(checked.NativeRep().Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		r.loops = r.loops || x.Kind() == ast.ComprehensionKind
		if x.Kind() == ast.IdentKind {
			r.usesConnection = r.usesConnection || x.AsIdent() == "connection"
			r.usesRequest = r.usesRequest || x.AsIdent() == "request"
		}
	}))
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if r.loops { // without a loop, the length of the expression limits the cost
		options = append(options, cel.CostLimit(uint64(costLimit)), cel.InterruptCheckFrequency(interruptEvery)) //nolint:gosec // it is positive
	}
	var err error
	if r.program, err = env.Program(checked, options...); err != nil {
		return err.Error()
	}
	return ""
}
