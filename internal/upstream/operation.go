package upstream

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/httprule"
)

// An operation is the DLI call of an RPC.
type operation struct {
	*httprule.Binding
	query []protoreflect.FieldDescriptor
	span  string // name of an attempt's span: "GET /v2.0/{project_id}/..."
	retry retryPolicy
}

// ownFields are connsvc's additions to DLI's query parameters.
var ownFields = []protoreflect.Name{"view", "page_token"}

// readOperations returns the operation of each RPC by its full method: its first binding
// and its policy, without which it is an error.
func readOperations(policies map[string]retryPolicy) (map[string]*operation, error) {
	operations := make(map[string]*operation)
	services := connsvcv1.File_connsvc_v1_connection_service_proto.Services()
	for i := range services.Len() {
		bindings, err := httprule.Bindings(services.Get(i))
		if err != nil {
			return nil, err
		}
		for _, b := range bindings {
			if operations[b.FullMethod] != nil {
				continue
			}
			policy, ok := policies[b.FullMethod]
			if !ok {
				return nil, fmt.Errorf("%s has no retry policy", b.FullMethod)
			}
			operations[b.FullMethod] = &operation{
				Binding: b, query: withoutOwn(b.Query), span: b.HTTPMethod + " " + b.Template, retry: policy,
			}
		}
	}
	return operations, nil
}

func withoutOwn(fields []protoreflect.FieldDescriptor) []protoreflect.FieldDescriptor {
	return slices.DeleteFunc(slices.Clone(fields), func(f protoreflect.FieldDescriptor) bool {
		return slices.Contains(ownFields, f.Name())
	})
}

// target returns the escaped path and the query of a call.
func (op *operation) target(req proto.Message) (path, query string, err error) {
	m := req.ProtoReflect()
	if m.Descriptor() != op.Method.Input() {
		return "", "", errUnknownMethod
	}
	for _, f := range op.Path {
		switch m.Get(f).String() {
		// Servers resolve dots even if they are escaped.
		case "", ".", "..":
			return "", "", errPathValue
		}
	}
	if len(op.query) > 0 {
		query = encode(dlijson.EncodeQuery(req, op.query))
	}
	return op.URLPath(req), query, nil
}

// listsAll reports whether a request is for a list without the name of what it looks for,
// as the lookups of creates have it.
func (op *operation) listsAll(req proto.Message) bool {
	named, _ := req.(interface{ GetName() string })
	return strings.HasPrefix(string(op.Method.Name()), "List") && (named == nil || named.GetName() == "")
}

// encode writes spaces as %20, because not every server decodes a plus sign.
func encode(q url.Values) string {
	return strings.ReplaceAll(q.Encode(), "+", "%20")
}

// appendBody appends the JSON of a call that has a body.
func (op *operation) appendBody(b []byte, req proto.Message) ([]byte, error) {
	return dlijson.AppendRequest(b, req, op.HTTPMethod == http.MethodPut, op.PathNames...)
}
