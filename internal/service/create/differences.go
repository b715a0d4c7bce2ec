package create

import (
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// differences returns the fields in which a connection is not as requested, in
// alphabetical order. DLI never returns tags and the route table, so they are not
// compared.
func differences(req *connsvcv1.CreateEnhancedConnectionRequest, c *connsvcv1.EnhancedConnection) []string {
	var fields []string
	add := func(field string, same bool) {
		if !same {
			fields = append(fields, field)
		}
	}
	queues, pools := samePeerings(req, c)
	add("dest_network_id", strings.EqualFold(req.GetDestNetworkId(), c.GetDestNetworkId()))
	add("dest_vpc_id", strings.EqualFold(req.GetDestVpcId(), c.GetDestVpcId()))
	add("elastic_resource_pools", pools)
	add("hosts", sameHosts(req.GetHosts(), c.GetHosts()))
	add("name", req.GetName() == c.GetName())
	add("queues", queues)
	return fields
}

// samePeerings compares bound queues and pools with the requested ones, in any case, as
// DLI does. A queue in an elastic resource pool shows as that pool, which the request
// need not name. So a queue that does not show may be in any pool that does, and each
// pool that was not requested must stand for such a queue.
func samePeerings(req *connsvcv1.CreateEnhancedConnectionRequest, c *connsvcv1.EnhancedConnection) (queues, pools bool) {
	askedQueues, askedPools := lowerSet(req.GetQueues()), lowerSet(req.GetElasticResourcePools())
	boundQueues, boundPools := peeringSet(c.GetAvailableQueueInfo()), peeringSet(c.GetElasticResourcePools())
	hidden := missingFrom(boundQueues, askedQueues)
	queues = missingFrom(askedQueues, boundQueues) == 0 && (hidden == 0 || len(boundPools) > 0)
	pools = missingFrom(boundPools, askedPools) == 0 && missingFrom(askedPools, boundPools) <= hidden
	return queues, pools
}

func lowerSet(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[strings.ToLower(n)] = true
	}
	return set
}

func peeringSet(peerings []*connsvcv1.Peering) map[string]bool {
	set := make(map[string]bool, len(peerings))
	for _, p := range peerings {
		set[strings.ToLower(p.GetName())] = true
	}
	return set
}

// missingFrom counts the names that are not in set.
func missingFrom(set, names map[string]bool) int {
	n := 0
	for name := range names {
		if !set[name] {
			n++
		}
	}
	return n
}

type host struct{ name, ip string }

// sameHosts compares hosts as sets, as the order and repetitions have no effect.
func sameHosts(a, b []*connsvcv1.Host) bool {
	asked, found := hostSet(a), hostSet(b)
	if len(asked) != len(found) {
		return false
	}
	for h := range asked {
		if !found[h] {
			return false
		}
	}
	return true
}

func hostSet(hosts []*connsvcv1.Host) map[host]bool {
	set := make(map[host]bool, len(hosts))
	for _, h := range hosts {
		set[host{h.GetName(), h.GetIp()}] = true
	}
	return set
}
