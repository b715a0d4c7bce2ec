// Package apply_test runs applies and changes of hosts against every fault of DLI: repeated,
// the same call ends in the wanted state, and nothing is done twice that must not be.
package apply_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/test/stage"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	service   = "/connsvc.v1.ConnectionService/"
	networkID = "fd0a4a6c-8ba3-4a4c-a9ac-ed3e3cdd2e6b"
	vpcID     = "22094d8f-c310-4621-913d-4c4d655d8495"
	otherVPC  = "9f5c8f4e-51c4-4b0a-9a3e-2c7f6b1d0e11"
	// attemptTime is how long an attempt at DLI takes at most, and callTime a call.
	attemptTime = time.Second
	callTime    = 30 * time.Second
)

type spec = connsvcv1.EnhancedConnectionSpec

func newStage(t *testing.T, emulators map[string]*emulator.Emulator) *stage.Stage {
	t.Helper()
	s, err := stage.New(stage.Options{
		Emulators: emulators,
		Upstream: func(string) *configv1.Upstream {
			return &configv1.Upstream{
				Timeout: durationpb.New(attemptTime),
				Retry: &configv1.Retry{
					MaxAttempts: 2, BaseDelay: durationpb.New(time.Millisecond), MaxDelay: durationpb.New(10 * time.Millisecond), BudgetPercent: proto.Int32(100),
				},
				Protection:  &configv1.Protection{MaxConcurrency: 100, BreakerFailures: 1000, BreakerDelay: durationpb.New(10 * time.Millisecond)},
				Idempotency: &configv1.Idempotency{ReconcileTimeout: durationpb.New(time.Second), ListLag: durationpb.New(300 * time.Millisecond)},
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStage(t *testing.T, s *stage.Stage) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, line := range s.Log.Alarms() {
		t.Errorf("connsvc logged: %s", line)
	}
}

func hosts(names ...string) []*connsvcv1.Host {
	var all []*connsvcv1.Host
	for _, name := range names {
		all = append(all, &connsvcv1.Host{Name: name, Ip: "192.168.0.1"})
	}
	return all
}

func routes(texts ...string) []*connsvcv1.RouteSpec {
	var all []*connsvcv1.RouteSpec
	for _, text := range texts {
		name, cidr, _ := strings.Cut(text, "=")
		all = append(all, &connsvcv1.RouteSpec{Name: name, Cidr: cidr})
	}
	return all
}

// base is a connection before a step.
func base() *spec {
	return &spec{
		Name: "c1", DestVpcId: vpcID, DestNetworkId: networkID, Queues: []string{"q1"}, ElasticResourcePools: []string{"p1"},
		Hosts: hosts("a", "b"), Routes: routes("r1=10.1.0.0/16"), GrantedProjectIds: []string{"g1"},
	}
}

func changed(change func(*spec)) *spec {
	s := base()
	change(s)
	return s
}

func call(client stage.Client, rpc string, req, resp proto.Message) *stage.Failure {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	return client.Call(ctx, service+rpc, req, resp)
}

func apply(client stage.Client, project string, wanted *spec) (*connsvcv1.ApplyEnhancedConnectionResponse, *stage.Failure) {
	resp := &connsvcv1.ApplyEnhancedConnectionResponse{}
	failure := call(client, "ApplyEnhancedConnection", &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: project, Connection: wanted, AllowReplace: true}, resp)
	return resp, failure
}

// elements are what a project's connection has, each as text; nil without a connection.
func elements(t fataler, p *stage.Project, project string) []string {
	var all []string
	made := 0
	for _, c := range p.Emulator().Connections(project) {
		if c.Status != "ACTIVE" {
			continue
		}
		made++
		all = append(all, "name "+c.Name, "vpc "+c.DestVPCID)
		for _, h := range c.Hosts {
			all = append(all, "host "+h.Name+"="+h.IP)
		}
		for _, q := range c.AvailableQueueInfo {
			all = append(all, "queue "+q.Name)
		}
		for _, q := range c.ElasticResourcePools {
			all = append(all, "pool "+q.Name)
		}
		for _, r := range c.Routes {
			all = append(all, "route "+r.Name+"="+r.CIDR)
		}
	}
	if made > 1 {
		t.Errorf("%d connections", made)
	}
	slices.Sort(all)
	return all
}

// wantedElements are those of a spec.
func wantedElements(s *spec) []string {
	all := []string{"name " + s.GetName(), "vpc " + s.GetDestVpcId()}
	for _, h := range s.GetHosts() {
		all = append(all, "host "+h.GetName()+"="+h.GetIp())
	}
	for _, name := range s.GetQueues() {
		all = append(all, "queue "+name)
	}
	for _, name := range s.GetElasticResourcePools() {
		all = append(all, "pool "+name)
	}
	for _, r := range s.GetRoutes() {
		all = append(all, "route "+r.GetName()+"="+r.GetCidr())
	}
	slices.Sort(all)
	return all
}

type fataler interface {
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}
