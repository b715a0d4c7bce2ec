package upstream

import (
	"net/http"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A class is which failures of a call let it be sent again.
type class int

const (
	// never: no failure.
	never class = iota
	// untouched: those after which DLI has surely done nothing.
	untouched
	// idempotent: those, and the ones after which it may have done something.
	idempotent
	// read: those, and a connection that broke.
	read
)

// repeats says of every RPC whether it may be sent again. The reasons are in
// docs/reliability.md, and a test holds the two together.
var repeats = map[string]class{
	connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName:         read,
	connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName:       read,
	connsvcv1.ConnectionService_ListPrivileges_FullMethodName:                read,
	connsvcv1.ConnectionService_ListPrivilegesByObject_FullMethodName:        read,
	connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName:      idempotent,
	connsvcv1.ConnectionService_UpdateEnhancedConnectionHosts_FullMethodName: idempotent,
	connsvcv1.ConnectionService_DeleteRoute_FullMethodName:                   idempotent,
	connsvcv1.ConnectionService_UpdatePrivileges_FullMethodName:              idempotent,
	// What a repeat of these says is not documented: a queue that is bound already
	// may be an error.
	connsvcv1.ConnectionService_AssociateQueues_FullMethodName:    untouched,
	connsvcv1.ConnectionService_DisassociateQueues_FullMethodName: untouched,
	// A second one of these may be made.
	connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName: never,
	connsvcv1.ConnectionService_CreateRoute_FullMethodName:              never,
}

// covers reports whether a call of class c may be sent again after err.
func (c class) covers(err *Error) bool {
	switch {
	case c == never:
		return false
	case err.Kind == Unreachable:
		return true
	case err.Kind == Broken:
		return c == read
	case err.Kind != Status:
		return false
	case err.HTTPStatus == http.StatusTooManyRequests:
		return true
	default:
		return c >= idempotent && isUnavailable(err.HTTPStatus)
	}
}

// mayHaveRun reports whether DLI may have executed a call that failed so.
func mayHaveRun(err *Error) bool {
	return err.Sent && (err.Kind != Status || isUnavailable(err.HTTPStatus))
}
