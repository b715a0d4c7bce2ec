package hostfile_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli/hostfile"
)

var formats = []hostfile.Format{hostfile.Hosts, hostfile.CSV, hostfile.JSON}

// TestRoundTrip: what is written is read as the same hosts, in the same order. Any text is
// a name in CSV and JSON; the form of /etc/hosts refuses to write what it cannot express.
func TestRoundTrip(t *testing.T) {
	written := make(map[hostfile.Format]int)
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		format := rapid.SampledFrom(formats).Draw(t, "format")
		name := rapid.OneOf(rapid.StringMatching(`[A-Za-z][A-Za-z0-9_.-]{0,20}`), rapid.Just("name"), rapid.Just(""))
		ip := rapid.OneOf(rapid.StringMatching(`(1[0-9]|2[0-2])\.[0-9]\.[1-9][0-9]\.[0-9]`), rapid.SampledFrom([]string{"127.0.0.1", "", "ip", "010.1.1.1"}))
		if rapid.Bool().Draw(t, "usual") {
			name = rapid.StringMatching(`[A-Za-z][A-Za-z0-9_.-]{0,20}`)
			ip = rapid.StringMatching(`(1[0-9]|2[0-2])\.[0-9]\.[1-9][0-9]\.[0-9]`)
		} else if format != hostfile.Hosts {
			name = rapid.OneOf(name, rapid.StringN(0, 20, -1))
		}
		var hosts []*connsvcv1.Host
		for range rapid.IntRange(0, 20).Draw(t, "hosts") {
			h := &connsvcv1.Host{Name: name.Draw(t, "name"), Ip: ip.Draw(t, "ip")}
			if strings.Contains(h.GetName(), "\r") { // no name of the contract has one, and CSV turns it into \n
				continue
			}
			hosts = append(hosts, h)
		}
		var text bytes.Buffer
		if err := hostfile.Write(&text, hosts, format); err != nil {
			if refused++; format != hostfile.Hosts || text.Len() > 0 {
				t.Fatal(err)
			}
			return
		}
		written[format]++
		file, problems := hostfile.Read(text.Bytes(), format)
		var got []*connsvcv1.Host
		for _, h := range file.Hosts {
			got = append(got, &connsvcv1.Host{Name: h.Name, Ip: h.IP})
		}
		same := func(a, b *connsvcv1.Host) bool { return a.GetName() == b.GetName() && a.GetIp() == b.GetIp() }
		if len(problems) > 0 || len(file.Skipped) > 0 || !slices.EqualFunc(hosts, got, same) {
			t.Fatalf("%v\nread as\n%v\n%v\nfrom\n%s", hosts, got, problems, text.String())
		}
	})
	if len(written) != len(formats) || refused == 0 {
		t.Errorf("written: %v, refused: %d", written, refused)
	}
}

// TestRead: what each form may look like.
func TestRead(t *testing.T) {
	for _, tt := range []struct {
		format  hostfile.Format
		text    string
		want    string
		skipped int
	}{
		{hostfile.Hosts, "127.0.0.1 localhost\n::1 ip6-localhost\nfe00::0 ip6-localnet\nff02::1 ip6-allnodes\n255.255.255.255 broadcasthost\n\n# all\n192.168.0.1\tdb db.example.com # two names\r\n 10.0.0.1 b", "db=192.168.0.1:8 db.example.com=192.168.0.1:8 b=10.0.0.1:9", 5},
		{hostfile.CSV, "\xef\xbb\xbfip,name\r\n10.0.0.1,a\r\n\r\n\"10.0.0.2\",\"b\"\r\n", "a=10.0.0.1:2 b=10.0.0.2:4", 0},
		{hostfile.CSV, "name,ip\na,10.0.0.1\nname,ip\n", "a=10.0.0.1:2 name=ip:3", 0},
		{hostfile.CSV, "a,10.0.0.1\nb,", "a=10.0.0.1:1 b=:2", 0},
		{hostfile.JSON, "[\n {\"name\": \"a\",\n  \"ip\": \"10.0.0.1\"},\n\n {\"ip\": \"10.0.0.2\"}\n]", "a=10.0.0.1:2 =10.0.0.2:5", 0},
		{hostfile.JSON, "\xef\xbb\xbf[\n{\"name\": \"a\", \"ip\": null}]", "a=:2", 0},
		{hostfile.Hosts, "\xef\xbb\xbf10.0.0.1 a\n", "a=10.0.0.1:1", 0},
		{hostfile.JSON, "{\"count\": 1, \"routes\": [{}],\n\"hosts\": [\n{\"name\": \"a\"}], \"etag\": \"x\"}", "a=:3", 0},
	} {
		file, problems := hostfile.Read([]byte(tt.text), tt.format)
		var got []string
		for _, h := range file.Hosts {
			got = append(got, fmt.Sprintf("%s=%s:%d", h.Name, h.IP, h.Line))
		}
		if strings.Join(got, " ") != tt.want || len(problems) > 0 || len(file.Skipped) != tt.skipped {
			t.Errorf("%s: got %s, skipped %v, %v", tt.text, got, file.Skipped, problems)
		}
	}
}

// TestProblems: each problem has its line.
func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		format hostfile.Format
		text   string
		want   string
	}{
		{hostfile.Hosts, "10.0.0.1\nhost 10.0.0.1\n\n10.0.0.300 a\n", "f:1: no name follows the IP\nf:2: \"host\" is not an IP: a line has an IP and then names\nf:4: \"10.0.0.300\" is not an IP: a line has an IP and then names"},
		{hostfile.CSV, "a\nb,10.0.0.1,x\nc,10.0.0.1\n\"d\n", "f:1: 1 columns: a host has two, name and ip\nf:2: 3 columns: a host has two, name and ip\nf:4: not CSV: extraneous or missing \" in quoted-field"},
		{hostfile.JSON, "[\n{\"name\": 1},\n{\"nme\": \"a\"},\n[],\nnull,\n{\"name\": \"a\"},\n", "f:2: must be an object with name and ip, both text\nf:3: must be an object with name and ip, both text: unknown field \"nme\"\nf:4: must be an object with name and ip, both text\nf:5: must be an object with name and ip, both text\nf:7: not JSON: it ends too early"},
		{hostfile.CSV, "name,ip\na,10.0.0.1\n\"b,10.0.0.2\nc,10.0.0.3\nd,10.0.0.4\n", "f:3: not CSV: extraneous or missing \" in quoted-field"},
		{hostfile.JSON, "[\n{\"NAME\": \"a\"},\n{\"name\": \"a\", \"Ip\": \"10.0.0.1\"},\n{\"name\": \"a\", \"ip\": \"10.0.0.1\", \"name\": \"b\"}]", "f:2: must be an object with name and ip, both text: unknown field \"NAME\"\nf:3: must be an object with name and ip, both text: unknown field \"Ip\"\nf:4: must be an object with name and ip, both text: field \"name\" is there twice"},
		{hostfile.JSON, "{\"hosts\": [],\n\"hosts\": [{\"name\": \"a\"}]}", "f:2: the object has hosts twice"},
		{hostfile.JSON, "[\n}", "f:2: not JSON: invalid character '}' looking for beginning of value"},
		{hostfile.JSON, "\n3", "f:2: must be a list of hosts, or an object with the list as hosts"},
		{hostfile.JSON, "{}", "f:1: the object has no hosts"},
		{hostfile.JSON, "{\"hosts\": {}}", "f:1: hosts must be a list"},
		{hostfile.JSON, "[]\n[]", "f:2: more follows the hosts"},
		{hostfile.JSON, "", "f:1: not JSON: it ends too early"},
	} {
		_, problems := hostfile.Read([]byte(tt.text), tt.format)
		if err := problems.In("f"); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got\n%v\nwant\n%s", tt.text, err, tt.want)
		}
	}
}

// TestFormatOf goes by the extension.
func TestFormatOf(t *testing.T) {
	for path, want := range map[string]hostfile.Format{"/etc/hosts": hostfile.Hosts, "a.CSV": hostfile.CSV, "b.json": hostfile.JSON, "-": hostfile.Hosts} {
		if got := hostfile.FormatOf(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}
