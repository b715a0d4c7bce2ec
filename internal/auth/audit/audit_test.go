package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/audit"
)

// Lumberjack keeps a goroutine that removes old files.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("gopkg.in/natefinch/lumberjack%2ev2.(*Logger).millRun"))
}

// A disk is a writer that can be full.
type disk struct {
	bytes.Buffer

	full bool
}

func (d *disk) Write(p []byte) (int, error) {
	if d.full {
		n, _ := d.Buffer.Write(p[:len(p)/2])
		return n, errors.New("no space left on device")
	}
	return d.Buffer.Write(p)
}

func open(t *testing.T, cfg *configv1.Audit, out *disk, log *bytes.Buffer, now func() time.Time) *audit.Log {
	t.Helper()
	l, err := audit.New(cfg, audit.Options{
		Stdout: out, Log: slog.New(slog.NewTextHandler(log, nil)), Meter: noop.NewMeterProvider().Meter(""), Now: now, Dir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func read(t *testing.T, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(text) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		all = append(all, r)
	}
	return all
}

// TestRecord has the request without its hosts, and hashes that tell requests apart.
func TestRecord(t *testing.T) {
	req := func(name, ip string) *connsvcv1.CreateEnhancedConnectionRequest {
		return &connsvcv1.CreateEnhancedConnectionRequest{
			ProjectId: "p", Name: name, Queues: []string{"q"}, Hosts: []*connsvcv1.Host{{Name: "a", Ip: ip}, {Name: "b", Ip: "10.0.0.2"}},
		}
	}
	hashes, hosts := map[string]bool{}, map[string]bool{}
	for _, r := range []*connsvcv1.CreateEnhancedConnectionRequest{req("n", "10.0.0.1"), req("m", "10.0.0.1"), req("n", "10.0.0.3"), req("n", "10.0.0.1")} {
		var got audit.Record
		got.SetRequest(r)
		if got.Hosts != 2 || strings.Contains(string(got.Request), "10.0") || !strings.Contains(string(got.Request), `"queues":`) || len(r.GetHosts()) != 2 {
			t.Errorf("got %+v of %v", got, r)
		}
		hashes[got.RequestSHA256], hosts[got.HostsSHA256] = true, true
	}
	// printf 'a 10.0.0.1\nb 10.0.0.2\n' | sha256sum
	if len(hashes) != 3 || len(hosts) != 2 || !hosts["3bfac511d9bd92cb5bb414e53854fa09338050ccee1da564f5e551b555b61a26"] {
		t.Errorf("%d hashes of three requests; hosts %v", len(hashes), hosts)
	}
	var got audit.Record
	got.SetRequest(&connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: "p", ConnectionId: "c"})
	if got.ResourceID != "c" || got.HostsSHA256 != "" {
		t.Errorf("got %+v", got)
	}
}

// TestRecordWithin has no host either where a request has it inside.
func TestRecordWithin(t *testing.T) {
	spec := func(name string) *connsvcv1.EnhancedConnectionSpec {
		return &connsvcv1.EnhancedConnectionSpec{Name: name, Hosts: []*connsvcv1.Host{{Name: "canary", Ip: "10.0.0.1"}}}
	}
	for _, tt := range []struct {
		req   proto.Message
		hosts int
		rest  string
	}{
		{&connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: "p", Connection: spec("c1")}, 1, `"c1"`},
		{&connsvcv1.CompareEnhancedConnectionRequest{ProjectId: "p", Connections: []*connsvcv1.EnhancedConnectionSpec{spec("c1"), spec("c2")}}, 2, `"c2"`},
		{&connsvcv1.AddHostsRequest{ProjectId: "p", ConnectionId: "c", Hosts: spec("").GetHosts(), Etag: "e"}, 1, `"e"`},
		{&connsvcv1.RemoveHostsRequest{ProjectId: "p", ConnectionId: "c", Hosts: spec("").GetHosts(), Names: []string{"canary", "canary2"}, AllowEmpty: true}, 3, "true"},
	} {
		before := proto.Clone(tt.req)
		var got audit.Record
		got.SetRequest(tt.req)
		if got.Hosts != tt.hosts || got.HostsSHA256 == "" || strings.Contains(string(got.Request), "canary") || !strings.Contains(string(got.Request), tt.rest) {
			t.Errorf("got %+v of %v", got, tt.req)
		}
		if !proto.Equal(before, tt.req) {
			t.Errorf("the request was changed to %v", tt.req)
		}
	}
}

// TestFullDisk raises an alarm, and what was cut does not spoil the next record.
func TestFullDisk(t *testing.T) {
	out, log, now := &disk{}, &bytes.Buffer{}, time.Unix(1e9, 0)
	l := open(t, &configv1.Audit{}, out, log, func() time.Time { return now })
	write := func(id string) error { return l.Write(t.Context(), &audit.Record{Event: audit.Change, RequestID: id}) }
	if err := write("1"); err != nil {
		t.Fatal(err)
	}
	out.full = true
	for range 100 {
		if err := write("2"); err == nil {
			t.Fatal("it is written")
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("%d errors in a minute: %s", n, log)
	}
	now = now.Add(time.Minute)
	if err := write("3"); err == nil || strings.Count(log.String(), "no space left") != 2 {
		t.Errorf("%v, logged %s", err, log)
	}
	out.full = false
	if err := write("4"); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if got := read(t, lines[len(lines)-1]); got[0]["request_id"] != "4" {
		t.Errorf("got %s", out)
	}
}

// TestFloodOfStrangers leaves out records, and says how many; changes are all there.
func TestFloodOfStrangers(t *testing.T) {
	out, now := &disk{}, time.Unix(1e9, 0)
	l := open(t, &configv1.Audit{}, out, &bytes.Buffer{}, func() time.Time { return now })
	for range 10_000 {
		if err := l.Write(t.Context(), &audit.Record{Event: audit.Refusal, Reason: "CALLER_UNAUTHENTICATED"}); err != nil {
			t.Fatal(err)
		}
		if err := l.Write(t.Context(), &audit.Record{Event: audit.Refusal, Reason: "POLICY_DENIED"}); err != nil {
			t.Fatal(err)
		}
	}
	strangers, known, suppressed := 0, 0, 0.0
	for _, r := range read(t, out.String()) {
		if r["reason"] == "POLICY_DENIED" {
			known++
		} else {
			strangers++
		}
		if n, ok := r["suppressed"].(float64); ok {
			suppressed += n
		}
	}
	if known != 10_000 || strangers != 500 || strangers+int(suppressed) < 9_999 {
		t.Errorf("%d denied, %d strangers, %v suppressed", known, strangers, suppressed)
	}
}

// TestFile is renamed when it is large; the newest are kept.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	l, err := audit.New(&configv1.Audit{File: "audit.log", MaxMegabytes: 1, MaxBackups: 1}, audit.Options{
		Dir: dir, Log: slog.New(slog.DiscardHandler), Meter: noop.NewMeterProvider().Meter(""),
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		if err := l.Write(t.Context(), &audit.Record{Event: audit.Change, RequestID: strconv.Itoa(i), Method: strings.Repeat("m", 500)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "audit*.log"))
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	all := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all += len(read(t, string(text)))
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if all != 3000 {
		t.Errorf("%d records of 3000", all)
	}
}

func TestNoPlace(t *testing.T) {
	for path, want := range map[string]string{"": "audit.file: is required", "/proc/none/audit.log": "audit.file: open /proc/none"} {
		if _, err := audit.New(&configv1.Audit{File: path}, audit.Options{Meter: noop.NewMeterProvider().Meter("")}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", path, err, want)
		}
	}
}
