package chain

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/quota"
)

// observeLimits reports what calls hold.
func observeLimits(meter metric.Meter, l *quota.Limits) error {
	gauge := func(name, unit, description string, value func(quota.Usage) int64) error {
		_, err := meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description),
			metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
				o.Observe(value(l.Usage()))
				return nil
			}))
		return err
	}
	return errors.Join(
		gauge("connsvc.calls.arriving", "", "Calls whose request has not arrived completely.", func(u quota.Usage) int64 { return u.Arriving }),
		gauge("connsvc.calls.long", "", "Waits and watches in flight.", func(u quota.Usage) int64 { return u.Long }),
		gauge("connsvc.connections", "", "Connections of callers.", func(u quota.Usage) int64 { return u.Connections }),
		gauge("connsvc.held.size", "By", "Requests and responses in memory.", func(u quota.Usage) int64 { return u.Bytes }),
	)
}

// BeginAuxiliary takes a place for a call of health or reflection from an address with a
// port. end gives it back.
func (ch *Chain) BeginAuxiliary(peer string) (end func(), err error) {
	end, err = ch.limits.BeginAuxiliary(peer)
	return end, new(Call).limited(err)
}

// begin counts a call that has only begun to arrive. Of one that cannot be served no body
// is read.
func (ch *Chain) begin(c *Call) error {
	c.Record.Holders, c.Record.Shared = c, shared{ch.limits}
	name := c.Record.Caller
	if c.principal == call.Nobody {
		name = ""
	}
	begin := ch.limits.Begin
	if c.Signed() {
		begin = ch.limits.BeginUnidentified // until VerifySignature
	}
	err := begin(&c.place, quota.KeyOf(name, c.Peer), c.kind())
	c.Record.Origin = c.place.Caller()
	return c.limited(err)
}

func (c *Call) kind() quota.Kind {
	switch {
	case c.Creates():
		return quota.Create
	case IsLong(c.Method):
		return quota.Long
	default:
		return quota.Ordinary
	}
}

// admit takes a place in flight for a call that has arrived completely.
func (c *Call) admit() error { return c.sendAgain(c.limited(c.place.Admit())) }

// countCreate counts a call that is in flight as a create, too.
func (c *Call) countCreate() error { return c.limited(c.place.Create()) }

// Reserve takes n more bytes for the request or the response, until the call ends.
func (c *Call) Reserve(n int64) error { return c.limited(c.place.Reserve(n)) }

// alwaysSent is the largest response, in bytes, that is sent whatever else is held: of a
// create, only the response says what it made.
const alwaysSent = 16 << 10

// HoldAnswer makes lease hold the n bytes of the response, which may outlive the call.
func (c *Call) HoldAnswer(lease *quota.Lease, n int64) error {
	c.place.Another(lease)
	if err := lease.Reserve(n); n > alwaysSent {
		return c.limited(err)
	}
	return nil
}

// limited returns the error of a call that would take more than it may.
func (c *Call) limited(err error) error {
	var e *quota.Error
	if !errors.As(err, &e) {
		return err
	}
	reason := connsvcv1.ErrorReason_OVERLOADED
	if e.Caller {
		reason = connsvcv1.ErrorReason_CALLER_QUOTA
	}
	limited := apierror.New(reason, e.Message, nil)
	limited.RetryAfter = e.RetryAfter
	if e.Caller {
		limited.Subject = c.place.Caller()
	}
	return limited
}

// A holder is bytes that a call to DLI holds, which others may share.
type holder struct {
	quota.Lease
	call *Call
}

// NewHolder makes a call a call.Holders.
func (c *Call) NewHolder() call.Holder {
	h := &holder{call: c}
	c.place.Another(&h.Lease)
	return h
}

// Reserve makes a holder a call.Holder.
func (h *holder) Reserve(n int64) error { return h.call.limited(h.Lease.Reserve(n)) }

// shared makes Holders of no caller.
type shared struct{ limits *quota.Limits }

// NewHolder makes shared a call.Holders.
func (s shared) NewHolder() call.Holder {
	h := &holder{call: new(Call)}
	s.limits.Share(&h.Lease)
	return h
}

// Connect takes a place for a connection from an address with a port. disconnect gives it
// back.
func (ch *Chain) Connect(peer string) (disconnect func(), err error) { return ch.limits.Connect(peer) }
