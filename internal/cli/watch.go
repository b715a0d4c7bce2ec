package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"github.com/connsvc/connsvc/gen/go/connsvc"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// minResumeDelay and maxResumeDelay limit the time between two attempts to resume a watch.
const (
	minResumeDelay = 200 * time.Millisecond
	maxResumeDelay = 15 * time.Second
)

type watchCommand struct {
	Connection  reference `arg:"" optional:"" help:"Name or ID of the only connection to watch (all of the project)."`
	ResumeToken string    `placeholder:"TOKEN" help:"The last resume_token of an earlier watch, from its JSON: only what has changed since is printed."`
	Output      string    `short:"o" enum:"table,json" default:"table" help:"Format of the output: table, or json with an event in each line (${default})."`
}

// Help documents the end of a watch.
func (*watchCommand) Help() string {
	return "The watch resumes by itself after a restart of connsvc or a broken connection. It ends with --timeout, with Ctrl-C, or when the only connection is deleted."
}

// Run prints the events of a watch.
func (c *watchCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	req := &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: s.project, ResumeToken: c.ResumeToken}
	if c.Connection != "" {
		if req.ConnectionId, err = s.lookup(c.Connection); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancel(s.Ctx)
	defer cancel()
	if s.timeout > 0 { // no deadline, before which connsvc would have the watch resumed
		defer time.AfterFunc(s.timeout, cancel).Stop()
	}
	w := &watcher{session: s, command: c, req: req}
	delay := minResumeDelay
	for {
		seen := w.seen
		err := w.receive(ctx)
		switch {
		case ctx.Err() != nil || w.deleted:
			return nil
		case err == nil: // RECONNECT
			if delay = minResumeDelay; w.seen == seen+1 { // and nothing else
				sleep(ctx, delay)
			}
			continue
		case req.GetResumeToken() != "" && connsvc.Reason(err) == connsvcv1.ErrorReason_VALIDATION_FAILED && c.ResumeToken != req.GetResumeToken():
			s.message("connsvc does not take the resume token any more: the watch starts anew")
			req.ResumeToken = ""
			continue
		case errors.As(err, new(*printError)):
			return err
		case !interrupted(err, w.seen > 0) && !errors.Is(err, io.EOF):
			return fmt.Errorf("watching: %w", err)
		}
		if w.seen > seen {
			delay = minResumeDelay
		}
		s.message("the watch broke, resuming: %v", status.Convert(err).Message())
		retryAfter, _ := connsvc.RetryAfter(err)
		sleep(ctx, max(delay, retryAfter))
		delay = min(2*delay, maxResumeDelay)
	}
}

// A watcher receives events, and remembers where to go on.
type watcher struct {
	*session
	command *watchCommand
	req     *connsvcv1.WatchEnhancedConnectionsRequest
	seen    int  // number of events
	synced  bool // all that existed was printed
	deleted bool // the only connection
}

// A printError is one of printing an event, which the next watch would have, too.
type printError struct{ error }

func (e *printError) Unwrap() error { return e.error }

// receive prints the events of a stream. It returns nil if connsvc says to reconnect.
func (w *watcher) receive(ctx context.Context) error {
	stream, err := w.client.WatchEnhancedConnections(ctx, w.req)
	if err != nil {
		return err
	}
	for {
		event, err := stream.Recv()
		if err != nil {
			return err
		}
		w.seen++
		reconnect := event.GetType() == connsvcv1.WatchEnhancedConnectionsResponse_RECONNECT
		if !reconnect {
			if err := w.print(event); err != nil {
				return &printError{err}
			}
		}
		if event.GetResumeToken() != "" {
			w.req.ResumeToken = event.GetResumeToken()
		}
		if reconnect {
			return nil
		}
		if w.req.GetConnectionId() != "" && event.GetType() == connsvcv1.WatchEnhancedConnectionsResponse_DELETED {
			w.deleted = true
			return nil
		}
	}
}

func (w *watcher) print(event *connsvcv1.WatchEnhancedConnectionsResponse) error {
	if w.command.Output == formatJSON {
		text, err := marshalHostless(event)
		if err != nil {
			return err
		}
		_, err = w.Stdout.Write(append(text, '\n'))
		return err
	}
	switch event.GetType() {
	case connsvcv1.WatchEnhancedConnectionsResponse_HEARTBEAT:
		return nil
	case connsvcv1.WatchEnhancedConnectionsResponse_SYNCED:
		if !w.synced {
			w.message("all connections are printed; changes follow")
		}
		w.synced = true
		return nil
	}
	c := event.GetConnection()
	parts := []string{fmt.Sprintf("%-19s  %-8v  %s", shortTime(event.GetAsOf()), event.GetType(), c.GetId())}
	if c.GetName() != "" { // absent where the watch was broken off when it was deleted
		parts = append(parts, c.GetName())
	}
	if event.GetType() != connsvcv1.WatchEnhancedConnectionsResponse_DELETED {
		parts = append(parts, peeringSummary(c))
	}
	for _, p := range slices.Concat(c.GetAvailableQueueInfo(), c.GetElasticResourcePools()) {
		if p.GetStatus() == connsvcv1.Peering_FAILED {
			parts = append(parts, p.GetName()+": "+p.GetErrMsg())
		}
	}
	_, err := fmt.Fprintln(w.Stdout, clean(strings.Join(parts, "  ")))
	return err
}
