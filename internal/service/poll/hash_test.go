package poll_test

import (
	"encoding/hex"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/service/poll"
)

func full() *connsvcv1.EnhancedConnection {
	at := &timestamppb.Timestamp{Seconds: 1566888011, Nanos: 125e6}
	peering := func(name string) *connsvcv1.Peering {
		return &connsvcv1.Peering{PeerId: "peer-" + name, Status: connsvcv1.Peering_ACTIVE, Name: name, ErrMsg: "none", UpdateTime: at}
	}
	return &connsvcv1.EnhancedConnection{
		Id: "503fc86a-5e60-4349-92c2-7e399404fa8a", Name: "orders", Status: connsvcv1.EnhancedConnection_ACTIVE,
		AvailableQueueInfo: []*connsvcv1.Peering{peering("q1"), peering("q2")}, ElasticResourcePools: []*connsvcv1.Peering{peering("p1"), peering("p2")},
		DestVpcId: "vpc", DestNetworkId: "net", CreateTime: at, UpdateTime: at,
		Hosts:      []*connsvcv1.Host{{Name: "a", Ip: "10.0.0.1"}, {Name: "b", Ip: "10.0.0.2"}},
		Ipv6Enable: true, IsPrivis: proto.Bool(true),
		Routes: []*connsvcv1.Route{{Name: "r1", Cidr: "10.1.0.0/16", CreateTime: at}, {Name: "r2", Cidr: "10.2.0.0/16", CreateTime: at}},
	}
}

func hashOf(c *connsvcv1.EnhancedConnection) string {
	h := poll.HashOf(c)
	return hex.EncodeToString(h[:])
}

// TestHashIsStable: callers keep hashes in resume tokens, beyond the life of a version.
func TestHashIsStable(t *testing.T) {
	for _, each := range []struct {
		conn *connsvcv1.EnhancedConnection
		want string
	}{
		{&connsvcv1.EnhancedConnection{}, "e3b0c44298fc1c14"},
		{full(), "091bb845af8a8aba"},
	} {
		if got := hashOf(each.conn); got != each.want {
			t.Errorf("got %s, want %s: every watch would be sent every connection again", got, each.want)
		}
	}
}

// TestHashHasEveryField changes each field of a connection, also of its peerings, hosts
// and routes.
func TestHashHasEveryField(t *testing.T) {
	base, changed := hashOf(full()), 0
	var change func(at func(*connsvcv1.EnhancedConnection) protoreflect.Message, path string)
	change = func(at func(*connsvcv1.EnhancedConnection) protoreflect.Message, path string) {
		fields := at(full()).Descriptor().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			c := full()
			at(c).Clear(f)
			switch same := hashOf(c) == base; {
			case f.Name() == "is_privis" && !same:
				t.Error("the hash has is_privis, which not every response has")
			case f.Name() != "is_privis" && same:
				t.Errorf("the hash does not have %s%s", path, f.Name())
			}
			changed++
			if f.IsList() {
				change(func(c *connsvcv1.EnhancedConnection) protoreflect.Message {
					return at(c).Get(f).List().Get(0).Message()
				}, path+string(f.Name())+".")
			}
		}
	}
	change(func(c *connsvcv1.EnhancedConnection) protoreflect.Message { return c.ProtoReflect() }, "")
	if changed != 13+5+5+2+3 {
		t.Errorf("%d fields: hash a new one, and count it here", changed)
	}
}

func TestHashAndOrder(t *testing.T) {
	base := hashOf(full())
	c := full()
	slices.Reverse(c.GetAvailableQueueInfo())
	slices.Reverse(c.GetElasticResourcePools())
	slices.Reverse(c.GetRoutes())
	if hashOf(c) != base {
		t.Error("the order of peerings and routes, which DLI does not document, is a change")
	}
	slices.Reverse(c.GetHosts())
	if hashOf(c) == base {
		t.Error("the order of hosts is no change")
	}
	c = full()
	c.AvailableQueueInfo, c.ElasticResourcePools = c.GetElasticResourcePools(), c.GetAvailableQueueInfo()
	if hashOf(c) == base {
		t.Error("a queue and a pool are the same")
	}
}
