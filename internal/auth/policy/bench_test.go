package policy_test

import (
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
)

func BenchmarkDecide(b *testing.B) {
	for name, when := range map[string]string{
		"group":  `"finance" in principal.groups`,
		"prefix": `"finance" in principal.groups && request.name.startsWith(principal.attributes["prefix"]) && project in ["a", "48cc2c48765f481480c7db940d6409d1"]`,
		"hosts":  `request.hosts.all(h, cidr("10.0.0.0/8").containsIP(h.ip))`,
	} {
		b.Run(name, func(b *testing.B) {
			p, problems := policy.Compile(&configv1.Policy{CostLimit: 1_000_000, Rules: []*configv1.PolicyRule{{Name: "r", Methods: []string{"CreateEnhancedConnection"}, When: when}}})
			if problems != nil {
				b.Fatal(problems)
			}
			in := policy.Input{
				Principal: call.NewPrincipal(call.Token, "a", []string{"x", "finance"}, map[string]string{"prefix": "bill_"}),
				Method:    "CreateEnhancedConnection", Now: time.Now(),
				Request: &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: "48cc2c48765f481480c7db940d6409d1", Name: "bill_1", Hosts: []*connsvcv1.Host{{Name: "a", Ip: "10.0.0.1"}, {Name: "b", Ip: "10.0.0.2"}}},
			}
			b.ReportAllocs()
			for b.Loop() {
				if d := p.Decide(b.Context(), in); !d.Allowed {
					b.Fatal(d)
				}
			}
		})
	}
}
