package soak_test

import (
	"context"
	"math/rand/v2"
	"net/http/httptest"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/test/stage"
)

// tokenLife is how long the tokens of callers live, so that they are renewed all the time.
const tokenLife = 5 * time.Second

// victim is a project of the same upstream as one of the callers', for which IAM fails.
func victim(project string) string { return "victimOf" + project }

// newIAM starts the IAM of all upstreams.
func newIAM(t *testing.T) (*emulator.Emulator, string) {
	t.Helper()
	e := emulator.New(emulator.Options{Identities: iam.Identities{
		Users: []iam.User{{Domain: "d", Name: "u", Password: "stage"}}, TokenLifetime: tokenLife,
	}})
	server := httptest.NewServer(e.IAM())
	t.Cleanup(server.Close)
	return e, server.URL
}

func withPassword(iam string) *configv1.Upstream_IamPassword {
	return &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
		Endpoint: iam, DomainName: "d", UserName: "u", Password: &configv1.Secret{Source: &configv1.Secret_Env{Env: "PASSWORD"}},
	}}
}

// failuresOfIAM are what IAM does to victims.
func failuresOfIAM() []faults.Fault {
	throttled := faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: faults.Duration(time.Second)}
	return []faults.Fault{
		{Kind: faults.Status, Status: 401},
		{Kind: faults.Status, Status: 403},
		{Kind: faults.Status, Status: 404},
		throttled,
		{Kind: faults.Hang},
		{Kind: faults.Latency, Delay: faults.Duration(time.Second)},
		{Kind: faults.HTML, Status: 302},
		{Kind: faults.ShortLife, Delay: faults.Duration(time.Microsecond)},
		{Kind: faults.ResetAfter},
		{Kind: faults.InvalidJSON},
	}
}

// hurtVictims has IAM fail for the victims, in another way every 200 ms, and calls them,
// until ctx ends. Callers of the other projects must not notice.
func hurtVictims(ctx context.Context, t *testing.T, s *stage.Stage, e *emulator.Emulator, random *rand.Rand) {
	t.Helper()
	failures := failuresOfIAM()
	for n := 0; ctx.Err() == nil; n++ {
		if n%20 == 0 {
			rules := []faults.Rule{{Operation: faults.IAMOperation, Project: victim("") + "*", Fault: failures[random.IntN(len(failures))]}}
			if err := e.SetFaults(rules); err != nil {
				t.Error(err)
			}
		}
		short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		req := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: victim(projectOf(n % projects))}
		_ = s.GRPC.Call(short, methodPrefix+list, req, &connsvcv1.ListEnhancedConnectionsResponse{})
		<-short.Done()
		cancel()
	}
}
