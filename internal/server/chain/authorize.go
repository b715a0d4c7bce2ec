package chain

import (
	"context"
	"log/slog"
	"path"
	"slices"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
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
	counter metric.Int64Counter
	results map[string]metric.MeasurementOption
}

func newDecisions(t *telemetry.Telemetry) (*decisions, error) {
	d := &decisions{log: t.Log, results: make(map[string]metric.MeasurementOption)}
	var err error
	d.counter, err = t.Meter.Int64Counter("connsvc.policy.decisions", metric.WithDescription("Decisions of the policy, by result."))
	if err != nil {
		return nil, err
	}
	for _, result := range []string{allowed, denied, wouldBeDenied, failed} {
		d.results[result] = metric.WithAttributeSet(attribute.NewSet(attribute.String("result", result)))
		d.counter.Add(context.Background(), 0, d.results[result])
	}
	return d, nil
}

func (d *decisions) count(ctx context.Context, result string) {
	d.counter.Add(ctx, 1, d.results[result])
}

// authorize asks the policy, if there is one. It sees the valid, typed request.
func (a api) authorize(ctx context.Context, c *Call, req proto.Message) error {
	if c.guard == nil || c.guard.Policy == nil {
		return nil
	}
	d := c.guard.Policy.Decide(ctx, a.input(c, req))
	c.rule = d.Rule
	switch {
	case d.Lookup != nil:
		return d.Lookup
	case d.Allowed:
		a.decisions.count(ctx, allowed)
		return nil
	case c.guard.Policy.Shadow():
		a.decisions.count(ctx, wouldBeDenied)
		a.decisions.log.LogAttrs(ctx, slog.LevelWarn, "the policy would deny this call",
			slog.String("request_id", c.ID), slog.String("caller", c.principal.Name), slog.String("method", c.Method),
			slog.String("project", c.projectID()), slog.String("rule", d.Rule), slog.Any("error", d.Err))
		return nil
	case d.Err != nil:
		a.decisions.count(ctx, failed)
		a.decisions.log.LogAttrs(ctx, slog.LevelError, "a rule of the policy cannot be evaluated: the call is denied",
			slog.String("request_id", c.ID), slog.String("method", c.Method), slog.String("error", d.Err.Error()))
	default:
		a.decisions.count(ctx, denied)
	}
	e := apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, d.Message, d.Err)
	e.Metadata = map[string]string{"policy_rule": d.Rule}
	return e
}

func (a api) input(c *Call, req proto.Message) policy.Input {
	return policy.Input{
		Principal: c.principal, Method: path.Base(c.Method), Request: req, Now: time.Now(),
		Connection: func(ctx context.Context) (*connsvcv1.EnhancedConnection, error) {
			named, _ := req.(interface {
				GetProjectId() string
				GetConnectionId() string
			})
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

// defaultPage is DLI's default for limit (dli_02_0190).
const defaultPage = 100

// list lists the connections that the caller may see: those that the policy lets it get.
func (a api) list(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	c := callFrom(ctx)
	if c.guard == nil || c.guard.Policy == nil || c.guard.Policy.Shadow() {
		return a.service.ListEnhancedConnections(ctx, req)
	}
	visible := c.guard.Policy.Filter(ctx, a.input(c, req))
	switch {
	case visible == nil:
		return a.service.ListEnhancedConnections(ctx, req)
	case c.Record.Unpaginated:
		return a.listVisible(ctx, req, visible)
	}
	// A page may have fewer connections than limit: its token leads on all the same.
	resp, err := a.service.ListEnhancedConnections(ctx, req)
	if err != nil {
		return nil, err
	}
	resp.Connections = slices.DeleteFunc(resp.GetConnections(), func(c *connsvcv1.EnhancedConnection) bool { return !visible(c) })
	resp.Count = int32(len(resp.GetConnections())) //nolint:gosec // fits into memory
	return resp, nil
}

// listVisible is a list without page tokens: limit and offset count the visible
// connections, because clients continue at the number of those that they got.
func (a api) listVisible(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest, visible func(*connsvcv1.EnhancedConnection) bool) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	limit := defaultPage
	if req.Limit != nil {
		limit = int(req.GetLimit()) // 0: all
	}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true}
	page := proto.CloneOf(req)
	page.Limit, page.Offset = proto.Int32(defaultPage), 0
	for skip := int(req.GetOffset()); ; {
		got, err := a.service.ListEnhancedConnections(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, c := range got.GetConnections() {
			switch {
			case !visible(c):
			case skip > 0:
				skip--
			default:
				resp.Connections = append(resp.Connections, c)
			}
			if limit > 0 && len(resp.GetConnections()) == limit {
				break
			}
		}
		// DLI may have a smaller limit of its own, so only an empty page is the last.
		n := len(got.GetConnections())
		if n == 0 || limit > 0 && len(resp.GetConnections()) >= limit {
			resp.Count = int32(len(resp.GetConnections())) //nolint:gosec // fits into memory
			return resp, nil
		}
		page.Offset += int32(n) //nolint:gosec // as above
	}
}
