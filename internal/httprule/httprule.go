// Package httprule reads the google.api.http annotations of a service: which
// HTTP method and path each RPC has, and where each request field travels. It
// knows the few forms that the contract uses and refuses every other, so that
// no door can serve a binding in part.
package httprule

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
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
	Path       []protoreflect.FieldDescriptor // fields in the path, in order; all are strings
	PathNames  []protoreflect.Name            // their names
	Query      []protoreflect.FieldDescriptor // fields in the query: none where HasBody
}

// Bindings returns the bindings of a service, in the order of the proto, the
// first of each RPC before its additional ones. Anything but "{field}"
// variables and body "*" is an error, and so is an RPC without a binding.
func Bindings(service protoreflect.ServiceDescriptor) ([]*Binding, error) {
	var all []*Binding
	methods := service.Methods()
	for i := range methods.Len() {
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
	if b.HTTPMethod, b.Template = verb(rule); b.HTTPMethod == "" {
		return nil, errors.New("neither get, put, post, delete nor patch")
	}
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

func verb(rule *annotations.HttpRule) (method, template string) {
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, p.Get
	case *annotations.HttpRule_Put:
		return http.MethodPut, p.Put
	case *annotations.HttpRule_Post:
		return http.MethodPost, p.Post
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, p.Delete
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, p.Patch
	}
	return "", ""
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

// URLPath returns the path of a call, each variable escaped as one segment. The
// variables should be valid: an empty one makes an empty segment.
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

// escape also hides the two segments that url.PathEscape leaves as they are and
// that clients and proxies resolve: a variable must never climb to another path.
func escape(value string) string {
	if value == "." || value == ".." {
		return strings.ReplaceAll(value, ".", "%2E")
	}
	return url.PathEscape(value)
}
