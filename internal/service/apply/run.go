package apply

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// A run is one apply.
type run struct {
	*target
	*found

	request    *connsvcv1.ApplyEnhancedConnectionRequest
	difference *connsvcv1.ConnectionDifference // before the first step
	id         string                          // of the connection; empty until there is one
	steps      []*step
	warnings   []string
}

func (t *target) newRun(req *connsvcv1.ApplyEnhancedConnectionRequest, f *found) *run {
	r := &run{target: t, found: f, request: req, difference: f.difference(t.spec.GetName())}
	remove, create, c := newStep(connsvcv1.ApplyStep_DELETE, nil), newStep(connsvcv1.ApplyStep_CREATE, nil), f.changes
	if f.conn != nil {
		r.id = f.conn.GetId()
	}
	id := r.id // of the connection to change
	if f.conn != nil && len(c.replaced) > 0 {
		remove = newStep(connsvcv1.ApplyStep_DELETE, []string{t.spec.GetName()}, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: t.project, ConnectionId: r.id})
	}
	if f.conn == nil || len(c.replaced) > 0 {
		create = newStep(connsvcv1.ApplyStep_CREATE, []string{t.spec.GetName()}, t.createRequest(req.GetRequestId()))
		id, c = "", t.compare(t.created(""), nil)
	} else {
		r.warnHidden(c, f.conn)
	}
	r.steps = append([]*step{remove, create}, t.changeSteps(c, id)...)
	return r
}

// warnHidden warns of queues that are bound as their pools: other replicas do not know it.
func (r *run) warnHidden(c *changes, conn *connsvcv1.EnhancedConnection) {
	if hidden := c.peerings.hidden; len(hidden) > 0 {
		r.warn("DLI shows " + strings.Join(first(hidden, maxNames), ", ") + " only as an elastic resource pool, one of " +
			strings.Join(first(peeringNames(conn.GetElasticResourcePools()), maxNames), ", ") + ": name the pool instead of the queue")
	}
}

func (r *run) warn(text string) {
	if !slices.Contains(r.warnings, text) {
		r.warnings = append(r.warnings, text)
	}
}

// needed reports whether any step is.
func (r *run) needed() bool {
	for _, s := range r.steps {
		if s.State == connsvcv1.ApplyStep_LEFT {
			return true
		}
	}
	return false
}

// replaceable returns an error if the connection must be replaced, and may not be. A
// replacement has only what the spec has, so it must have all lists that have elements.
func (r *run) replaceable(ctx context.Context) error {
	if r.conn == nil || len(r.changes.replaced) == 0 {
		return nil
	}
	var differs, lost []string
	for _, f := range r.changes.replaced {
		differs = append(differs, f.GetField())
	}
	grantees, err := r.granteesOf(ctx, r.conn)
	if err != nil {
		return err
	}
	for _, list := range []struct {
		field         string
		wanted, there int
	}{
		{queuesField, len(r.spec.GetQueues()), len(r.conn.GetAvailableQueueInfo())},
		{poolsField, len(r.spec.GetElasticResourcePools()) + len(r.changes.peerings.hidden), len(r.conn.GetElasticResourcePools())},
		{hostsField, len(r.spec.GetHosts()), len(r.conn.GetHosts())},
		{routesField, len(r.spec.GetRoutes()), len(r.conn.GetRoutes())},
		{grantsField, len(r.spec.GetGrantedProjectIds()), len(grantees)},
	} {
		if list.there > 0 && !r.wants(list.field, list.wanted) {
			lost = append(lost, list.field)
		}
	}
	text := "the connection leads to another VPC or network, which DLI cannot change: apply with allow_replace to delete and create it, or choose another name"
	switch {
	case len(lost) > 0:
		text = "a replacement would lose what the connection has in " + strings.Join(lost, ", ") + ": name all of it, or name the fields in allow_empty"
	case r.request.GetAllowReplace():
		return nil
	}
	if r.request.GetValidateOnly() {
		r.warn(text)
		return nil
	}
	e := apierror.New(connsvcv1.ErrorReason_REPLACE_NEEDED, text, nil)
	e.Subject = apierror.TypeConnection + "/" + r.id
	e.Metadata = map[string]string{"existing_connection_id": r.id, "differs": strings.Join(differs, ","), "would_lose": strings.Join(lost, ",")}
	return e
}

// permitted asks the policy for each call that is left before the first is made: about the
// connection that is there, and from its create on about the one that is made.
func (r *run) permitted(ctx context.Context) error {
	conn := r.conn
	for _, s := range r.steps {
		if s.State != connsvcv1.ApplyStep_LEFT {
			continue
		}
		if s.Action == connsvcv1.ApplyStep_CREATE {
			conn = r.created("")
		}
		for _, req := range s.requests {
			if err := r.caller.Permit(ctx, req, conn); err != nil {
				return err
			}
		}
	}
	return nil
}

// countCreate counts the create that is to come, if one is, before the first step: what is
// replaced must not be lost to a quota.
func (r *run) countCreate() error {
	for _, s := range r.steps {
		if s.Action == connsvcv1.ApplyStep_CREATE && s.State == connsvcv1.ApplyStep_LEFT {
			return r.caller.CountCreate()
		}
	}
	return nil
}

// do takes the steps that are left.
func (r *run) do(ctx context.Context) error {
	for i := range r.steps {
		s := r.steps[i] // not as it was: a create may change what follows
		if s.State != connsvcv1.ApplyStep_LEFT {
			continue
		}
		if err := ctx.Err(); err != nil {
			return apierror.From(err)
		}
		var err error
		if s.Action == connsvcv1.ApplyStep_CREATE {
			err = r.create(ctx, s)
		} else {
			err = r.take(ctx, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// take makes the calls of a step, which is no create.
func (r *run) take(ctx context.Context, s *step) error {
	if s.Action == connsvcv1.ApplyStep_SET_HOSTS {
		turn := r.hostLocks.turn(keyOf(r.project, r.id))
		defer turn.end()
		if _, err := turn.wait(ctx); err != nil {
			return err
		}
	}
	for todo := s.requests; len(todo) > 0; {
		req := todo[0]
		todo = todo[1:]
		err := r.send(ctx, req)
		if err == nil {
			continue
		}
		var rest []proto.Message
		shown := false
		if apierror.Sent(err) {
			rest, shown = r.left(ctx, req, apierror.Exists(err))
		}
		if !shown {
			s.State = connsvcv1.ApplyStep_FAILED
			if apierror.MayHaveExecuted(err) {
				s.State = connsvcv1.ApplyStep_UNKNOWN
			}
			s.keep(append([]proto.Message{req}, todo...))
			return failedAt(req, err)
		}
		todo = slices.Concat(rest, todo)
	}
	s.State = connsvcv1.ApplyStep_DONE
	if s.Action == connsvcv1.ApplyStep_BIND {
		return r.bound(ctx)
	}
	return nil
}

// failedAt says in the error of a request what it was to do.
func failedAt(request proto.Message, err error) error {
	e := *apierror.From(err)
	e.Message = doing(request) + ": " + e.Message
	return &e
}

// bound finds out whether pools that are to be unbound stand for queues that were bound. What
// somebody else has bound meanwhile stays: the policy was not asked for it.
func (r *run) bound(ctx context.Context) error {
	unbind := slices.IndexFunc(r.steps, func(s *step) bool { return s.Action == connsvcv1.ApplyStep_UNBIND })
	if len(r.changes.peerings.bindQueues) == 0 || len(r.changes.peerings.unbindPools) == 0 {
		return nil
	}
	conn, err := r.get(ctx, r.id)
	if err != nil {
		return err
	}
	if conn == nil {
		return apierror.ConnectionNotFound(r.id)
	}
	r.learn(conn, r.changes.peerings.bindQueues)
	planned, now := r.changes.peerings, r.compare(conn, nil).peerings
	r.steps[unbind] = r.unbind(r.id, bindings{among(planned.unbindQueues, now.unbindQueues), among(planned.unbindPools, now.unbindPools)})
	return nil
}

// create creates the connection, or goes on with one that has the name and may be used.
func (r *run) create(ctx context.Context, s *step) error {
	resp, err := r.rpcs.CreateEnhancedConnection(ctx, s.requests[0].(*connsvcv1.CreateEnhancedConnectionRequest))
	reason := apierror.ReasonOf(err)
	s.State = connsvcv1.ApplyStep_DONE
	switch reason {
	case apierror.NoReason:
		r.id = resp.GetConnectionId()
		if resp.GetWarning() != "" {
			r.warn(resp.GetWarning())
		}
		if !resp.GetReconciled() {
			break
		}
		// An earlier apply may have made it, and changed it since.
		if f, err := r.confirm(ctx, []string{r.id}); err == nil && f.conn != nil {
			return r.adopt(ctx, f)
		}
	case connsvcv1.ErrorReason_NAME_TAKEN, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN:
		f := r.holder(ctx, err)
		s.State = connsvcv1.ApplyStep_FAILED
		if reason == connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN {
			s.State = connsvcv1.ApplyStep_UNKNOWN
		}
		if f == nil {
			return err
		}
		if s.State = connsvcv1.ApplyStep_DONE; reason == connsvcv1.ErrorReason_NAME_TAKEN {
			s.State = connsvcv1.ApplyStep_NOT_NEEDED
		}
		return r.adopt(ctx, f)
	default:
		s.State = connsvcv1.ApplyStep_FAILED
		return inSpec(err)
	}
	r.found = &found{conn: r.created(r.id)}
	r.changes = r.compare(r.conn, nil)
	r.steps = append(r.steps[:2], r.changeSteps(r.changes, r.id)...)
	return nil
}

// holder is the connection that has the name after a create that failed; nil unless there
// is one, to the wanted VPC and network.
func (r *run) holder(ctx context.Context, failed error) *found {
	var f *found
	var err error
	if id := apierror.From(failed).Metadata["existing_connection_id"]; id != "" {
		f, err = r.confirm(ctx, []string{id})
	} else {
		f, err = r.find(ctx)
	}
	if err != nil || f.conn == nil || len(f.changes.replaced) > 0 {
		return nil
	}
	return f
}

// adopt goes on with a connection that was found instead of made.
func (r *run) adopt(ctx context.Context, f *found) error {
	r.found, r.id = f, f.conn.GetId()
	r.steps = append(r.steps[:2], r.changeSteps(f.changes, r.id)...)
	return r.permitted(ctx)
}

// inSpec names the field of a create that is not valid as the apply's request has it.
func inSpec(err error) error {
	if e := apierror.From(err); e.Response == nil && len(e.Violations) == 1 {
		v := e.Violations[0]
		return apierror.Invalid("connection."+v.Field, v.RuleID, v.Message)
	}
	return err
}

// verify reads the connection after the last step: nil, if that is not possible.
func (r *run) verify(ctx context.Context) (*connsvcv1.EnhancedConnection, error) {
	conn, err := r.get(ctx, r.id)
	if err != nil || conn == nil { // of a new one, a GET may come too early
		r.warn("the connection could not be read after the change")
		return nil, nil //nolint:nilerr // DLI has confirmed each step
	}
	switch {
	case r.took(connsvcv1.ApplyStep_CREATE):
		r.learn(conn, r.spec.GetQueues())
	case r.took(connsvcv1.ApplyStep_BIND):
		r.learn(conn, r.changes.peerings.bindQueues)
	}
	c := r.compare(conn, nil)
	r.warnHidden(c, conn)
	c.grant, c.revoke = nil, nil // a GET does not show them
	if c.none() {
		return conn, nil
	}
	var differs []string
	for _, f := range c.fields() {
		differs = append(differs, f.GetField())
	}
	e := apierror.New(connsvcv1.ErrorReason_CONCURRENT_CHANGE, "the steps were done, and the connection is not as it is wanted: somebody else changed it at the same time; apply again", nil)
	e.Metadata = map[string]string{"differs": strings.Join(differs, ",")}
	return nil, e
}

func (r *run) took(action connsvcv1.ApplyStep_Action) bool {
	for _, s := range r.steps {
		if s.Action == action {
			return s.State == connsvcv1.ApplyStep_DONE
		}
	}
	return false
}

// response is the outcome of an apply that succeeded; shown may be nil.
func (r *run) response(shown *connsvcv1.EnhancedConnection) *connsvcv1.ApplyEnhancedConnectionResponse {
	resp := &connsvcv1.ApplyEnhancedConnectionResponse{IsSuccess: true, ConnectionId: r.id, Difference: r.difference}
	for _, s := range r.steps {
		resp.Steps = append(resp.Steps, s.ApplyStep)
		resp.Changed = resp.GetChanged() || s.State == connsvcv1.ApplyStep_DONE
	}
	if shown != nil {
		shown.Hosts = nil
		resp.Connection = shown
	}
	if len(r.warnings) > 0 {
		resp.Warning = proto.String(strings.Join(r.warnings, "; "))
	}
	return resp
}

// maxReportBytes is the size of a report, so that it fits into trailers beside the other
// details of the error.
const maxReportBytes = 1000

// failure adds the report to the error of a step.
func (r *run) failure(err error) error {
	e := *apierror.From(err)
	report := &connsvcv1.ApplyReport{ConnectionId: r.id}
	for _, s := range r.steps {
		report.Steps = append(report.Steps, proto.CloneOf(s.ApplyStep))
	}
	for n := maxNames; proto.Size(report) > maxReportBytes; n-- {
		for _, s := range report.GetSteps() {
			s.Names = first(s.GetNames(), n-1)
		}
	}
	e.Report = report
	return &e
}
