package chain

import (
	"context"
	"log/slog"
	"path"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// The results of decisions, as the metric names them.
const (
	allowed       = "allowed"
	denied        = "denied"
	wouldBeDenied = "would_be_denied" // in shadow mode
	failed        = "failed"          // a rule could not be evaluated: denied as well
)

// decisions log and count what the policy decides.
type decisions struct {
	log     *slog.Logger
	results telemetry.Counter[string]
}

func newDecisions(t *telemetry.Telemetry) (*decisions, error) {
	results, err := telemetry.NewCounter(t.Meter, "connsvc.policy.decisions", "Decisions of the policy, by result.", "result",
		allowed, denied, wouldBeDenied, failed)
	return &decisions{t.Log, results}, err
}

func (d *decisions) count(ctx context.Context, result string) { d.results.Add(ctx, result) }

// authorize asks the policy, if there is one. It sees the valid, typed request.
func (a api) authorize(ctx context.Context, c *Call, req proto.Message) error {
	if c.guard == nil || c.guard.Policy == nil {
		return nil
	}
	input := a.input(c, req)
	d := c.guard.Policy.Decide(ctx, input)
	c.rule = d.Rule
	shadow := c.guard.Policy.Shadow()
	switch {
	case d.Lookup != nil && shadow:
		a.decisions.log.LogAttrs(ctx, slog.LevelWarn, "the policy cannot look up the connection of this call",
			slog.String("request_id", c.ID), slog.String("rpc_method", c.Method), slog.String("rule", d.Rule), slog.String("error", d.Lookup.Error()))
		return nil
	case d.Lookup != nil:
		return d.Lookup
	case d.Allowed:
		a.decisions.count(ctx, allowed)
		if !shadow {
			hide(ctx, c, input)
			c.Record.Permits = a.permits(c, input)
		}
		return nil
	case shadow:
		a.decisions.count(ctx, wouldBeDenied)
		a.decisions.log.LogAttrs(ctx, slog.LevelWarn, "the policy would deny this call",
			slog.String("request_id", c.ID), slog.String("caller", c.principal.Name), slog.String("rpc_method", c.Method),
			slog.String("project", c.projectID()), slog.String("rule", d.Rule), slog.Any("error", d.Err))
		return nil
	case d.Err != nil:
		a.decisions.count(ctx, failed)
		a.decisions.log.LogAttrs(ctx, slog.LevelError, "a rule of the policy cannot be evaluated: the call is denied",
			slog.String("request_id", c.ID), slog.String("rpc_method", c.Method), slog.String("error", d.Err.Error()))
	default:
		a.decisions.count(ctx, denied)
	}
	return denial(d)
}

// denial is the error of a call that the policy does not allow.
func denial(d policy.Decision) *apierror.Error {
	e := apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, d.Message, d.Err)
	e.Metadata = map[string]string{"policy_rule": d.Rule}
	return e
}

// hide has a call see only the connections that the policy lets its caller get, whatever its
// RPC is. GetEnhancedConnection is exempt: the policy has just decided on its connection.
func hide(ctx context.Context, c *Call, input policy.Input) {
	if c.Method != getMethod {
		c.Record.Visible = c.guard.Policy.Filter(ctx, input)
	}
}

// permits decides on the calls that a call consists of, as if the caller made them: an apply
// must not do what its caller may not.
func (a api) permits(c *Call, outer policy.Input) func(context.Context, proto.Message, *connsvcv1.EnhancedConnection) error {
	return func(ctx context.Context, req proto.Message, conn *connsvcv1.EnhancedConnection) error {
		input := outer
		input.Request, input.Method = req, strings.TrimSuffix(string(req.ProtoReflect().Descriptor().Name()), "Request")
		input.Connection = func(context.Context) (*connsvcv1.EnhancedConnection, error) { return conn, nil }
		d := c.guard.Policy.Decide(ctx, input)
		if d.Allowed {
			return nil
		}
		e := denial(d)
		e.Metadata["method"] = input.Method
		return e
	}
}

func (a api) input(c *Call, req proto.Message) policy.Input {
	return policy.Input{
		Principal: c.principal, Method: path.Base(c.Method), Request: req, Now: time.Now(),
		Connection: func(ctx context.Context) (*connsvcv1.EnhancedConnection, error) {
			named, _ := req.(interface {
				GetProjectId() string
				GetConnectionId() string
			})
			if at, ok := ctx.Deadline(); ok && c.guard.Policy.Shadow() {
				var cancel context.CancelFunc // a lookup that takes the call's time would deny the call
				ctx, cancel = context.WithTimeout(ctx, time.Until(at)/2)
				defer cancel()
			}
			var err error
			c.looked, err = a.service.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{
				ProjectId: named.GetProjectId(), ConnectionId: named.GetConnectionId(),
			})
			return c.looked, err
		},
	}
}

// get returns the connection, which the policy may have looked up already.
func (a api) get(ctx context.Context, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	if c := callFrom(ctx); c.looked != nil {
		return c.looked, nil
	}
	return a.service.GetEnhancedConnection(ctx, req)
}
