package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/emulator"
)

func TestValuesAreChecked(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	tags := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"key":"k%d","value":"v"}`, i)
		}
		return `"tags":[` + strings.Join(list, ",") + `]`
	}
	tag := func(key, value string) string { return fmt.Sprintf(`"tags":[{"key":%q,"value":%q}]`, key, value) }
	host := func(name, ip string) string { return fmt.Sprintf(`"hosts":[{"name":%q,"ip":%q}]`, name, ip) }
	for _, test := range []struct{ name, member, rejected string }{
		{x(64), `"hosts":[]`, ""},
		{x(65), `"hosts":[]`, "name"},
		{"", `"hosts":[]`, "name"},
		{"with-hyphen", `"hosts":[]`, "name"},
		{"ü", `"hosts":[]`, "name"},

		{"c", host("a"+x(127), "192.168.0.1"), ""},
		{"c", host("a"+x(128), "192.168.0.1"), "hosts[0].name"},
		{"c", host("aB9_-.", "192.168.0.1"), ""},
		{"c", host("9a", "192.168.0.1"), "hosts[0].name"},
		{"c", host("a b", "192.168.0.1"), "hosts[0].name"},
		{"c", host("a", "192.168.0"), "hosts[0].ip"},
		{"c", host("a", "192.168.0.256"), "hosts[0].ip"},
		{"c", host("a", "::1"), "hosts[0].ip"},
		{"c", host("a", "::ffff:10.0.0.1"), "hosts[0].ip"},
		{"c", `"hosts":[{"name":"a"},{"ip":"10.0.0.1"},{}]`, ""},
		{"c", `"hosts":[{"name":"a"},{"ip":"x"}]`, "hosts[1].ip"},

		{"c", tags(20), ""},
		{"c", tags(21), "tags"},
		{"c", tag(x(128), x(255)), ""},
		{"c", tag(x(129), "v"), "tags[0].key"},
		{"c", tag("", "v"), "tags[0].key"},
		{"c", tag("k", x(256)), "tags[0].value"},
		{"c", tag("Schlüssel ²_.:+-@", " мир "), ""},
		{"c", tag(" k", "v"), "tags[0].key"},
		{"c", tag("k ", "v"), "tags[0].key"},
		{"c", tag("_sys_k", "v"), "tags[0].key"},
		{"c", tag("k,", "v"), "tags[0].key"},
		{"c", tag("k", "v="), "tags[0].value"},
		{"c", `"tags":[{"key":"k"}]`, "tags[0].value"},
		{"c", `"tags":[{"value":"v"}]`, "tags[0].key"},
		{"c", `"tags":[{"key":"k","value":"v"},{"key":"k","value":"w"}]`, "tags[1].key"},

		{"c", `"queues":["` + x(128) + `"]`, ""},
		{"c", `"queues":["` + x(129) + `"]`, "queues[0]"},
		{"c", `"queues":["q","_q"]`, "queues[1]"},
		{"c", `"queues":["123"]`, "queues[0]"},
		{"c", `"queues":["1_"]`, ""},
		{"c", `"queues":[""]`, "queues[0]"},
		{"c", `"queues":["a-b"]`, "queues[0]"},
		{"c", `"elastic_resource_pools":["_p"]`, "elastic_resource_pools[0]"},
	} {
		t.Run(test.name+" "+test.member[:min(40, len(test.member))], func(t *testing.T) {
			d := start(t, emulator.Options{})
			r := d.do("POST", connectionsA, createBody(test.name, test.member))
			if test.rejected != "" {
				r.rejectedWith(test.rejected)
			} else if r.status != http.StatusCreated {
				t.Errorf("%d %s, want 201", r.status, r.body)
			}
		})
	}
}

func TestMandatoryParameters(t *testing.T) {
	d := start(t, emulator.Options{})
	d.do("POST", connectionsA, `{"dest_vpc_id":"v","dest_network_id":"s"}`).rejectedWith("name")
	d.do("POST", connectionsA, `{"name":"c","dest_network_id":"s"}`).rejectedWith("dest_vpc_id")
	d.do("POST", connectionsA, `{"name":"c","dest_vpc_id":"v"}`).rejectedWith("dest_network_id")
	d.do("POST", connectionsA, `{"name":"c","dest_vpc_id":"v","dest_network_id":"s"}`).
		is(http.StatusCreated, `{"is_success":true,"message":"","connection_id":"`+id(1)+`"}`)
}

func TestUpdateHostsChecksValues(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c", `"hosts":[{"name":"h"}]`)
	d.do("PUT", path, `{"hosts":[{"name":"a"},{"name":"-"}]}`).rejectedWith("hosts[1].name")
	if got := d.Connections(projectA)[0].Hosts; len(got) != 1 || got[0].Name != "h" {
		t.Errorf("hosts are %v after a rejected update", got)
	}
}
