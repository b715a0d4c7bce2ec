package wire

import "github.com/connsvc/connsvc/internal/emulator/strictjson"

// A CreateRequest is the body of dli_02_0187.
type CreateRequest struct {
	Name                 string   `json:"name"`
	DestVPCID            string   `json:"dest_vpc_id"`
	DestNetworkID        string   `json:"dest_network_id"`
	Queues               []string `json:"queues"`
	ElasticResourcePools []string `json:"elastic_resource_pools"`
	RouteTableID         string   `json:"routetable_id"`
	Hosts                []Host   `json:"hosts"`
	Tags                 []Tag    `json:"tags"`
}

// A Host is an entry of hosts, in requests and responses.
type Host struct {
	Name string `json:"name"`
	IP   string `json:"ip"`
}

// A Tag is an entry of tags. The value is mandatory, but may be empty.
type Tag struct {
	Key   string  `json:"key"`
	Value *string `json:"value"`
}

// A BindRequest is the body of dli_02_0191 and dli_02_0192.
type BindRequest struct {
	Queues               []string `json:"queues"`
	ElasticResourcePools []string `json:"elastic_resource_pools"`
}

// A HostsRequest is the body of dli_02_0200.
type HostsRequest struct {
	Hosts []Host `json:"hosts"`
}

// A RouteRequest is the body of dli_02_0371.
type RouteRequest struct {
	Name string `json:"name"`
	CIDR string `json:"cidr"`
}

// An AuthorizationRequest is the body of DLI's authorization call, for projects as
// grantees.
type AuthorizationRequest struct {
	ProjectID  string             `json:"projectId"`
	Action     string             `json:"action"`
	Privileges []ObjectPrivileges `json:"privileges"`
}

// ObjectPrivileges are the privileges on one object.
type ObjectPrivileges struct {
	Object     string   `json:"object"`
	Privileges []string `json:"privileges"`
}

// A ConnectivityRequest is the body of dli_02_0284.
type ConnectivityRequest struct {
	Address string `json:"address"`
}

// ReadBody reads the body of a request into one of the structs above, strictly:
// the documents do not say what DLI does with an unknown or repeated field.
func ReadBody(body []byte, request any) error {
	if err := strictjson.Unmarshal(body, request); err != nil {
		return parameterError(err.Error())
	}
	return nil
}

func parameterError(text string) error {
	return Errorf(CodeParameter, "Parameter check errors occur. %s", text)
}
