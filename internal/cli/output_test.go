package cli_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

// TestYAML quotes what a reader of YAML 1.1 or 1.2 would not take for a string, and escapes what
// is not printable.
func TestYAML(t *testing.T) {
	for text, want := range map[string]string{
		`{"b":[1,2.5,true,null,[],{}],"a":""}`:   "b:\n  - 1\n  - 2.5\n  - true\n  - null\n  - []\n  - {}\na: \"\"\n",
		`"orders"`:                               "orders\n",
		`"192.168.0.1"`:                          "192.168.0.1\n",
		`"10.0.0.0/16"`:                          "10.0.0.0/16\n",
		`"db.example.com:5432"`:                  "db.example.com:5432\n",
		`"86ddcf50-233a-449d-9811-cfef2f603213"`: "86ddcf50-233a-449d-9811-cfef2f603213\n",
		`"on"`:                                   "\"on\"\n",
		`"Y"`:                                    "\"Y\"\n",
		`"FALSE"`:                                "\"FALSE\"\n",
		`"1_0"`:                                  "\"1_0\"\n",
		`"0x1F"`:                                 "\"0x1F\"\n",
		`"190:20:30"`:                            "\"190:20:30\"\n",
		`"2026-11-28"`:                           "\"2026-11-28\"\n",
		`"1."`:                                   "\"1.\"\n",
		`"="`:                                    "\"=\"\n",
		`"two\nlines"`:                           "\"two\\nlines\"\n",
		`"\u007f \u0080 \u0085 \u009f \u2028 \ufeff é 中"`: "\"\\x7F \\x80 \\N \\x9F \\L \\uFEFF é 中\"\n",
	} {
		var out bytes.Buffer
		if err := cli.ToYAML(&out, []byte(text)); err != nil || out.String() != want {
			t.Errorf("%s: got %s, want %s (%v)", text, out.String(), want, err)
		}
	}
}

// TestYAMLIsRead: whatever the strings are, what is printed is read as the same.
func TestYAMLIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ \t\n\r\x00-\x20\x7f-\xa0"'#:,{}?!&*%@|>~_a0-]{0,12}`))
		want := rapid.MapOf(text, rapid.SliceOfN(text, 1, 3)).Draw(t, "value")
		in, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(in, &want); err != nil { // without what is not UTF-8
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := cli.ToYAML(&out, in); err != nil {
			t.Fatalf("%s: %v", in, err)
		}
		got := make(map[string][]string)
		if err := yaml.Unmarshal(out.Bytes(), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%s\nread as %q\nwant    %q (%v)", out.String(), got, want, err)
		}
	})
}

// TestZeroValues: a program finds lists that are empty, and what is false. Of hosts it is not
// said that there are none where they were not asked for.
func TestZeroValues(t *testing.T) {
	f := startFake(t)
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{})
	check(t, f.command(t).run(t, "list", "-o", "json").stdout, "\"connections\": []")
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{connection(id1, "orders")}})
	f.on("GetEnhancedConnection", connection(id1, "orders"))
	f.on("WaitEnhancedConnection", &reached{Reached: connsvcv1.WaitEnhancedConnectionResponse_READY, Connection: connection(id1, "orders")})
	f.on("ListHosts", &connsvcv1.ListHostsResponse{})
	for _, tt := range []struct {
		args  []string
		hosts bool
	}{
		{[]string{"list"}, false},
		{[]string{"list", "--hosts"}, true},
		{[]string{"get", id1}, true},
		{[]string{"wait", id1}, false},
	} {
		r := f.command(t).run(t, append(tt.args, "-o", "json")...)
		check(t, r.stdout, `"routes": []`, `"ipv6_enable": false`)
		if strings.Contains(r.stdout, `"hosts": []`) != tt.hosts {
			t.Errorf("%v: got %s", tt.args, r.stdout)
		}
	}
	r := f.command(t).run(t, "hosts", "import", id1, write(t, "hosts", "10.0.0.1 db\n"), "--dry-run", "-o", "json")
	check(t, r.stdout, `"remove": []`)
}
