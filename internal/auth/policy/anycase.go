package policy

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// anyCase are the fields of requests whose case does not matter: DLI converts the names of
// queues and pools to lower case, and IDs are UUIDs.
var anyCase = map[protoreflect.Name]bool{
	"queues": true, "elastic_resource_pools": true, "queue_name": true,
	"connection_id": true, "dest_vpc_id": true, "dest_network_id": true, "routetable_id": true, "request_id": true, "object": true,
}

// within are the fields of requests with messages that have such fields.
var within = map[protoreflect.Name]bool{"connection": true, "connections": true, "privileges": true}

// lowered returns a request with the values of anyCase in lower case, as a rule sees it: in
// another case it would not compare with the texts of the rule. It returns m itself where
// nothing changes, else a copy that shares all else.
func lowered(m proto.Message) proto.Message { return loweredMessage(m.ProtoReflect()).Interface() }

func loweredMessage(m protoreflect.Message) protoreflect.Message {
	var next protoreflect.Message
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		isText := f.Kind() == protoreflect.StringKind && anyCase[f.Name()]
		hasTexts := f.Kind() == protoreflect.MessageKind && within[f.Name()]
		if !isText && !hasTexts {
			return true
		}
		low, changed := lower(v, m.NewField(f))
		if changed {
			if next == nil {
				next = shallow(m)
			}
			next.Set(f, low)
		}
		return true
	})
	if next == nil {
		return m
	}
	return next
}

// lower returns a value in lower case, and whether that differs. A list is put into empty.
func lower(v, empty protoreflect.Value) (low protoreflect.Value, changed bool) {
	switch value := v.Interface().(type) {
	case string:
		text := strings.ToLower(value)
		return protoreflect.ValueOfString(text), text != value
	case protoreflect.Message:
		message := loweredMessage(value)
		return protoreflect.ValueOfMessage(message), message != value
	case protoreflect.List:
		for i := range value.Len() {
			element, differs := lower(value.Get(i), protoreflect.Value{})
			empty.List().Append(element)
			changed = changed || differs
		}
		return empty, changed
	default:
		return v, false
	}
}

// shallow returns a copy that shares all fields.
func shallow(m protoreflect.Message) protoreflect.Message {
	next := m.New()
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		next.Set(f, v)
		return true
	})
	return next
}

// comparing are the functions whose value is false, or the same always, where one operand is in
// lower case and another one is a text with capitals.
var comparing = []string{
	"_==_", "_!=_", "@in", "startsWith", "endsWith", "contains", "sets.contains", "sets.intersects", "sets.equivalent",
}

// capitals returns the texts with capitals that an expression compares with values of anyCase:
// a rule that denies by one would deny nothing.
func capitals(checked *ast.AST) []string {
	elements := map[string]bool{} // variables of loops over a list of anyCase
	var found []string
	ast.PreOrderVisit(checked.Expr(), ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.ComprehensionKind:
			c := x.AsComprehension()
			elements[c.IterVar()] = isAnyCase(c.IterRange(), elements)
		case ast.CallKind:
			call := x.AsCall()
			operands := call.Args()
			if call.IsMemberFunction() {
				operands = append(slices.Clone(operands), call.Target())
			}
			if !slices.Contains(comparing, call.FunctionName()) || !slices.ContainsFunc(operands, func(o ast.Expr) bool { return isAnyCase(o, elements) }) {
				return
			}
			for _, text := range textsOf(operands) {
				if strings.ToLower(text) != text {
					at := checked.SourceInfo().GetStartLocation(x.ID())
					found = append(found, fmt.Sprintf("line %d, column %d of the expression: %q must be in lower case, as names of queues and pools and IDs are here", at.Line(), at.Column()+1, text))
				}
			}
		}
	}))
	return found
}

// isAnyCase reports whether an expression is a field of anyCase of a request, or an element of
// one.
func isAnyCase(x ast.Expr, elements map[string]bool) bool {
	switch x.Kind() {
	case ast.IdentKind:
		return elements[x.AsIdent()]
	case ast.SelectKind:
		return anyCase[protoreflect.Name(x.AsSelect().FieldName())] && !isOfOthers(x)
	case ast.CallKind: // queues[0]
		call := x.AsCall()
		return call.FunctionName() == "_[_]" && isAnyCase(call.Args()[0], elements)
	default:
		return false
	}
}

// isOfOthers reports whether an expression selects from the principal or the connection.
func isOfOthers(x ast.Expr) bool {
	for x.Kind() == ast.SelectKind {
		x = x.AsSelect().Operand()
	}
	return x.Kind() == ast.IdentKind && (x.AsIdent() == "principal" || x.AsIdent() == "connection")
}

// textsOf returns the texts that expressions are, or are lists of.
func textsOf(all []ast.Expr) (texts []string) {
	for _, x := range all {
		switch x.Kind() {
		case ast.LiteralKind:
			if text, ok := x.AsLiteral().(types.String); ok {
				texts = append(texts, string(text))
			}
		case ast.ListKind:
			texts = append(texts, textsOf(x.AsList().Elements())...)
		}
	}
	return texts
}
