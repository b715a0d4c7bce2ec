package create_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// sameSpec is what a create says of a connection that has its name.
func sameSpec(t *testing.T, req *connsvcv1.CreateEnhancedConnectionRequest, c *connsvcv1.EnhancedConnection) (same bool, differs string) {
	t.Helper()
	dli := &cloud{connections: []*stored{{connection: c, made: time.Now().Add(-time.Hour)}}}
	_, err := createIn(t, dli.replica(), time.Minute, req)
	e := wantReason(t, "taken", err, connsvcv1.ErrorReason_NAME_TAKEN)
	if (e.Metadata["differs"] == "") != (e.Metadata["same_spec"] == "true") {
		t.Errorf("metadata %v", e.Metadata)
	}
	return e.Metadata["same_spec"] == "true", e.Metadata["differs"]
}

// specOf makes a request of what the fuzzer has found: words are names of queues,
// pools and hosts.
func specOf(vpc, network uint8, queues, pools, hosts string) *connsvcv1.CreateEnhancedConnectionRequest {
	req := &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: projectID, Name: "c1",
		DestVpcId: fmt.Sprintf("%08d", vpc), DestNetworkId: fmt.Sprintf("%08d", network),
		Queues: strings.Fields(queues), ElasticResourcePools: strings.Fields(pools),
	}
	for _, h := range strings.Fields(hosts) {
		name, ip, _ := strings.Cut(h, "=")
		req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: name, Ip: ip})
	}
	return req
}

// FuzzSameness holds that a connection is as the request that made it, in any order
// and case, and that of two requests without pools each is as the other or neither.
// With pools the latter does not hold: a pool may stand for a queue of it.
func FuzzSameness(f *testing.F) {
	f.Add(uint8(1), uint8(2), "q1 Q2", "p1", "a=1 b=2", uint8(1), uint8(2), "q2 q1", "", "b=2 a=1 a=1")
	f.Add(uint8(1), uint8(2), "", "", "", uint8(2), uint8(1), "q", "", "a")
	f.Fuzz(func(t *testing.T, vpcA, netA uint8, queuesA, poolsA, hostsA string, vpcB, netB uint8, queuesB, poolsB, hostsB string) {
		a, b := specOf(vpcA, netA, queuesA, poolsA, hostsA), specOf(vpcB, netB, queuesB, poolsB, hostsB)
		for _, req := range []*connsvcv1.CreateEnhancedConnectionRequest{a, b} {
			made := connectionOf(req, connectionID)
			slices.Reverse(made.GetHosts())
			slices.Reverse(made.GetAvailableQueueInfo())
			for _, p := range slices.Concat(made.GetAvailableQueueInfo(), made.GetElasticResourcePools()) {
				p.Name = strings.ToLower(p.GetName())
			}
			if same, differs := sameSpec(t, req, made); !same {
				t.Errorf("%v differs from what it made in %s", req, differs)
			}
		}
		if len(a.GetElasticResourcePools())+len(b.GetElasticResourcePools()) > 0 {
			return
		}
		ab, differs := sameSpec(t, a, connectionOf(b, connectionID))
		ba, reverse := sameSpec(t, b, connectionOf(a, connectionID))
		if ab != ba || differs != reverse {
			t.Errorf("%v\n%v\n%v by %q, the other way %v by %q", a, b, ab, differs, ba, reverse)
		}
	})
}
