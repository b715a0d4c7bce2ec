// Package httprule reads the google.api.http annotations of a service: the HTTP
// method and path of each RPC, and whether a request field travels in path, query or
// body. Forms that the API does not use are an error, so no binding is half supported.
package httprule

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A Binding is one HTTP method and path of an RPC.
type Binding struct {
	FullMethod string                         // "/connsvc.v1.ConnectionService/GetEnhancedConnection"
	Method     protoreflect.MethodDescriptor  // the RPC
	HTTPMethod string                         // "GET"
	Template   string                         // "/v2.0/{project_id}/...": also a pattern of http.ServeMux
	HasBody    bool                           // body: "*"
	Path       []protoreflect.FieldDescriptor // fields in the path, in order: strings and int64
	PathNames  []protoreflect.Name            // their names
	Query      []protoreflect.FieldDescriptor // fields in the query: none with a body
}

// ownPrefix begins the paths that are not DLI's.
const ownPrefix = "/connsvc/"

// IsDLI reports whether an RPC is an operation of DLI: the path of its first binding is DLI's.
func IsDLI(method protoreflect.MethodDescriptor) bool {
	rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule == nil {
		return true // Bindings rejects it
	}
	pattern := patternOf(rule)
	return pattern == nil || !strings.HasPrefix(rule.ProtoReflect().Get(pattern).String(), ownPrefix)
}

// patternOf returns the field of a rule that has the path, named as the HTTP method; nil if
// none is set.
func patternOf(rule *annotations.HttpRule) protoreflect.FieldDescriptor {
	m := rule.ProtoReflect()
	return m.WhichOneof(m.Descriptor().Oneofs().ByName("pattern"))
}

// Bindings returns the bindings of those RPCs of a service that are operations of DLI, in the
// order of the proto, the first of each RPC before its additional ones. Anything but
// "{field}" variables and body "*" is an error.
func Bindings(service protoreflect.ServiceDescriptor) ([]*Binding, error) {
	var all []*Binding
	methods := service.Methods()
	for i := range methods.Len() {
		if !IsDLI(methods.Get(i)) {
			continue
		}
		bindings, err := ofMethod(methods.Get(i))
		if err != nil {
			return nil, fmt.Errorf("http binding of %s: %w", methods.Get(i).FullName(), err)
		}
		all = append(all, bindings...)
	}
	return all, nil
}

func ofMethod(method protoreflect.MethodDescriptor) ([]*Binding, error) {
	if method.IsStreamingClient() || method.IsStreamingServer() {
		return nil, errors.New("streams are not supported")
	}
	rule, ok := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !ok || rule == nil {
		return nil, errors.New("no google.api.http annotation")
	}
	rules := append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...)
	bindings := make([]*Binding, 0, len(rules))
	for i, r := range rules {
		if i > 0 && len(r.GetAdditionalBindings()) > 0 {
			return nil, errors.New("additional bindings inside an additional binding")
		}
		b, err := ofRule(method, r)
		if err != nil {
			return nil, err
		}
		bindings = append(bindings, b)
	}
	return bindings, nil
}

func ofRule(method protoreflect.MethodDescriptor, rule *annotations.HttpRule) (*Binding, error) {
	b := &Binding{
		FullMethod: fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name()),
		Method:     method,
	}
	pattern := patternOf(rule)
	if pattern == nil || pattern.Kind() != protoreflect.StringKind {
		return nil, errors.New("neither get, put, post, delete nor patch")
	}
	b.HTTPMethod = strings.ToUpper(string(pattern.Name()))
	b.Template = rule.ProtoReflect().Get(pattern).String()
	if rule.GetResponseBody() != "" {
		return nil, errors.New("response_body is not supported")
	}
	switch rule.GetBody() {
	case "":
	case "*":
		b.HasBody = true
	default:
		return nil, fmt.Errorf("body %q is not supported: only \"*\"", rule.GetBody())
	}
	if err := b.readTemplate(); err != nil {
		return nil, fmt.Errorf("path %q: %w", b.Template, err)
	}
	if !b.HasBody {
		b.Query = b.fieldsNotInPath()
	}
	return b, nil
}

// literal and variable match one segment of a template: a literal that means the same in a URL
// and in a pattern of http.ServeMux, or "{field}".
var (
	literal  = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)
	variable = regexp.MustCompile(`^\{([A-Za-z_][A-Za-z0-9_]*)\}$`)
)

// readTemplate sets Path and PathNames from Template.
func (b *Binding) readTemplate() error {
	rest, ok := strings.CutPrefix(b.Template, "/")
	if !ok {
		return errors.New("does not start with /")
	}
	for segment := range strings.SplitSeq(rest, "/") {
		if match := variable.FindStringSubmatch(segment); match != nil {
			if err := b.addVariable(protoreflect.Name(match[1])); err != nil {
				return err
			}
			continue
		}
		switch {
		case segment == "":
			return errors.New("an empty segment")
		case segment == ".", segment == "..", !literal.MatchString(segment):
			return fmt.Errorf("segment %q is not supported: only literals and {field}", segment)
		}
	}
	return nil
}

func (b *Binding) addVariable(name protoreflect.Name) error {
	field := b.Method.Input().Fields().ByName(name)
	switch {
	case field == nil:
		return fmt.Errorf("{%s} is no field of %s", name, b.Method.Input().FullName())
	case field.Kind() != protoreflect.StringKind && field.Kind() != protoreflect.Int64Kind || field.IsList() || field.HasPresence():
		return fmt.Errorf("{%s} is not a plain string or int64", name)
	case slices.Contains(b.PathNames, name):
		return fmt.Errorf("{%s} is repeated", name)
	}
	b.Path = append(b.Path, field)
	b.PathNames = append(b.PathNames, name)
	return nil
}

func (b *Binding) fieldsNotInPath() []protoreflect.FieldDescriptor {
	var rest []protoreflect.FieldDescriptor
	fields := b.Method.Input().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); !slices.Contains(b.PathNames, f.Name()) {
			rest = append(rest, f)
		}
	}
	return rest
}

// URLPath returns the path of a call, each variable escaped as one segment. An empty
// variable becomes an empty segment.
func (b *Binding) URLPath(req proto.Message) string {
	m := req.ProtoReflect()
	segments := strings.Split(b.Template, "/")
	next := 0
	for i, segment := range segments {
		if strings.HasPrefix(segment, "{") {
			segments[i] = escape(m.Get(b.Path[next]).String())
			next++
		}
	}
	return strings.Join(segments, "/")
}

// escape also escapes the segments "." and "..", which url.PathEscape does not, and
// which clients and proxies would resolve to another path.
func escape(value string) string {
	if value == "." || value == ".." {
		return strings.ReplaceAll(value, ".", "%2E")
	}
	return url.PathEscape(value)
}
