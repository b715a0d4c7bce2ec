// Package dlirest is a REST client of DLI, and so of connsvc, that is written
// from DLI's documents. It shares no code with the service, so that a wrong path
// or a fault in the codec cannot hide on both sides of a test.
package dlirest

import (
	"net/http"
	"slices"
)

// An Operation is one HTTP method and path, as DLI documents them.
type Operation struct {
	Document string // the id of DLI's document; empty: known from DLI's clients
	RPC      string // the RPC of connsvc that translates it
	Method   string
	Path     string // {name} stands for the request's field of that name
	Status   int    // of a success
}

// operations are DLI's operations on connections, and the connectivity test of a queue. Where an RPC has two, the
// documented one comes first, then the deprecated one that Terraform calls.
var operations = []Operation{
	{"dli_02_0187", "CreateEnhancedConnection", http.MethodPost, "/v2.0/{project_id}/datasource/enhanced-connections", http.StatusCreated},
	{"dli_02_0188", "DeleteEnhancedConnection", http.MethodDelete, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}", http.StatusOK},
	{"dli_02_0190", "ListEnhancedConnections", http.MethodGet, "/v2.0/{project_id}/datasource/enhanced-connections", http.StatusOK},
	{"dli_02_0189", "GetEnhancedConnection", http.MethodGet, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}", http.StatusOK},
	{"dli_02_0191", "AssociateQueues", http.MethodPost, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}/associate-queue", http.StatusOK},
	{"dli_02_0192", "DisassociateQueues", http.MethodPost, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}/disassociate-queue", http.StatusOK},
	{"dli_02_0200", "UpdateEnhancedConnectionHosts", http.MethodPut, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}", http.StatusOK},
	{"dli_02_0256", "ListPrivileges", http.MethodGet, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}/privileges", http.StatusOK},
	{"dli_02_0371", "CreateRoute", http.MethodPost, "/v3/{project_id}/datasource/enhanced-connections/{connection_id}/routes", http.StatusOK},
	{"", "CreateRoute", http.MethodPost, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}/routes", http.StatusOK},
	{"dli_02_0372", "DeleteRoute", http.MethodDelete, "/v3/{project_id}/datasource/enhanced-connections/{connection_id}/routes/{name}", http.StatusOK},
	{"", "DeleteRoute", http.MethodDelete, "/v2.0/{project_id}/datasource/enhanced-connections/{connection_id}/routes/{name}", http.StatusOK},
	{"", "UpdatePrivileges", http.MethodPut, "/v1.0/{project_id}/authorization", http.StatusOK},
	{"", "ListPrivilegesByObject", http.MethodGet, "/v1.0/{project_id}/authorization/privileges", http.StatusOK},
	{"dli_02_0284", "CreateConnectivityTest", http.MethodPost, "/v1.0/{project_id}/queues/{queue_name}/connection-test", http.StatusOK},
	{"dli_02_0285", "GetConnectivityTest", http.MethodGet, "/v1.0/{project_id}/queues/{queue_name}/connection-test/{task_id}", http.StatusOK},
}

// OperationsOf returns the operations of an RPC, which it names without its
// service, the documented one first.
func OperationsOf(rpc string) []Operation {
	return slices.DeleteFunc(slices.Clone(operations), func(o Operation) bool { return o.RPC != rpc })
}
