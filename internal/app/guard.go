package app

import (
	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/auth/audit"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// newGuard makes what decides who may call: nil where the configuration says nothing of
// it. previous is the last authenticator before it, at a reload. Its error is one of the
// configuration.
func newGuard(cfg *configv1.Config, o Options, tel *telemetry.Telemetry, log *audit.Log, previous *auth.Authenticator) (*chain.Guard, error) {
	if cfg.GetAuth() == nil && cfg.GetPolicy() == nil && log == nil {
		return nil, nil
	}
	g := &chain.Guard{Audit: log}
	if cfg.GetPolicy() != nil {
		var problems []policy.Problem
		if g.Policy, problems = policy.Compile(cfg.GetPolicy()); len(problems) > 0 {
			return nil, policy.Error(problems)
		}
	}
	var err error
	g.Auth, err = auth.New(cfg.GetAuth(), auth.Options{Secret: o.Secret, Dir: o.Dir, Log: tel.Log, Meter: tel.Meter, Previous: previous})
	if err != nil {
		return nil, err
	}
	return g, nil
}

func closeGuard(g *chain.Guard) {
	if g != nil {
		g.Auth.Close()
	}
}
