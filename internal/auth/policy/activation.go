package policy

import (
	"context"
	"errors"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"google.golang.org/protobuf/proto"
)

// An activation is the variables of one decision.
type activation struct {
	ctx     context.Context
	in      Input
	request proto.Message // as rules see it, once one asked for it
	found   any           // the connection, once it was looked up
	lookup  error         // why a variable has no value
}

// errNoNow is for a case of a test: a call has a time.
var errNoNow = errors.New("a rule needs the time: now must be set")

// ResolveName returns a variable.
func (a *activation) ResolveName(name string) (any, bool) {
	switch name {
	case "principal":
		return a.in.Principal, true
	case "method":
		return a.in.Method, true
	case "project":
		if r, ok := a.in.Request.(interface{ GetProjectId() string }); ok {
			return r.GetProjectId(), true
		}
		return "", true
	case "request":
		if a.request == nil {
			a.request = lowered(a.in.Request)
		}
		return a.request, true
	case "now":
		if a.in.Now.IsZero() {
			a.lookup = errNoNow
			return types.WrapErr(errNoNow), true
		}
		return a.in.Now, true
	case "connection":
		return a.connection(), true
	default:
		return nil, false
	}
}

// connection looks the connection up at its first use.
func (a *activation) connection() any {
	if a.found == nil {
		c, err := a.in.Connection(a.ctx)
		if a.lookup = err; err != nil {
			a.found = types.NewErr("the connection cannot be looked up")
		} else {
			a.found = c
		}
	}
	return a.found
}

// Parent returns nil: there are no other variables.
func (a *activation) Parent() cel.Activation { return nil }
