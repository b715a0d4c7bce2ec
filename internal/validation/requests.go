package validation

import (
	"time"
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
	"connsvc.v1.WaitEnhancedConnectionRequest":        pin("f86075808923a7d3", validWait),
	"connsvc.v1.WatchEnhancedConnectionsRequest":      pin("3c8f204c569733ae", validWatch),
	"connsvc.v1.ApplyEnhancedConnectionRequest":       pin("f94d04d5ac6fd8f4", validApply),
	"connsvc.v1.CompareEnhancedConnectionRequest":     pin("4a8e71c8498f7a82", validCompare),
	"connsvc.v1.ListHostsRequest":                     pin("50c8b783af9235a1", validIDs),
	"connsvc.v1.AddHostsRequest":                      pin("8dfeb43e83b79ad5", validAddHosts),
	"connsvc.v1.RemoveHostsRequest":                   pin("3a8abd31c1afb5f5", validRemoveHosts),
	"connsvc.v1.CreateConnectivityTestRequest":        pin("58be796de00b66cf", validCreateTest),
	"connsvc.v1.GetConnectivityTestRequest":           pin("8f03a8f3f037208d", validGetTest),
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

func validWait(r *connsvcv1.WaitEnhancedConnectionRequest) bool {
	timeout := r.GetTimeout()
	return validIDs(r) &&
		(timeout == nil || timeout.AsDuration() >= 0 && timeout.AsDuration() <= time.Hour) &&
		validList20(r.GetAddresses(), isAddress) &&
		validList20(r.GetQueues(), isPoolName)
}

func validList20(texts []string, valid func(string) bool) bool {
	return len(texts) <= 20 && validNames(texts, valid)
}

func validWatch(r *connsvcv1.WatchEnhancedConnectionsRequest) bool {
	return isProjectID(r.GetProjectId()) &&
		(r.GetConnectionId() == "" || isUUID(r.GetConnectionId())) &&
		len(r.GetResumeToken()) <= 64<<10
}

func validApply(r *connsvcv1.ApplyEnhancedConnectionRequest) bool {
	return isProjectID(r.GetProjectId()) &&
		r.GetConnection() != nil && validSpec(r.GetConnection()) &&
		(r.GetRequestId() == "" || isUUID(r.GetRequestId()))
}

func validCompare(r *connsvcv1.CompareEnhancedConnectionRequest) bool {
	specs := r.GetConnections()
	if !isProjectID(r.GetProjectId()) || len(specs) == 0 || len(specs) > 1000 {
		return false
	}
	for _, spec := range specs {
		if !validSpec(spec) {
			return false
		}
	}
	return distinct(len(specs), func(i int) string { return specs[i].GetName() })
}

func validSpec(s *connsvcv1.EnhancedConnectionSpec) bool {
	return IsConnectionName(s.GetName()) &&
		isUUID(s.GetDestVpcId()) &&
		isUUID(s.GetDestNetworkId()) &&
		(s.GetRoutetableId() == "" || isUUID(s.GetRoutetableId())) &&
		validNames(s.GetQueues(), isQueueName) &&
		validNames(s.GetElasticResourcePools(), isPoolName) &&
		validHosts(s.GetHosts()) &&
		validTags(s.GetTags()) &&
		validRoutes(s.GetRoutes()) &&
		validNames(s.GetGrantedProjectIds(), isProjectID) &&
		len(s.GetAllowEmpty()) <= 5 && validNames(s.GetAllowEmpty(), isListOfSpec)
}

func validRoutes(routes []*connsvcv1.RouteSpec) bool {
	if len(routes) > 1000 {
		return false
	}
	for _, route := range routes {
		if !isRouteName(route.GetName()) || !isCIDR(route.GetCidr()) || isReserved(route.GetCidr()) {
			return false
		}
	}
	return distinct(len(routes), func(i int) string { return routes[i].GetName() })
}

// isListOfSpec reports whether allow_empty may name a field.
func isListOfSpec(name string) bool {
	switch name {
	case "queues", "elastic_resource_pools", "hosts", "routes", "granted_project_ids":
		return true
	default:
		return false
	}
}

// maxETagBytes is the longest etag of a request.
const maxETagBytes = 128

func validAddHosts(r *connsvcv1.AddHostsRequest) bool {
	return validIDs(r) && len(r.GetHosts()) > 0 && validHosts(r.GetHosts()) && len(r.GetEtag()) <= maxETagBytes
}

func validRemoveHosts(r *connsvcv1.RemoveHostsRequest) bool {
	names := r.GetNames()
	if !validIDs(r) || !validHosts(r.GetHosts()) || len(r.GetHosts())+len(names) == 0 || len(names) > MaxHosts || len(r.GetEtag()) > maxETagBytes {
		return false
	}
	for _, name := range names {
		if name == "" || utf8.RuneCountInString(name) > 128 {
			return false
		}
	}
	return distinct(len(names), func(i int) string { return names[i] })
}

func validCreateTest(r *connsvcv1.CreateConnectivityTestRequest) bool {
	return isProjectID(r.GetProjectId()) && isPoolName(r.GetQueueName()) && isAddress(r.GetAddress())
}

func validGetTest(r *connsvcv1.GetConnectivityTestRequest) bool {
	return isProjectID(r.GetProjectId()) && isPoolName(r.GetQueueName()) && r.GetTaskId() >= 1
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
