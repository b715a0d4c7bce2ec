package dlijson_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

func TestAppendRequest(t *testing.T) {
	tests := []struct {
		name       string
		m          proto.Message
		emptyLists bool
		omit       []protoreflect.Name
		want       string
	}{
		{"nothing set", &connsvcv1.CreateEnhancedConnectionRequest{}, false, nil, `{}`},
		{"nil", (*connsvcv1.CreateEnhancedConnectionRequest)(nil), false, nil, `{}`},
		{
			"set and omitted", &connsvcv1.CreateEnhancedConnectionRequest{
				ProjectId: "p", Name: "n", Queues: []string{"a", "b"},
				Hosts: []*connsvcv1.Host{{Name: "h", Ip: "1"}, {}, nil},
			}, false,
			[]protoreflect.Name{"project_id"},
			`{"name":"n","queues":["a","b"],"hosts":[{"name":"h","ip":"1"},{},{}]}`,
		},
		{
			"empty lists", &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: "p", ConnectionId: "c"}, true,
			[]protoreflect.Name{"project_id", "connection_id"},
			`{"hosts":[]}`,
		},
		{
			"empty lists below", &connsvcv1.UpdatePrivilegesRequest{Action: "update", Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{{Object: "o"}}}, true, nil,
			`{"action":"update","privileges":[{"object":"o","privileges":[]}]}`,
		},
		{"JSON name that is not the field's", &connsvcv1.UpdatePrivilegesRequest{GranteeProjectId: "g"}, false, []protoreflect.Name{"project_id"}, `{"projectId":"g"}`},
		{
			"empty optional string", &connsvcv1.CreateEnhancedConnectionRequest{Tags: []*connsvcv1.Tag{{Key: "a", Value: proto.String("")}, {Key: "b"}}}, false, nil,
			`{"tags":[{"key":"a","value":""},{"key":"b"}]}`,
		},
		{
			"optional zero and enum", &connsvcv1.ListEnhancedConnectionsRequest{Limit: proto.Int32(0), Status: connsvcv1.EnhancedConnection_DELETED}, false, nil,
			`{"limit":0,"status":"DELETED"}`,
		},
		{
			"characters", &connsvcv1.CreateEnhancedConnectionRequest{Name: "<&>\"\\/\n\x01\x7fü€𝄞\u2028"}, false, nil,
			`{"name":"<&>\"\\/\n\u0001` + "\x7fü€𝄞\u2028" + `"}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := dlijson.AppendRequest([]byte("before "), test.m, test.emptyLists, test.omit...)
			if err != nil {
				t.Fatal(err)
			}
			if want := "before " + test.want; string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAppendResponse(t *testing.T) {
	const emptyConnection = `"id":"","name":"","status":"","available_queue_info":[],"elastic_resource_pools":[],"dest_vpc_id":"","dest_network_id":"",` +
		`"hosts":[],"ipv6_enable":false,"routes":[]}`
	tests := []struct {
		name string
		m    proto.Message
		want string
	}{
		{"created", &connsvcv1.CreateEnhancedConnectionResponse{IsSuccess: true, Message: "m", ConnectionId: "c"}, `{"is_success":true,"message":"m","connection_id":"c"}`},
		{"no success", &connsvcv1.DeleteRouteResponse{}, `{"is_success":false,"message":""}`},
		{"optional bool", &connsvcv1.CreateEnhancedConnectionResponse{Reconciled: proto.Bool(true)}, `{"is_success":false,"message":"","connection_id":"","reconciled":true}`},
		{"a message without the two", &connsvcv1.EnhancedConnection{}, `{"is_success":true,"message":"",` + emptyConnection},
		{"nil", (*connsvcv1.EnhancedConnection)(nil), `{"is_success":true,"message":"",` + emptyConnection},
		{"empty list", &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true}, `{"is_success":true,"message":"","count":0,"connections":[]}`},
		{
			"list", &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true, Count: -3, Connections: []*connsvcv1.EnhancedConnection{{}, nil}},
			`{"is_success":true,"message":"","count":-3,"connections":[{` + emptyConnection + `,{` + emptyConnection + `]}`,
		},
		{
			"times and words", &connsvcv1.Peering{Status: connsvcv1.Peering_CREATING, UpdateTime: &timestamppb.Timestamp{Seconds: 1566889577, Nanos: 861_999_999}},
			`{"is_success":true,"message":"","peer_id":"","status":"CREATING","name":"","err_msg":"","update_time":1566889577861}`,
		},
		{"time of zero", &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{}}, `{"is_success":true,"message":"","name":"","cidr":"","create_time":0}`},
		{"time before 1970", &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{Seconds: -2, Nanos: 1_000_000}}, `{"is_success":true,"message":"","name":"","cidr":"","create_time":-1999}`},
		{
			"privileges", &connsvcv1.ListPrivilegesResponse{IsSuccess: true, Privileges: []*connsvcv1.Privilege{{Object: "o", ApplicantProjectId: "p", ProjectId: "p", Privileges: []string{"BIND_QUEUE"}}, {}}},
			`{"is_success":true,"message":"","connection_id":"","privileges":[{"object":"o","applicant_project_id":"p","project_id":"p","privileges":["BIND_QUEUE"]},` +
				`{"object":"","applicant_project_id":"","project_id":"","privileges":[]}]}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := dlijson.AppendResponse([]byte("before "), test.m)
			if err != nil {
				t.Fatal(err)
			}
			if want := "before " + test.want; string(got) != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestAppendRejects(t *testing.T) {
	hosts := []*connsvcv1.Host{{}, {Ip: "\xff"}}
	tests := []struct {
		name string
		m    proto.Message
		want dlijson.Error
	}{
		{"no UTF-8", &connsvcv1.EnhancedConnection{Hosts: hosts}, dlijson.Error{Kind: dlijson.Encoding, Path: "hosts[1].ip", Offset: -1, Message: "invalid UTF-8"}},
		{"no UTF-8 in a list", &connsvcv1.Privilege{Privileges: []string{"ü", "\xed\xa0\x80"}}, dlijson.Error{Kind: dlijson.Encoding, Path: "privileges[1]", Offset: -1, Message: "invalid UTF-8"}},
		{"no UTF-8 in the message", &connsvcv1.CreateRouteResponse{Message: "\xff"}, dlijson.Error{Kind: dlijson.Encoding, Path: "message", Offset: -1, Message: "invalid UTF-8"}},
		{"unknown number", &connsvcv1.EnhancedConnection{Status: 99}, dlijson.Error{Kind: dlijson.Range, Path: "status", Offset: -1, Message: "the enum has no such number"}},
		{"time", &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{Seconds: 253402300800}}, dlijson.Error{Kind: dlijson.Range, Path: "create_time", Offset: -1, Message: "no time of the years 1 to 9999"}},
		{"nanoseconds", &connsvcv1.Route{CreateTime: &timestamppb.Timestamp{Nanos: -1}}, dlijson.Error{Kind: dlijson.Range, Path: "create_time", Offset: -1, Message: "no time of the years 1 to 9999"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := dlijson.AppendResponse(nil, test.m)
			checkError(t, "response", err, test.want)
			_, err = dlijson.AppendRequest(nil, test.m, false)
			checkError(t, "request", err, test.want)
		})
	}
}
