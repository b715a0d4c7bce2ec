package wire

// The states of connections and of peerings (dli_02_0189). A connection is
// StatusActive or StatusDeleted, a peering StatusCreating, StatusActive or
// StatusFailed.
const (
	StatusActive   = "ACTIVE"
	StatusDeleted  = "DELETED"
	StatusCreating = "CREATING"
	StatusFailed   = "FAILED"
)

// The results of connectivity tests (dli_02_0285). DLI documents the first one only.
const (
	Reachable   = "REACHABLE"
	Unreachable = "UNREACHABLE"
)

// A Result begins every response.
type Result struct {
	IsSuccess bool   `json:"is_success"`
	Message   string `json:"message"`
}

// Success is the Result of a call that succeeded.
func Success(message string) Result { return Result{IsSuccess: true, Message: message} }

// A CreateResponse is the response of dli_02_0187.
type CreateResponse struct {
	Result
	ConnectionID string `json:"connection_id"`
}

// A CreateConnectivityResponse is the response of dli_02_0284.
type CreateConnectivityResponse struct {
	Result
	TaskID int64 `json:"task_id"`
}

// A ConnectivityResponse is the response of dli_02_0285.
type ConnectivityResponse struct {
	Result
	Connectivity string `json:"connectivity"`
}

// A GetResponse is the response of dli_02_0189.
type GetResponse struct {
	Result
	Connection
}

// A ListResponse is the response of dli_02_0190.
type ListResponse struct {
	Result
	Count       int          `json:"count"`
	Connections []Connection `json:"connections"`
}

// A Connection is an enhanced datasource connection as DLI shows it. Times are in
// milliseconds since 1970.
type Connection struct {
	ID                   string    `json:"id"`
	Name                 string    `json:"name"`
	Status               string    `json:"status"`
	AvailableQueueInfo   []Peering `json:"available_queue_info"`
	ElasticResourcePools []Peering `json:"elastic_resource_pools"`
	DestVPCID            string    `json:"dest_vpc_id"`
	DestNetworkID        string    `json:"dest_network_id"`
	CreateTime           int64     `json:"create_time"`
	UpdateTime           int64     `json:"update_time"`
	Hosts                []Host    `json:"hosts"`
	IPv6Enable           bool      `json:"ipv6_enable"`
	// IsPrivis is false if the connection is shared with other projects.
	IsPrivis bool    `json:"isPrivis"`
	Routes   []Route `json:"routes"`
}

// A Peering is the VPC peering of a queue or an elastic resource pool.
type Peering struct {
	PeerID     string `json:"peer_id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	ErrMsg     string `json:"err_msg"`
	UpdateTime int64  `json:"update_time"`
}

// A Route is a route of a connection.
type Route struct {
	Name       string `json:"name"`
	CIDR       string `json:"cidr"`
	CreateTime int64  `json:"create_time"`
}

// A PrivilegesResponse is the response of dli_02_0256.
type PrivilegesResponse struct {
	Result
	ConnectionID string      `json:"connection_id"`
	Privileges   []Privilege `json:"privileges"`
}

// An ObjectPrivilegesResponse is the response of DLI's general list of privileges.
type ObjectPrivilegesResponse struct {
	Result
	ObjectName string      `json:"object_name"`
	ObjectType string      `json:"object_type"`
	Count      int         `json:"count"`
	Privileges []Privilege `json:"privileges"`
}

// A Privilege is what a project may do with a connection. The project has both of
// its names: DLI's documents have the first, its service was seen to send the other.
type Privilege struct {
	Object             string   `json:"object"`
	ApplicantProjectID string   `json:"applicant_project_id"`
	ProjectID          string   `json:"project_id"`
	Privileges         []string `json:"privileges"`
}

// List returns list, and an empty one for nil: DLI writes [], never null.
func List[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
