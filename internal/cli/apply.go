package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/gen/go/connsvc"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

type applyCommand struct {
	File         []string `short:"f" required:"" sep:"none" placeholder:"FILE" help:"YAML file of connections as they are wanted; - is standard input; repeatable."`
	DryRun       bool     `help:"Show the steps, and change nothing."`
	AllowReplace bool     `help:"Allow that a connection to another VPC or network is deleted and created anew, which cuts its queues off meanwhile."`
	output
}

// Help documents the file.
func (*applyCommand) Help() string {
	return "Compares first, and changes what differs. If one connection fails, the others are still applied; the same apply goes on where it ended.\n\n" + wantedHelp
}

// An applied is what became of a connection. It is the JSON of apply.
type applied struct {
	Project      string            `json:"project_id"`
	Name         string            `json:"name"`
	ConnectionID string            `json:"connection_id,omitempty"`
	Outcome      string            `json:"outcome"` // same, created, changed, replaced, failed, or in a dry run refused
	Difference   json.RawMessage   `json:"difference,omitempty"`
	Steps        []json.RawMessage `json:"steps"`
	Warning      string            `json:"warning,omitempty"`
	Error        *appliedError     `json:"error,omitempty"`

	steps []*connsvcv1.ApplyStep
	err   error
}

type appliedError struct {
	Code    string `json:"code"`
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message"`
}

// Run makes connections as they are wanted.
func (c *applyCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.open(p)
	if err != nil {
		return err
	}
	defer s.close()
	all, err := s.readWanted(c.File, connections.Project)
	if err != nil {
		return err
	}
	var errs []error
	results := []applied{}
	for _, w := range all {
		differences, err := s.compare(w)
		if err != nil {
			errs = append(errs, Explain(err))
			continue
		}
		for i, d := range differences {
			result := applied{Project: w.project, Name: d.GetName(), ConnectionID: d.GetConnectionId(), Outcome: "same", Steps: []json.RawMessage{}}
			if d.GetKind() != connsvcv1.ConnectionDifference_SAME {
				result = c.apply(s, w.project, w.specs[i], d)
			}
			if result.err != nil {
				errs = append(errs, c.explain(result.err))
			}
			if results = append(results, result); c.Output == formatTable {
				errs = append(errs, c.print(s, &result))
			}
		}
	}
	if c.Output != formatTable {
		errs = append(errs, s.printValue(c.Output, struct {
			DryRun      bool      `json:"dry_run"`
			Connections []applied `json:"connections"`
		}{c.DryRun, results}))
	}
	return errors.Join(errs...)
}

// apply applies one connection that differs.
func (c *applyCommand) apply(s *session, project string, spec *connsvcv1.EnhancedConnectionSpec, d *connsvcv1.ConnectionDifference) applied {
	busy := s.busy("applying %s", spec.GetName())
	defer busy.stop()
	ctx, cancel := s.call()
	defer cancel()
	resp, err := s.client.ApplyEnhancedConnection(ctx, &connsvcv1.ApplyEnhancedConnectionRequest{
		ProjectId: project, Connection: spec, ValidateOnly: c.DryRun, AllowReplace: c.AllowReplace,
	})
	result := applied{Project: project, Name: spec.GetName(), ConnectionID: resp.GetConnectionId(), Warning: resp.GetWarning(), steps: resp.GetSteps()}
	switch {
	case err != nil:
		result.Outcome, result.err = "failed", fmt.Errorf("applying connection %q: %w", spec.GetName(), err)
		result.ConnectionID, result.steps = d.GetConnectionId(), report(err).GetSteps()
		result.Error = &appliedError{Code: status.Code(err).String(), Message: status.Convert(err).Message()}
		if reason := connsvc.Reason(err); reason != 0 {
			result.Error.Reason = reason.String()
		}
	case !resp.GetChanged() && !c.DryRun:
		result.Outcome = "same" // somebody else has changed it since it was compared
	default:
		if resp.GetDifference() != nil {
			d = resp.GetDifference()
		}
		result.Outcome = outcomes[d.GetKind()]
		// The one warning of a replacement says why apply refuses it.
		if d.GetKind() == connsvcv1.ConnectionDifference_REPLACED && c.DryRun && (!c.AllowReplace || resp.GetWarning() != "") {
			result.Outcome = refused
		}
		if result.Outcome == refused {
			result.err = fmt.Errorf("connection %q would be refused: %s", spec.GetName(), cmp.Or(clean(resp.GetWarning()), "see --allow-replace"))
		}
	}
	result.Difference, result.Steps = message(d), []json.RawMessage{}
	for _, step := range result.steps {
		result.Steps = append(result.Steps, message(step))
	}
	return result
}

// explain is Explain of an apply, whose steps are printed.
func (c *applyCommand) explain(err error) error {
	explained := explain(err, false)
	if code := status.Code(err); code == codes.DeadlineExceeded || code == codes.Canceled {
		explained = fmt.Errorf("%w\n  the same apply goes on from there", explained)
	}
	return explained
}

const refused = "refused"

// outcomes are the words for what is done, or would be done.
var outcomes = map[connsvcv1.ConnectionDifference_Kind]string{
	connsvcv1.ConnectionDifference_SAME:      "same",
	connsvcv1.ConnectionDifference_MISSING:   "created",
	connsvcv1.ConnectionDifference_CHANGED:   "changed",
	connsvcv1.ConnectionDifference_REPLACED:  "replaced",
	connsvcv1.ConnectionDifference_AMBIGUOUS: refused,
}

// message returns a message as JSON.
func message(m proto.Message) json.RawMessage {
	text, _ := marshal(m) // fails for invalid UTF-8, which gRPC does not deliver
	return text
}

func (c *applyCommand) print(s *session, a *applied) error {
	outcome := a.Outcome
	if c.DryRun && a.err == nil && outcome != "same" {
		outcome = "to be " + outcome
	}
	fmt.Fprintf(s.Stdout, "%s: %s\n", clean(a.Name), outcome)
	if a.Warning != "" && a.err == nil {
		s.message("warning: %s: %s", a.Name, a.Warning)
	}
	t := s.table()
	var unneeded []string
	for _, step := range a.steps {
		state := words(step.GetState())
		switch {
		case step.GetState() == connsvcv1.ApplyStep_NOT_NEEDED:
			unneeded = append(unneeded, words(step.GetAction()))
			continue
		case c.DryRun && step.GetState() == connsvcv1.ApplyStep_LEFT:
			state = "to do"
		}
		t.row("  "+state, words(step.GetAction()), stepSubject(step))
	}
	if err := t.flush(); err != nil || len(unneeded) == 0 {
		return err
	}
	_, err := fmt.Fprintln(s.Stdout, "  not needed: "+strings.Join(unneeded, ", "))
	return err
}

// stepSubject returns what a step is about: names, or a number.
func stepSubject(step *connsvcv1.ApplyStep) string {
	switch {
	case len(step.GetNames()) > 0:
		return elements(step.GetNames(), int(step.GetCount()))
	case step.GetCount() > 0 && step.GetAction() == connsvcv1.ApplyStep_SET_HOSTS:
		return count(int(step.GetCount()), "host")
	case step.GetCount() > 0:
		return number(int(step.GetCount()))
	}
	return ""
}
