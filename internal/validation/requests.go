package validation

import (
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A pinned is a function that accepts messages of a type only if they are valid,
// and the hash of the rules it is written for.
type pinned struct {
	rules string
	valid func(proto.Message) bool
}

// pin pins a function of a message type, or of an interface that several types share.
func pin[M any](rules string, valid func(M) bool) pinned {
	return pinned{rules, func(m proto.Message) bool {
		message, ok := m.(M)
		return ok && valid(message)
	}}
}

// After a change of rules in the proto, adapt the function, pin the hash that
// TestRulesArePinned prints, and run the fuzz tests. Until then protovalidate alone
// checks the type.
var pins = map[protoreflect.FullName]pinned{
	"connsvc.v1.Host": pin("96ee0b2aa43c22a7", validHost),
	"connsvc.v1.CreateEnhancedConnectionRequest":      pin("88520148bff5308f", validCreate),
	"connsvc.v1.GetEnhancedConnectionRequest":         pin("e4d4f12b3a704261", validIDs),
	"connsvc.v1.ListEnhancedConnectionsRequest":       pin("d979d97e59ad0edb", validList),
	"connsvc.v1.DeleteEnhancedConnectionRequest":      pin("5394c97490f586e3", validIDs),
	"connsvc.v1.UpdateEnhancedConnectionHostsRequest": pin("f11fc58f8588facc", validUpdateHosts),
	"connsvc.v1.AssociateQueuesRequest":               pin("b232bd24474e767e", validBinding),
	"connsvc.v1.DisassociateQueuesRequest":            pin("137ccccbda73cba4", validBinding),
	"connsvc.v1.CreateRouteRequest":                   pin("354e6a0d47df7b9f", validCreateRoute),
	"connsvc.v1.DeleteRouteRequest":                   pin("52de7ffcc32a69d5", validDeleteRoute),
	"connsvc.v1.ListPrivilegesRequest":                pin("51c6837a7cdd17f1", validIDs),
	"connsvc.v1.UpdatePrivilegesRequest":              pin("e6990a3a42ab0c9c", validUpdatePrivileges),
	"connsvc.v1.ListPrivilegesByObjectRequest":        pin("7ef5e68d0e82d0e3", validListPrivilegesByObject),
}

// fastCheck returns the function that stands for the rules of a message type. It is
// nil if there is none, or if the rules are not those that it was written for.
func fastCheck(md protoreflect.MessageDescriptor) (func(proto.Message) bool, error) {
	p, ok := pins[md.FullName()]
	if !ok {
		return nil, nil
	}
	rules, err := rulesHash(md)
	if err != nil {
		return nil, err
	}
	if rules != p.rules {
		return nil, nil
	}
	return p.valid, nil
}

func validCreate(r *connsvcv1.CreateEnhancedConnectionRequest) bool {
	return isProjectID(r.GetProjectId()) &&
		IsConnectionName(r.GetName()) &&
		isUUID(r.GetDestVpcId()) &&
		isUUID(r.GetDestNetworkId()) &&
		validNames(r.GetQueues(), isQueueName) &&
		validNames(r.GetElasticResourcePools(), isPoolName) &&
		(r.GetRoutetableId() == "" || isUUID(r.GetRoutetableId())) &&
		validHosts(r.GetHosts()) &&
		validTags(r.GetTags()) &&
		(r.GetRequestId() == "" || isUUID(r.GetRequestId()))
}

func validList(r *connsvcv1.ListEnhancedConnectionsRequest) bool {
	return isProjectID(r.GetProjectId()) &&
		r.GetLimit() >= 0 &&
		r.GetOffset() >= 0 &&
		isDefined(r.GetStatus()) &&
		validTags(r.GetTags()) &&
		isDefined(r.GetView()) &&
		utf8.RuneCountInString(r.GetPageToken()) <= 256 &&
		(r.GetOffset() == 0 || r.GetPageToken() == "")
}

func validUpdateHosts(r *connsvcv1.UpdateEnhancedConnectionHostsRequest) bool {
	return validIDs(r) && validHosts(r.GetHosts())
}

func validCreateRoute(r *connsvcv1.CreateRouteRequest) bool {
	return validIDs(r) && isRouteName(r.GetName()) && isCIDR(r.GetCidr()) && !isReserved(r.GetCidr())
}

func validDeleteRoute(r *connsvcv1.DeleteRouteRequest) bool {
	return validIDs(r) && isRouteName(r.GetName())
}

func validUpdatePrivileges(r *connsvcv1.UpdatePrivilegesRequest) bool {
	if !isProjectID(r.GetProjectId()) || !isProjectID(r.GetGranteeProjectId()) || len(r.GetPrivileges()) != 1 {
		return false
	}
	object := r.GetPrivileges()[0]
	if !isPrivilegeObject(object.GetObject()) {
		return false
	}
	switch privileges := object.GetPrivileges(); len(privileges) {
	case 0:
		return r.GetAction() == "update"
	case 1:
		return privileges[0] == "BIND_QUEUE" &&
			(r.GetAction() == "grant" || r.GetAction() == "revoke" || r.GetAction() == "update")
	default:
		return false
	}
}

func validListPrivilegesByObject(r *connsvcv1.ListPrivilegesByObjectRequest) bool {
	return isProjectID(r.GetProjectId()) && isPrivilegeObject(r.GetObject())
}

// A connectionRequest is a request for one connection.
type connectionRequest interface {
	GetProjectId() string
	GetConnectionId() string
}

func validIDs(r connectionRequest) bool {
	return isProjectID(r.GetProjectId()) && isUUID(r.GetConnectionId())
}

// A binding is a request that names queues and elastic resource pools.
type binding interface {
	connectionRequest
	GetQueues() []string
	GetElasticResourcePools() []string
}

func validBinding(r binding) bool {
	return validIDs(r) &&
		validNames(r.GetQueues(), isQueueName) &&
		validNames(r.GetElasticResourcePools(), isPoolName) &&
		len(r.GetQueues())+len(r.GetElasticResourcePools()) > 0
}

// isDefined reports whether the contract defines a value of an enum.
func isDefined(value protoreflect.Enum) bool {
	return value.Descriptor().Values().ByNumber(value.Number()) != nil
}
