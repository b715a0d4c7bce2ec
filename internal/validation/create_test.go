package validation_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

func TestCreateRules(t *testing.T) {
	type request = connsvcv1.CreateEnhancedConnectionRequest
	change := func(name string, change func(*request), want ...string) ruleCase {
		return ruleCase{name: name, request: with(create(), change), want: want}
	}
	runCases(t, []ruleCase{
		change("name of 64", func(r *request) { r.Name = strings.Repeat("_", 64) }),
		change("name of 65", func(r *request) { r.Name = strings.Repeat("a", 65) }, "name connection.name"),
		change("name empty", func(r *request) { r.Name = "" }, "name connection.name"),
		change("name with hyphen", func(r *request) { r.Name = "a-b" }, "name connection.name"),
		change("vpc missing", func(r *request) { r.DestVpcId = "" }, "dest_vpc_id required"),
		change("vpc no uuid", func(r *request) { r.DestVpcId = "vpc" }, "dest_vpc_id string.uuid"),
		change("network missing", func(r *request) { r.DestNetworkId = "" }, "dest_network_id required"),
		change("network no uuid", func(r *request) { r.DestNetworkId = "net" }, "dest_network_id string.uuid"),
		change("route table missing", func(r *request) { r.RoutetableId = "" }),
		change("route table no uuid", func(r *request) { r.RoutetableId = "rt" }, "routetable_id string.uuid"),
		change("request ID missing", func(r *request) { r.RequestId = "" }),
		change("request ID no uuid", func(r *request) { r.RequestId = "1" }, "request_id string.uuid"),
		change("only what is mandatory", func(r *request) {
			r.Queues, r.ElasticResourcePools, r.RoutetableId, r.Hosts, r.Tags, r.RequestId = nil, nil, "", nil, nil, ""
		}),
		change("everything missing", func(r *request) { proto.Reset(r) },
			"project_id project_id", "name connection.name", "dest_vpc_id required", "dest_network_id required"),
		change("in the order of fields", func(r *request) {
			r.Name, r.Queues, r.Tags = "", []string{"_"}, []*connsvcv1.Tag{{Key: "k"}}
			r.Hosts = []*connsvcv1.Host{{Name: "a"}, {}, {Name: "1", Ip: "1"}}
		}, "name connection.name", "queues[0] queue.name", "hosts[1] host.empty", "hosts[2].name host.name",
			"hosts[2].ip string.ipv4", "tags[0].value required"),
	})
}

func TestQueueRules(t *testing.T) {
	var cases []ruleCase
	for _, c := range []struct {
		value string
		rule  string // of queues and pools
	}{
		{"a", ""},
		{"9a", ""},
		{"9_", ""},
		{strings.Repeat("a", 128), ""},
		{"", "name"},
		{strings.Repeat("a", 129), "name"},
		{"123", "name"},
		{"_a", "name"},
		{"a-b", "name"},
		{"é", "name"},
		{"a\n", "name"},
		{"default", "default"},
		{"Default", "default"},
		{"DEFAULT", "default"},
		{"default1", ""},
	} {
		queues, pools := []string{"queues[1] queue." + c.rule}, []string{"elastic_resource_pools[1] elastic_resource_pool." + c.rule}
		if c.rule == "" {
			queues = nil
		}
		if c.rule != "name" {
			pools = nil
		}
		two := []string{"ok", c.value}
		cases = append(cases, onQueues(fmt.Sprintf("queue %.20q", c.value), two, nil, queues...)...)
		cases = append(cases, onQueues(fmt.Sprintf("pool %.20q", c.value), nil, two, pools...)...)
	}
	twice := []string{"a", "b", "a"}
	cases = append(cases, onQueues("1000 queues", names(1000), nil)...)
	cases = append(cases, onQueues("1001 queues", names(1001), nil, "queues repeated.max_items")...)
	cases = append(cases, onQueues("queue twice", twice, nil, "queues repeated.unique")...)
	cases = append(cases, onQueues("1000 pools", nil, names(1000))...)
	cases = append(cases, onQueues("1001 pools", nil, names(1001), "elastic_resource_pools repeated.max_items")...)
	cases = append(cases, onQueues("pool twice", nil, twice, "elastic_resource_pools repeated.unique")...)
	none := onQueues("none", nil, nil, " queues.none")
	none[0].want = nil // a connection may be created without
	runCases(t, append(cases, none...))
}

// onQueues makes the case for all requests that name queues.
func onQueues(name string, queues, pools []string, want ...string) []ruleCase {
	return []ruleCase{
		{name + " on create", with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) {
			r.Queues, r.ElasticResourcePools = queues, pools
		}), want},
		{name + " on associate", with(associate(), func(r *connsvcv1.AssociateQueuesRequest) {
			r.Queues, r.ElasticResourcePools = queues, pools
		}), want},
		{name + " on disassociate", with(disassociate(), func(r *connsvcv1.DisassociateQueuesRequest) {
			r.Queues, r.ElasticResourcePools = queues, pools
		}), want},
	}
}

func TestHostRules(t *testing.T) {
	var cases []ruleCase
	for _, c := range []struct {
		name, ip string
		want     []string // below hosts[1]
	}{
		{"a", "", nil},
		{"", "1.2.3.4", nil},
		{"Z9_-.", "0.0.0.0", nil},
		{strings.Repeat("a", 128), "255.255.255.255", nil},
		{"", "", []string{" host.empty"}},
		{strings.Repeat("a", 129), "", []string{".name host.name"}},
		{"9a", "", []string{".name host.name"}},
		{"a b", "", []string{".name host.name"}},
		{"é", "", []string{".name host.name"}},
		{"a", "1.2.3.256", []string{".ip string.ipv4"}},
		{"a", "1.2.3", []string{".ip string.ipv4"}},
		{"a", "01.2.3.4", []string{".ip string.ipv4"}},
		{"a", "1.2.3.4.5", []string{".ip string.ipv4"}},
		{"a", "::1", []string{".ip string.ipv4"}},
		{"a", " 1.2.3.4", []string{".ip string.ipv4"}},
		{"-", "x", []string{".name host.name", ".ip string.ipv4"}},
	} {
		two := []*connsvcv1.Host{{Name: "ok"}, {Name: c.name, Ip: c.ip}}
		var want []string
		for _, below := range c.want {
			want = append(want, "hosts[1]"+below)
		}
		cases = append(cases, onHosts(fmt.Sprintf("%.20q %q", c.name, c.ip), two, want...)...)
	}
	cases = append(cases, onHosts("none", nil)...)
	cases = append(cases, onHosts("20000", hosts(20_000))...)
	cases = append(cases, onHosts("20001", hosts(20_001), "hosts repeated.max_items")...)
	cases = append(cases, onHosts("nil", []*connsvcv1.Host{nil}, "hosts[0] host.empty")...)
	runCases(t, cases)
}

func onHosts(name string, hosts []*connsvcv1.Host, want ...string) []ruleCase {
	return []ruleCase{
		{name + " on create", with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Hosts = hosts }), want},
		{name + " on update", with(updateHosts(), func(r *connsvcv1.UpdateEnhancedConnectionHostsRequest) { r.Hosts = hosts }), want},
	}
}

func TestTagRules(t *testing.T) {
	var cases []ruleCase
	for _, c := range []struct {
		name string
		tag  *connsvcv1.Tag
		want []string
	}{
		{"all characters", &connsvcv1.Tag{Key: "é世٣ _.:+-@x", Value: new("é世٣ _.:+-@ ")}, nil},
		{"key of 128", &connsvcv1.Tag{Key: strings.Repeat("世", 128), Value: new("")}, nil},
		{"key of 129", &connsvcv1.Tag{Key: strings.Repeat("世", 129), Value: new("")}, []string{".key tag.key"}},
		{"key empty", &connsvcv1.Tag{Value: new("")}, []string{".key tag.key"}},
		{"key with slash", &connsvcv1.Tag{Key: "a/b", Value: new("")}, []string{".key tag.key"}},
		{"key with equals sign", &connsvcv1.Tag{Key: "a=b", Value: new("")}, []string{".key tag.key"}},
		{"key starts with space", &connsvcv1.Tag{Key: " a", Value: new("")}, []string{".key tag.key.space"}},
		{"key ends with space", &connsvcv1.Tag{Key: "a ", Value: new("")}, []string{".key tag.key.space"}},
		{"key reserved", &connsvcv1.Tag{Key: "_sys_a", Value: new("")}, []string{".key tag.key.reserved"}},
		{"key not quite reserved", &connsvcv1.Tag{Key: "_sys", Value: new("")}, nil},
		{"value of 255", &connsvcv1.Tag{Key: "k", Value: new(strings.Repeat("世", 255))}, nil},
		{"value of 256", &connsvcv1.Tag{Key: "k", Value: new(strings.Repeat("世", 256))}, []string{".value tag.value"}},
		{"value with comma", &connsvcv1.Tag{Key: "k", Value: new("a,b")}, []string{".value tag.value"}},
		{"value left out", &connsvcv1.Tag{Key: "k"}, []string{".value required"}},
	} {
		var want []string
		for _, below := range c.want {
			want = append(want, "tags[1]"+below)
		}
		cases = append(cases, onTags(c.name, []*connsvcv1.Tag{{Key: "ok", Value: new("v")}, c.tag}, want...)...)
	}
	same := &connsvcv1.Tag{Key: "key1", Value: new("other")}
	cases = append(cases, onTags("20", tags(20))...)
	cases = append(cases, onTags("21", tags(21), "tags repeated.max_items")...)
	cases = append(cases, onTags("same key", append(tags(2), same), "tags tags.unique")...)
	runCases(t, cases)
}

func onTags(name string, tags []*connsvcv1.Tag, want ...string) []ruleCase {
	return []ruleCase{
		{name + " on create", with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Tags = tags }), want},
		{name + " on list", with(list(), func(r *connsvcv1.ListEnhancedConnectionsRequest) { r.Tags = tags }), want},
	}
}
