package service

import (
	"strings"
)

// An operation is a kind of call where the same answer of DLI means different things.
type operation int

const (
	otherOperation operation = iota
	createConnection
	deleteConnection
	disassociateQueues
	createRoute
	deleteRoute
)

// A subject is what a call is about: what an error of DLI may speak of.
type subject struct {
	operation    operation
	project      string
	connectionID string
	name         string // of the connection to create
	route        string
	queues       []string
	pools        []string
}

// owner names the call's own resource, for PreconditionFailure.
func (s subject) owner() string {
	if s.connectionID == "" {
		return s.projectSubject()
	}
	return TypeConnection + "/" + s.connectionID
}

func (s subject) projectSubject() string {
	if s.project == "" {
		return ""
	}
	return "project:" + s.project
}

// taken is the resource whose name a call wanted and did not get.
func (s subject) taken() *Resource {
	switch s.operation {
	case createConnection:
		return &Resource{Type: TypeConnection, Name: s.name}
	case createRoute:
		return &Resource{Type: TypeRoute, Name: s.route, Description: "route of connection " + s.connectionID}
	default:
		return nil
	}
}

// named returns the one of names that text speaks of, or the only one there is.
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
