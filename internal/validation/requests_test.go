package validation_test

import (
	"fmt"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	project = "48cc2c48765f481480c7db940d6409d1"
	uuid    = "22222222-3333-4444-5555-666666666666"
)

// create returns a valid request, changed.
func create(change func(*connsvcv1.CreateEnhancedConnectionRequest)) *connsvcv1.CreateEnhancedConnectionRequest {
	r := &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:            project,
		Name:                 "test1",
		DestVpcId:            uuid,
		DestNetworkId:        uuid,
		Queues:               []string{"q1", "q2"},
		ElasticResourcePools: []string{"pool1"},
		RoutetableId:         uuid,
		Hosts:                hosts(2),
		Tags:                 tags(2),
	}
	change(r)
	return r
}

func hosts(n int) []*connsvcv1.Host {
	list := make([]*connsvcv1.Host, n)
	for i := range list {
		list[i] = &connsvcv1.Host{
			Name: fmt.Sprintf("node-%05d.cluster.example.com", i),
			Ip:   fmt.Sprintf("192.168.%d.%d", i/256%256, i%256),
		}
	}
	return list
}

func tags(n int) []*connsvcv1.Tag {
	list := make([]*connsvcv1.Tag, n)
	for i := range list {
		list[i] = &connsvcv1.Tag{Key: fmt.Sprintf("key%d", i), Value: new("value")}
	}
	return list
}
