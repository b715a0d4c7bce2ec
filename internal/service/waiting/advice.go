package waiting

import (
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// advice says what usually is the cause of a FAILED peering, by words of DLI's text in
// lower case. The causes are those of the user guide (dli_01_0003, dli_01_0009,
// dli_03_0179); DLI documents no text but that of the first row.
var advice = []struct {
	words []string
	text  string
}{
	{[]string{"failed to get subnet"}, "DLI cannot read the subnet: dest_network_id is not the network ID of a subnet of dest_vpc_id, or DLI's agency lacks VPC rights (VPC Administrator). Correct it, then create the connection anew"},
	{[]string{"overlap", "conflict"}, "the CIDR of the queue or pool overlaps that of the subnet, or of another peering of the VPC: give one of them another CIDR, then create the connection anew"},
	{[]string{"permission", "denied", "agency", "unauthorized", "not authorized", "forbidden"}, "DLI's agency lacks rights in the VPC: have the account grant it VPC Administrator, then create the connection anew"},
	{[]string{"quota", "exceed"}, "a quota of VPC peerings or routes of the account is used up: raise it or delete unused ones, then create the connection anew"},
	{[]string{"route"}, "DLI cannot add its route to the route table of the subnet: look there for a route with the same destination, then create the connection anew"},
}

// generalAdvice is for texts of DLI that are in no row.
const generalAdvice = "check that the CIDR of the queue or pool does not overlap that of the subnet, that dest_vpc_id and dest_network_id belong together, and that DLI's agency has VPC rights (VPC Administrator); then create the connection anew"

// failures returns the peerings that are FAILED.
func failures(c *connsvcv1.EnhancedConnection) []*connsvcv1.PeeringFailure {
	var all []*connsvcv1.PeeringFailure
	add := func(peerings []*connsvcv1.Peering, pool bool) {
		for _, p := range peerings {
			if p.GetStatus() == connsvcv1.Peering_FAILED {
				all = append(all, &connsvcv1.PeeringFailure{
					Name: p.GetName(), ElasticResourcePool: pool, ErrMsg: p.GetErrMsg(), Advice: adviceFor(p.GetErrMsg()),
				})
			}
		}
	}
	add(c.GetAvailableQueueInfo(), false)
	add(c.GetElasticResourcePools(), true)
	return all
}

func adviceFor(text string) string {
	text = strings.ToLower(text)
	for _, row := range advice {
		for _, word := range row.words {
			if strings.Contains(text, word) {
				return row.text
			}
		}
	}
	return generalAdvice
}
