package chain

import (
	"context"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth/audit"
)

// reads are the methods that change nothing: the RPCs that the contract declares so, and
// what is no RPC.
var reads = readsOf(connsvcv1.File_connsvc_v1_connection_service_proto.Services())

func readsOf(services protoreflect.ServiceDescriptors) map[string]bool {
	all := map[string]bool{UnknownMethod: true}
	for i := range services.Len() {
		methods := services.Get(i).Methods()
		for j := range methods.Len() {
			m := methods.Get(j)
			level := m.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel()
			all[string(services.Get(i).FullName())+"/"+string(m.Name())] = level == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
		}
	}
	return all
}

// changes reports whether the call, whose request is decoded, is recorded as a change. A wait
// that tests addresses is one, as CreateConnectivityTest is.
func (c *Call) changes() bool {
	wait, ok := c.request.(*connsvcv1.WaitEnhancedConnectionRequest)
	return !reads[c.Method] || ok && len(wait.GetAddresses()) > 0
}

// beginAudit records a change before it takes place, where none may be without a record.
func (c *Call) beginAudit(ctx context.Context) error {
	if c.guard == nil || !c.guard.Audit.Refuses() || !c.changes() {
		return nil
	}
	r := c.record(audit.Change)
	r.Outcome = audit.Started
	if err := c.guard.Audit.Write(ctx, r); err != nil {
		return apierror.New(connsvcv1.ErrorReason_OVERLOADED, "the audit log cannot be written: changes are rejected until it can", err)
	}
	return nil
}

// endAudit records a call that has ended, if it was a change or its caller was rejected. A
// change that DLI may have executed, even in part, is recorded as one whatever it ended with.
func (c *Call) endAudit(ctx context.Context, took time.Duration) {
	if c.guard == nil || c.guard.Audit == nil {
		return
	}
	var event string
	switch change := c.request != nil && c.changes(); {
	case change && c.Record.Changed():
		event = audit.Change
	case c.Failure != nil && isRefusal(c.Failure.Reason):
		event = audit.Refusal
	case change:
		event = audit.Change
	default:
		return
	}
	r := c.record(event)
	r.Outcome = codeName(c.outcome().code)
	if c.Failure != nil {
		r.Reason = c.Failure.Reason.String()
	}
	_, r.DLIRequestID = c.Record.Attempts()
	r.DurationUS = took.Microseconds()
	_ = c.guard.Audit.Write(ctx, r) // it raises the alarm itself; the call has ended
}

func isRefusal(reason connsvcv1.ErrorReason) bool {
	switch reason {
	case connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED, connsvcv1.ErrorReason_POLICY_DENIED, connsvcv1.ErrorReason_CALLER_QUOTA:
		return true
	default:
		return false
	}
}

// recordSteps keeps what an apply did, or did before its error.
func (c *Call) recordSteps(resp *connsvcv1.ApplyEnhancedConnectionResponse, err error) {
	c.created, c.steps = resp.GetConnectionId(), resp.GetSteps()
	if e, ok := apierror.Find[apierror.Error](err); ok {
		if report, ok := e.Report.(*connsvcv1.ApplyReport); ok {
			c.created, c.steps = report.GetConnectionId(), report.GetSteps()
		}
	}
}

func (c *Call) record(event string) *audit.Record {
	r := &audit.Record{
		Time: time.Now().UTC(), Event: event, RequestID: c.ID, Peer: c.Peer, API: c.API, Method: c.Method,
		Project: c.projectID(), ResourceID: c.created, Rule: c.rule,
	}
	if c.principal != nil {
		r.Caller, r.Groups = c.principal.Name, c.principal.Groups
	}
	r.SetRequest(c.request)
	r.SetSteps(c.steps)
	return r
}
