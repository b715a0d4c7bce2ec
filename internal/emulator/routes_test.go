package emulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
)

func (d *dli) routes() []string {
	all := []string{}
	for _, r := range d.Connections(projectA)[0].Routes {
		all = append(all, r.Name+" "+r.CIDR)
	}
	return all
}

func TestRoutesByBothPaths(t *testing.T) {
	for _, version := range []string{"/v3/", "/v2.0/"} {
		t.Run(version, func(t *testing.T) {
			d := start(t, emulator.Options{})
			path, connectionID := d.create("c")
			routes := version + projectA + "/datasource/enhanced-connections/" + connectionID + "/routes"
			d.clock.advance(time.Second)
			d.do("POST", routes, `{"name":"route","cidr":"127.0.0.0"}`).ok(`{"is_success":true,"message":""}`)
			got := d.do("GET", path, "")
			want := parse(t, `[{"name":"route","cidr":"127.0.0.0","create_time":1566888012125}]`)
			if diff := cmp.Diff(want, got.object()["routes"]); diff != "" {
				t.Errorf("routes (-want +got):\n%s", diff)
			}
			d.do("DELETE", routes+"/route", "").ok(`{"is_success":true,"message":"Deleted"}`)
			if got := d.routes(); len(got) != 0 {
				t.Errorf("routes are %v after the only one was deleted", got)
			}
			d.do("DELETE", routes+"/route", "").rejected(400, "DLI.0002", "There is no route named route")
		})
	}
}

func TestRouteRules(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c")
	for _, test := range []struct{ name, cidr, rejected string }{
		{"wide", "10.0.0.0/8", ""},
		{"inside", "10.1.0.0/16", ""}, // overlapping is allowed
		{"wide", "192.168.0.0/16", "The object exists."},
		{"same", "10.0.0.0/8", "The object exists."},
		{"host-bits", "10.9.9.9/8", "The object exists."},
		{"bare", "10.0.0.1", ""},
		{"bare32", "10.0.0.1/32", "The object exists."},
		{"ipv6", "2407:c080:802:be7::/64", ""},
		{strings.Repeat("n", 64), "172.16.0.0/12", ""},
		{"advised_against", "100.64.0.0/16", ""},
	} {
		r := d.do("POST", path+"/routes", `{"name":"`+test.name+`","cidr":"`+test.cidr+`"}`)
		if test.rejected != "" {
			r.rejected(400, "DLI.0006", test.rejected)
			continue
		}
		r.ok(`{"is_success":true,"message":""}`)
	}
	if got := len(d.routes()); got != 6 {
		t.Errorf("%d routes, want 6: %v", got, d.routes())
	}
	for body, part := range map[string]string{
		`{"name":"","cidr":"10.0.0.0/9"}`:                                "name",
		`{"cidr":"10.0.0.0/9"}`:                                          "name",
		`{"name":"a b","cidr":"10.0.0.0/9"}`:                             "name",
		`{"name":"` + strings.Repeat("n", 65) + `","cidr":"10.0.0.0/9"}`: "name",
		`{"name":"r"}`:                                          "cidr",
		`{"name":"r","cidr":"10.0.0.0/33"}`:                     "cidr",
		`{"name":"r","cidr":"example.com"}`:                     "cidr",
		`{"name":"r","cidr":"fe80::1%eth0"}`:                    "cidr",
		`{"name":"r","cidr":"10.0.0.0/9","gateway":"10.0.0.1"}`: "gateway",
	} {
		d.do("POST", path+"/routes", body).rejectedWith(part)
	}
}

// Terraform puts names raw into the path; what a name can be must come through.
func TestDeleteRouteDecodesTheName(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c")
	d.do("POST", path+"/routes", `{"name":"a-b_c","cidr":"10.0.0.0/8"}`).ok(`{"is_success":true,"message":""}`)
	d.do("DELETE", path+"/routes/a%20b:c", "").rejected(400, "DLI.0002", "There is no route named a b:c")
	d.do("DELETE", path+"/routes/a%2Db_c", "").ok(`{"is_success":true,"message":"Deleted"}`)
}

func TestIPv6Subnets(t *testing.T) {
	for name, test := range map[string]struct {
		subnets []string
		enabled bool
		taken   bool
	}{
		"unknown":      {nil, false, true},
		"without IPv6": {[]string{"other"}, false, false},
		"with IPv6":    {[]string{subnet}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := start(t, emulator.Options{IPv6Subnets: test.subnets})
			path, _ := d.create("c")
			if got := d.Connections(projectA)[0].IPv6Enable; got != test.enabled {
				t.Errorf("ipv6_enable is %v", got)
			}
			r := d.do("POST", path+"/routes", `{"name":"r","cidr":"2407:c080:802:be7::/64"}`)
			if test.taken {
				r.ok(`{"is_success":true,"message":""}`)
			} else {
				r.rejectedWith("IPv6")
			}
			d.do("POST", path+"/routes", `{"name":"r4","cidr":"10.0.0.0/8"}`).ok(`{"is_success":true,"message":""}`)
		})
	}
}
