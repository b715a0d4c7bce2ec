package apierror

import "strings"

// An Operation is a kind of call. Some responses of DLI mean something else for one
// than for the others.
type Operation int

// The operations.
const (
	Other Operation = iota
	CreateConnection
	DeleteConnection
	DisassociateQueues
	CreateRoute
	DeleteRoute
	ListConnections
	CreateConnectivityTest
	GetConnectivityTest
)

// A Subject is what a call is about: what DLI's error may name.
type Subject struct {
	Operation    Operation
	Change       bool // not a read
	Project      string
	ConnectionID string
	Name         string // of the connection to create
	Route        string
	Queues       []string
	Pools        []string
	Task         int64 // of a connectivity test
}

// owner is the call's own resource, for PreconditionFailure.
func (s Subject) owner() string {
	if s.ConnectionID == "" {
		return s.projectSubject()
	}
	return TypeConnection + "/" + s.ConnectionID
}

func (s Subject) projectSubject() string {
	if s.Project == "" {
		return ""
	}
	return "project:" + s.Project
}

// creates reports whether the call makes something that has a name.
func (s Subject) creates() bool {
	return s.Operation == CreateConnection || s.Operation == CreateRoute
}

// tests reports whether the call is about a connectivity test of a queue.
func (s Subject) tests() bool {
	return s.Operation == CreateConnectivityTest || s.Operation == GetConnectivityTest
}

// taken is the resource whose name was taken.
func (s Subject) taken() *Resource {
	switch s.Operation {
	case CreateConnection:
		return &Resource{Type: TypeConnection, Name: s.Name}
	case CreateRoute:
		return &Resource{Type: TypeRoute, Name: s.Route, Description: "route of connection " + s.ConnectionID}
	default:
		return nil
	}
}

// named returns the name that the text contains, or the only one there is.
func named(names []string, text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return !isNameRune(r) })
	for _, name := range names {
		for _, word := range words {
			if strings.EqualFold(name, word) {
				return name
			}
		}
	}
	if len(names) == 1 {
		return names[0]
	}
	return ""
}

func isNameRune(r rune) bool {
	return r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
