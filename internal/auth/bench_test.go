package auth_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
)

// BenchmarkAuthentication is that of a caller who is known, with and without a policy:
// together they must cost at most 5 us of processor time.
func BenchmarkAuthentication(b *testing.B) {
	t := &testing.T{}
	path := filepath.Join(b.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(keySet(t, keys)), 0o600); err != nil {
		b.Fatal(err)
	}
	cfg := jwtConfig(inFile(path))
	v := &vault{held: map[string]string{}}
	for i := range 100 {
		name := fmt.Sprint("T", i)
		v.set(name, hashOf(name))
		cfg.Tokens = append(cfg.Tokens, &configv1.CallerToken{Name: name, Sha256: secret(name), Groups: []string{"finance"}})
	}
	a, err := auth.New(cfg, options(v, &bytes.Buffer{}))
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	p, problems := policy.Compile(&configv1.Policy{CostLimit: 1_000_000, Rules: []*configv1.PolicyRule{
		{Name: "admins", When: `"admins" in principal.groups`},
		{Name: "team", Methods: []string{"CreateEnhancedConnection"}, When: `"finance" in principal.groups && request.name.startsWith("bill_") && project in ["p1", "p2"] && size(request.hosts) <= 500`},
	}})
	if problems != nil {
		b.Fatal(problems)
	}
	request := &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: "p2", Name: "bill_1", Hosts: []*connsvcv1.Host{{Name: "a", Ip: "10.0.0.1"}, {Name: "b", Ip: "10.0.0.2"}}}
	for _, tt := range []struct {
		name  string
		token string
	}{{"static token, of 100", "T50"}, {"JWT, remembered", signedBy(t, "RS256", "RS256", keys["RS256"], claims(nil))}} {
		credentials := sent(tt.token)
		authenticate := func(b *testing.B) *call.Principal {
			principal, _, err := a.Authenticate(b.Context(), credentials)
			if err != nil {
				b.Fatal(err)
			}
			return principal
		}
		b.Run(tt.name, func(b *testing.B) {
			defer reportProcessor(b)()
			for b.Loop() {
				authenticate(b)
			}
		})
		b.Run(tt.name+", and a policy", func(b *testing.B) {
			defer reportProcessor(b)()
			for b.Loop() {
				d := p.Decide(b.Context(), policy.Input{Principal: authenticate(b), Method: "CreateEnhancedConnection", Request: request, Now: time.Now()})
				if !d.Allowed {
					b.Fatal(d)
				}
			}
		})
	}
}

// reportProcessor reports processor time: the clock also counts the work of others.
func reportProcessor(b *testing.B) func() {
	b.Helper()
	b.ReportAllocs()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := used()
	return func() {
		b.ReportMetric(float64((used()-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
	}
}
