package httprule_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/httprule"
)

func bindings(t *testing.T) []*httprule.Binding {
	t.Helper()
	service := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService")
	got, err := httprule.Bindings(service)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// line writes a binding as one line: RPC, method, template, path and query.
func line(b *httprule.Binding) string {
	body := ""
	if b.HasBody {
		body = " body"
	}
	names := func(fields []protoreflect.FieldDescriptor) string {
		var s []string
		for _, f := range fields {
			s = append(s, string(f.Name()))
		}
		return strings.Join(s, ",")
	}
	rpc := strings.TrimPrefix(b.FullMethod, "/connsvc.v1.ConnectionService/")
	return rpc + ": " + b.HTTPMethod + " " + b.Template + body + " path=" + names(b.Path) + " query=" + names(b.Query)
}

func TestBindingsOfConnectionService(t *testing.T) {
	const (
		v2 = "/v2.0/{project_id}/datasource/enhanced-connections"
		v3 = "/v3/{project_id}/datasource/enhanced-connections"

		tests = "/v1.0/{project_id}/queues/{queue_name}/connection-test"

		p  = " path=project_id"
		pc = " path=project_id,connection_id"
	)
	want := []string{
		"CreateEnhancedConnection: POST " + v2 + " body" + p + " query=",
		"GetEnhancedConnection: GET " + v2 + "/{connection_id}" + pc + " query=",
		"ListEnhancedConnections: GET " + v2 + p + " query=limit,offset,status,name,tags,view,page_token",
		"DeleteEnhancedConnection: DELETE " + v2 + "/{connection_id}" + pc + " query=",
		"UpdateEnhancedConnectionHosts: PUT " + v2 + "/{connection_id} body" + pc + " query=",
		"AssociateQueues: POST " + v2 + "/{connection_id}/associate-queue body" + pc + " query=",
		"DisassociateQueues: POST " + v2 + "/{connection_id}/disassociate-queue body" + pc + " query=",
		"CreateRoute: POST " + v3 + "/{connection_id}/routes body" + pc + " query=",
		"CreateRoute: POST " + v2 + "/{connection_id}/routes body" + pc + " query=",
		"DeleteRoute: DELETE " + v3 + "/{connection_id}/routes/{name}" + pc + ",name query=",
		"DeleteRoute: DELETE " + v2 + "/{connection_id}/routes/{name}" + pc + ",name query=",
		"ListPrivileges: GET " + v2 + "/{connection_id}/privileges" + pc + " query=",
		"UpdatePrivileges: PUT /v1.0/{project_id}/authorization body" + p + " query=",
		"ListPrivilegesByObject: GET /v1.0/{project_id}/authorization/privileges" + p + " query=object",
		"CreateConnectivityTest: POST " + tests + " body" + p + ",queue_name query=",
		"GetConnectivityTest: GET " + tests + "/{task_id}" + p + ",queue_name,task_id query=",
	}
	var got []string
	for _, b := range bindings(t) {
		got = append(got, line(b))
		var names []protoreflect.Name
		for _, f := range b.Path {
			names = append(names, f.Name())
		}
		if diff := cmp.Diff(names, b.PathNames); diff != "" {
			t.Errorf("%s: PathNames differ from Path (-path +names):\n%s", b.FullMethod, diff)
		}
		if want := "/connsvc.v1.ConnectionService/" + string(b.Method.Name()); b.FullMethod != want {
			t.Errorf("FullMethod %q of method %s", b.FullMethod, b.Method.FullName())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bindings (-want +got):\n%s", diff)
	}
}

// What URLPath writes, http.ServeMux reads back, as one segment for each variable.
func TestURLPath(t *testing.T) {
	var route *httprule.Binding
	for _, b := range bindings(t) {
		if b.Method.Name() == "DeleteRoute" {
			route = b
		}
	}
	tests := []struct{ name, value, want string }{
		{"plain", "route-1_a", "route-1_a"},
		{"slash", "a/b", "a%2Fb"},
		{"climbing", "../../x", "..%2F..%2Fx"},
		{"percent", "..%2f", "..%252f"},
		{"query", "a?b#c", "a%3Fb%23c"},
		{"space", "a b+c", "a%20b+c"},
		{"umlaut", "ü", "%C3%BC"},
		{"dot", ".", "%2E"},
		{"two dots", "..", "%2E%2E"},
		{"control", "a\r\nb", "a%0D%0Ab"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			req := &connsvcv1.DeleteRouteRequest{ProjectId: "p1", ConnectionId: "c1", Name: test.value}
			path := route.URLPath(req)
			want := "/v2.0/p1/datasource/enhanced-connections/c1/routes/" + test.want
			if path != want {
				t.Fatalf("path %q, want %q", path, want)
			}
			var got string
			mux := http.NewServeMux()
			mux.HandleFunc(route.HTTPMethod+" "+route.Template, func(_ http.ResponseWriter, r *http.Request) {
				got = r.PathValue("name")
			})
			mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(route.HTTPMethod, path, nil))
			if test.value != "." && test.value != ".." && got != test.value {
				t.Errorf("the server read %q, want %q", got, test.value)
			}
		})
	}
}

func TestUnsupported(t *testing.T) {
	get := func(path string) *annotations.HttpRule {
		return &annotations.HttpRule{Pattern: &annotations.HttpRule_Get{Get: path}}
	}
	tests := []struct {
		name string
		rule *annotations.HttpRule
		edit func(*descriptorpb.MethodDescriptorProto)
		want string // part of the error; empty for none
	}{
		{name: "supported", rule: get("/v1/{id}/things")},
		{name: "no annotation", want: "no google.api.http annotation"},
		{
			name: "stream", rule: get("/v1"), want: "streams are not supported",
			edit: func(m *descriptorpb.MethodDescriptorProto) { m.ServerStreaming = proto.Bool(true) },
		},
		{name: "no pattern", rule: &annotations.HttpRule{}, want: "neither get"},
		{name: "custom method", want: "neither get", rule: &annotations.HttpRule{Pattern: &annotations.HttpRule_Custom{
			Custom: &annotations.CustomHttpPattern{Kind: "HEAD", Path: "/v1"},
		}}},
		{name: "one body field", want: `body "id" is not supported`, rule: &annotations.HttpRule{
			Body: "id", Pattern: &annotations.HttpRule_Post{Post: "/v1"},
		}},
		{name: "response body", want: "response_body", rule: &annotations.HttpRule{
			ResponseBody: "id", Pattern: &annotations.HttpRule_Patch{Patch: "/v1"},
		}},
		{name: "nested additional bindings", want: "inside an additional binding", rule: &annotations.HttpRule{
			Pattern: get("/v1").Pattern,
			AdditionalBindings: []*annotations.HttpRule{{
				Pattern: get("/v2").Pattern, AdditionalBindings: []*annotations.HttpRule{get("/v3")},
			}},
		}},
		{name: "bad additional binding", want: `path "v2"`, rule: &annotations.HttpRule{
			Pattern: get("/v1").Pattern, AdditionalBindings: []*annotations.HttpRule{get("v2")},
		}},
		{name: "relative", rule: get("v1"), want: "does not start with /"},
		{name: "empty segment", rule: get("/v1//{id}"), want: "an empty segment"},
		{name: "trailing slash", rule: get("/v1/"), want: "an empty segment"},
		{name: "wildcard", rule: get("/v1/*"), want: `segment "*"`},
		{name: "rest of the path", rule: get("/v1/{id=**}"), want: `segment "{id=**}"`},
		{name: "pattern of a variable", rule: get("/v1/{id=things}"), want: `segment "{id=things}"`},
		{name: "verb", rule: get("/v1/{id}:cancel"), want: `segment "{id}:cancel"`},
		{name: "half a variable", rule: get("/v1/{id"), want: `segment "{id"`},
		{name: "end of a mux pattern", rule: get("/v1/{$}"), want: `segment "{$}"`},
		{name: "dots", rule: get("/v1/../v2"), want: `segment ".."`},
		{name: "unknown field", rule: get("/v1/{nothing}"), want: "{nothing} is no field of test.Request"},
		{name: "nested field", rule: get("/v1/{sub.id}"), want: `segment "{sub.id}"`},
		{name: "number", rule: get("/v1/{size}"), want: "{size} is not a plain string"},
		{name: "list", rule: get("/v1/{ids}"), want: "{ids} is not a plain string"},
		{name: "twice", rule: get("/v1/{id}/{id}"), want: "{id} is repeated"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := httprule.Bindings(service(t, test.rule, test.edit))
			switch {
			case test.want == "" && err != nil:
				t.Fatal(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Fatalf("error %v, want one with %q", err, test.want)
			case err != nil && !strings.Contains(err.Error(), "test.Service.Call"):
				t.Errorf("error %v does not name the method", err)
			}
		})
	}
}

// service makes a service with one method that has the rule.
func service(t *testing.T, rule *annotations.HttpRule, edit func(*descriptorpb.MethodDescriptorProto)) protoreflect.ServiceDescriptor {
	t.Helper()
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type, label descriptorpb.FieldDescriptorProto_Label) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Type: &kind, Label: &label}
	}
	const one, many = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	method := &descriptorpb.MethodDescriptorProto{
		Name: proto.String("Call"), InputType: proto.String(".test.Request"), OutputType: proto.String(".test.Request"),
		Options: &descriptorpb.MethodOptions{},
	}
	if rule != nil {
		proto.SetExtension(method.Options, annotations.E_Http, rule)
	}
	if edit != nil {
		edit(method)
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("test.proto"), Package: proto.String("test"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String("Request"),
			Field: []*descriptorpb.FieldDescriptorProto{
				field("id", 1, descriptorpb.FieldDescriptorProto_TYPE_STRING, one),
				field("size", 2, descriptorpb.FieldDescriptorProto_TYPE_INT32, one),
				field("ids", 3, descriptorpb.FieldDescriptorProto_TYPE_STRING, many),
			},
		}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Service"), Method: []*descriptorpb.MethodDescriptorProto{method}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file.Services().Get(0)
}
