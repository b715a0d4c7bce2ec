package config_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

var update = flag.Bool("update", false, "write the golden files")

// example is the reference of all keys, which users read.
const example = "../../examples/connsvc.yaml"

// load writes text to a file and loads it.
func load(t testing.TB, text string) (*configv1.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "connsvc.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(path)
}

func env(name string) *configv1.Secret {
	return &configv1.Secret{Source: &configv1.Secret_Env{Env: name}}
}

func file(path string) *configv1.Secret {
	return &configv1.Secret{Source: &configv1.Secret_File{File: path}}
}

// documented is what testdata/documented.yaml says, and the defaults.
func documented() *configv1.Config {
	cfg := &configv1.Config{
		Grpc:  &configv1.Listener{Address: "127.0.0.1:9090"},
		Rest:  &configv1.Listener{Address: "127.0.0.1:8080"},
		Admin: &configv1.Listener{Address: "127.0.0.1:9091"},
		Upstreams: []*configv1.Upstream{{
			Endpoint: "https://dli.eu-de.otc.t-systems.com",
			Projects: []string{"48cc2c48765f481480c7db940d6409d1"},
			Credentials: &configv1.Upstream_AccessKey{AccessKey: &configv1.AccessKey{
				Id:     env("DLI_ACCESS_KEY_ID"),
				Secret: file("/run/secrets/dli/secret_access_key"),
			}},
			Timeout: durationpb.New(30 * time.Second),
			Name:    "dli.eu-de.otc.t-systems.com",
		}, {
			Endpoint:    "http://127.0.0.1:8090",
			Credentials: &configv1.Upstream_Token{Token: file("./token")},
			Timeout:     durationpb.New(30 * time.Second),
			Name:        "127.0.0.1",
		}},
		Limits: &configv1.Limits{
			MaxRequestBytes:  16777216,
			MaxResponseBytes: 67108864,
			MaxCalls:         1000,
			MaxCallsBytes:    268435456,
			MaxConnections:   10000,
			MaxConnectionAge: durationpb.New(30 * time.Minute),
			CallTimeout:      durationpb.New(time.Minute),
			MaxLongCalls:     3000,
			MaxWait:          durationpb.New(10 * time.Minute),
			MaxWatch:         durationpb.New(30 * time.Minute),
		},
		Log:      &configv1.Log{Level: configv1.Log_INFO},
		Shutdown: &configv1.Shutdown{DrainDelay: durationpb.New(0), Timeout: durationpb.New(65 * time.Second)},
		Reload:   &configv1.Reload{Interval: durationpb.New(5 * time.Second)},
	}
	for _, upstream := range cfg.GetUpstreams() {
		defaultUpstream(upstream)
	}
	return cfg
}

// defaultUpstream sets the defaults of what protects and repeats calls.
func defaultUpstream(u *configv1.Upstream) {
	u.Retry = &configv1.Retry{
		MaxAttempts: 5, BudgetPercent: proto.Int32(20),
		BaseDelay: durationpb.New(100 * time.Millisecond), MaxDelay: durationpb.New(5 * time.Second),
	}
	u.Protection = &configv1.Protection{MaxConcurrency: 200, BreakerFailures: 20, BreakerDelay: durationpb.New(2 * time.Second)}
	u.Idempotency = &configv1.Idempotency{ReconcileTimeout: durationpb.New(10 * time.Second), ListLag: durationpb.New(5 * time.Second), RivalWindow: &durationpb.Duration{}, TagKey: "connsvc.request_id"}
	u.Polling = &configv1.Polling{MinInterval: durationpb.New(time.Second), MaxInterval: durationpb.New(30 * time.Second), MaxCallsPerMinute: 300}
}

func TestLoadDocumented(t *testing.T) {
	got, err := config.Load("testdata/documented.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(documented(), got, protocmp.Transform()); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

// exampleConfig is what the example says: beside an upstream for each kind of
// credentials, TLS and a name, only defaults.
func exampleConfig() *configv1.Config {
	cfg := documented()
	cfg.Grpc.Tls = &configv1.TLS{CertFile: "tls/tls.crt", KeyFile: "tls/tls.key", ClientCaFile: "tls/ca.crt"}
	cfg.Limits.PerCaller = &configv1.CallerLimits{
		CallsPerSecond: 100, CallsBurst: 200, CreatesPerMinute: 5, CreatesBurst: 20, MaxCalls: 200, MaxCreates: 20, MaxBytes: 64 << 20,
	}
	cfg.Rest.Hosts, cfg.Rest.Cors = []string{"connsvc.example.com"}, &configv1.CORS{Origins: []string{"https://console.example.com"}}
	first, second := cfg.GetUpstreams()[0], cfg.GetUpstreams()[1]
	first.Name, first.GetAccessKey().SecurityToken = "eu-de", file("/run/secrets/dli/security_token")
	second.Name, second.Projects = "emulator", []string{"p1"}
	cfg.Upstreams = append(cfg.Upstreams, &configv1.Upstream{
		Endpoint: "https://dli.eu-nl.otc.t-systems.com", Projects: []string{"p2"}, Name: "dli.eu-nl.otc.t-systems.com",
		Credentials: &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
			Endpoint: "https://iam.eu-nl.otc.t-systems.com", DomainName: "OTC00000000001000000000", UserName: "connsvc",
			Password: file("/run/secrets/iam/password"),
		}},
		ProxyUrl: "http://proxy.example.com:3128", ProxyCredentials: file("/run/secrets/proxy/credentials"),
		Tls: &configv1.UpstreamTLS{
			CaFile: "/run/secrets/dli/ca.crt", CertFile: "/run/secrets/dli/tls.crt", KeyFile: "/run/secrets/dli/tls.key",
		},
		PropagateTrace: proto.Bool(false),
	}, &configv1.Upstream{
		Endpoint: "https://dli.eu-ch2.sc.otc.t-systems.com", Projects: []string{"p3"}, Name: "dli.eu-ch2.sc.otc.t-systems.com",
		Credentials: &configv1.Upstream_IamAgency{IamAgency: &configv1.IAMAgency{
			Endpoint: "https://iam-pub.eu-ch2.sc.otc.t-systems.com", DomainName: "OTC00000000001000000001", AgencyName: "dli-connections",
			AccessKey: &configv1.AccessKey{Id: env("AGENCY_ACCESS_KEY_ID"), Secret: env("AGENCY_SECRET_ACCESS_KEY")},
		}},
	}, &configv1.Upstream{
		Endpoint: "https://dli.ap-southeast-1.myhuaweicloud.com", Projects: []string{"p4"}, Name: "dli.ap-southeast-1.myhuaweicloud.com",
		Credentials: &configv1.Upstream_EcsMetadata{EcsMetadata: &configv1.ECSMetadata{Endpoint: "http://169.254.169.254"}},
	}, &configv1.Upstream{
		Endpoint: "https://dli.cn-north-4.myhuaweicloud.com", Name: "dli.cn-north-4.myhuaweicloud.com",
		Credentials: &configv1.Upstream_PassThrough{PassThrough: &configv1.PassThrough{}},
	})
	cfg.Audit = &configv1.Audit{File: "/var/log/connsvc/audit.log", MaxMegabytes: 100, MaxBackups: 10, OnFailure: configv1.Audit_ALARM}
	cfg.Policy = &configv1.Policy{CostLimit: 1_000_000, Message: "ask the platform team for access", Rules: []*configv1.PolicyRule{
		{
			Name: "no-deletes-at-night", Methods: []string{"DeleteEnhancedConnection"}, When: `now.getHours("Europe/Berlin") < 6`,
			Effect: configv1.PolicyRule_DENY, Message: "connections are deleted by day only",
		},
		{
			Name: "finance-creates-its-own", Methods: []string{"CreateEnhancedConnection"}, Effect: configv1.PolicyRule_ALLOW,
			When: `"finance" in principal.groups && request.name.startsWith(principal.attributes["prefix"])`,
		},
		{Name: "readers", Methods: []string{"GetEnhancedConnection", "ListEnhancedConnections"}, Effect: configv1.PolicyRule_ALLOW},
	}}
	cfg.Auth = &configv1.Auth{
		Tokens: []*configv1.CallerToken{{
			Name: "billing", Sha256: file("/run/secrets/callers/billing.sha256"), Groups: []string{"finance"},
			Attributes: []*configv1.Attribute{{Name: "prefix", Value: "bill_"}},
		}},
		Jwt: []*configv1.JWT{{
			Name: "corp", Issuer: "https://login.example.com", Audiences: []string{"connsvc"},
			Jwks:   &configv1.JWT_JwksUrl{JwksUrl: "https://login.example.com/keys"},
			Leeway: durationpb.New(30 * time.Second), IdClaim: "sub", GroupsClaim: "groups", AttributeClaims: []string{"department"},
		}, {
			Name: "ci", Issuer: "https://ci.example.com", Audiences: []string{"connsvc"}, IdClaim: "sub",
			Jwks: &configv1.JWT_JwksFile{JwksFile: "ci-keys.json"}, Leeway: durationpb.New(30 * time.Second),
		}},
		AccessKeys: []*configv1.CallerKey{{
			Name: "terraform", Id: "TERRAFORM0000000001", Secret: file("/run/secrets/callers/terraform.sk"), Groups: []string{"platform"},
			Attributes: []*configv1.Attribute{{Name: "prefix", Value: "tf_"}},
		}},
		Mtls:                 &configv1.MTLS{},
		AllowUnauthenticated: []configv1.Auth_Open{configv1.Auth_HEALTH},
		Operators:            []string{"group:corp/sre", "mtls:spiffe://example.com/ops"},
	}
	for _, u := range cfg.GetUpstreams() {
		u.Timeout = durationpb.New(30 * time.Second)
		defaultUpstream(u)
	}
	return cfg
}

// TestLoadExample wants the example to load, and to show the defaults that it says
// it shows.
func TestLoadExample(t *testing.T) {
	got, err := config.Load(example)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(exampleConfig(), got, protocmp.Transform()); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestDefault(t *testing.T) {
	want := documented()
	want.Upstreams = nil
	if diff := cmp.Diff(want, config.Default(), protocmp.Transform()); diff != "" {
		t.Errorf("Default() (-want +got):\n%s", diff)
	}
}

// TestDefaultName wants the default name of an upstream to be one that may be
// written, too.
func TestDefaultName(t *testing.T) {
	long := strings.Repeat("a", 62)
	for host, want := range map[string]string{
		"dli.example.com": "dli.example.com", "DLI.Example.com:8443": "dli.example.com", "127.0.0.1:8090": "127.0.0.1",
		"[2001:db8::1]": "2001-db8--1", "[::1]:1": "1", "a_b.example.com.": "a-b.example.com", long + ".b.c": long, long + "b.c": long + "b",
	} {
		got, err := load(t, fmt.Sprintf("upstreams: [{ endpoint: \"https://%s\", token: { env: T } }]", host))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if name := got.GetUpstreams()[0].GetName(); name != want {
			t.Errorf("%s is named %q, want %q", host, name, want)
		}
		text, err := config.Print(got)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := load(t, string(text)); err != nil {
			t.Error(err)
		}
	}
}

func TestLoadKeepsWhatIsSet(t *testing.T) {
	got, err := load(t, `
grpc: { address: "0.0.0.0:1", allow_plaintext: true }
rest: { address: "[::1]:2" }
admin: { address: "localhost:0" }
upstreams:
  - { endpoint: "http://dli.example.com/base", allow_plaintext: true, timeout: 1500ms, token: { env: T } }
auth: { anonymous: true }
limits: { max_request_bytes: 1Ki, max_response_bytes: 2, max_calls: 3, max_calls_bytes: 1025, call_timeout: 5m }
log: { level: DEBUG }
shutdown: { drain_delay: 6s, timeout: 7m }
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &configv1.Config{
		Grpc:  &configv1.Listener{Address: "0.0.0.0:1", AllowPlaintext: true},
		Rest:  &configv1.Listener{Address: "[::1]:2"},
		Admin: &configv1.Listener{Address: "localhost:0"},
		Upstreams: []*configv1.Upstream{{
			Endpoint: "http://dli.example.com/base", AllowPlaintext: true,
			Timeout: durationpb.New(1500 * time.Millisecond), Name: "dli.example.com",
			Credentials: &configv1.Upstream_Token{Token: env("T")},
		}},
		Auth: &configv1.Auth{Anonymous: true},
		Limits: &configv1.Limits{
			MaxRequestBytes: 1024, MaxResponseBytes: 2, MaxCalls: 3, MaxCallsBytes: 1025, MaxConnections: 10000,
			CallTimeout: durationpb.New(5 * time.Minute), MaxConnectionAge: durationpb.New(30 * time.Minute),
			MaxLongCalls: 3000, MaxWait: durationpb.New(10 * time.Minute), MaxWatch: durationpb.New(30 * time.Minute),
		},
		Log:      &configv1.Log{Level: configv1.Log_DEBUG},
		Shutdown: &configv1.Shutdown{DrainDelay: durationpb.New(6 * time.Second), Timeout: durationpb.New(7 * time.Minute)},
		Reload:   &configv1.Reload{Interval: durationpb.New(5 * time.Second)},
	}
	defaultUpstream(want.GetUpstreams()[0])
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

// TestLoadBad compares all that is wrong with each file in testdata/bad with the
// golden file beside it.
func TestLoadBad(t *testing.T) {
	paths, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			cfg, err := config.Load(path)
			if err == nil {
				t.Fatalf("loaded: %v", cfg)
			}
			got := filepath.ToSlash(err.Error()) + "\n"
			golden := path + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if strings.Contains(got, "HIDDEN") {
				t.Error("the error holds a secret")
			}
		})
	}
}

// TestLoadYAML accepts what people write, in YAML's words.
func TestLoadYAML(t *testing.T) {
	cfg, err := load(t, `
grpc:
upstreams:
  - { endpoint: "https://a.example.com", projects: [p1], pass_through: }
  - endpoint: "https://b.example.com"
    projects: [p2]
    ecs_metadata:
log: { level: debug }
`)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.GetUpstreams()[0].GetPassThrough() == nil || cfg.GetUpstreams()[1].GetEcsMetadata() == nil || cfg.GetLog().GetLevel() != configv1.Log_DEBUG {
		t.Errorf("loaded %v", cfg)
	}
}

func TestLoadNoFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.yaml")
	if _, err := config.Load(missing); err == nil || !strings.Contains(err.Error(), missing) {
		t.Errorf("Load of a missing file: %v", err)
	}
	if _, err := load(t, strings.Repeat("#\n", 1<<20)); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("Load of a huge file: %v", err)
	}
}

// FuzzLoad wants no panic, a place in every line of an error, and that what loads
// is whole and is printed as it is.
func FuzzLoad(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(paths, "testdata/documented.yaml", example) {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, text := range []string{"\r\r\rx: 1", "x:\u2028\u2028- y", "---", "---\n---\n", "&a *a", "1: {1: x}", "? {a: b}\n: c", "!!binary x", "\ufeffgrpc: x", "<<: {}"} {
		f.Add(text)
	}
	parse, err := config.Parser("connsvc.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cfg, err := parse(text)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				if !strings.HasPrefix(line, "connsvc.yaml:") {
					t.Errorf("line %q of the error of %q names no file", line, text)
				}
			}
			return
		}
		if len(cfg.GetUpstreams()) == 0 || cfg.GetRest().GetAddress() == "" || cfg.GetLimits().GetCallTimeout().AsDuration() <= 0 {
			t.Errorf("loaded %q as %v", text, cfg)
		}
		roundTrip(t, cfg, parse)
	})
}

func TestNamesOfUpstreams(t *testing.T) {
	cfg := config.Default(
		&configv1.Upstream{Endpoint: "https://a.example.com"},
		&configv1.Upstream{Endpoint: "https://a.example.com:8443"},
		&configv1.Upstream{Endpoint: "https://b.example.com", Name: "a.example.com-2"},
		&configv1.Upstream{Endpoint: "https://b.example.com"},
	)
	var got []string
	for _, u := range cfg.GetUpstreams() {
		got = append(got, u.GetName())
	}
	want := []string{"a.example.com", "a.example.com-3", "a.example.com-2", "b.example.com"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
