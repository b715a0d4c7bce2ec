package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// maxShown is how many elements of a list a table shows.
const maxShown = 10

type diffCommand struct {
	File []string `short:"f" required:"" sep:"none" placeholder:"FILE" help:"YAML file of connections as they are wanted; - is standard input; repeatable."`
	output
}

// Help documents the file and the exit status.
func (*diffCommand) Help() string {
	return "Changes nothing. " + wantedHelp + "\n\nExit status: 0 no difference; 2 a difference; 1 a project could not be compared."
}

const wantedHelp = `The file has the keys project (optional) and connections, a list with the fields of EnhancedConnectionSpec:
name, dest_vpc_id, dest_network_id, queues, elastic_resource_pools, hosts, routes, granted_project_ids, tags, allow_empty.
A list that is not there is not compared and not changed.`

// Run compares connections with how they are wanted.
func (c *diffCommand) Run(p *Process, connections *Connections) error {
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
	found := struct {
		Different   bool              `json:"different"`
		Differences []json.RawMessage `json:"differences"`
	}{Differences: []json.RawMessage{}}
	for _, w := range all {
		differences, err := s.compare(w)
		if err != nil {
			errs = append(errs, Explain(err))
			continue
		}
		for _, d := range differences {
			found.Different = found.Different || d.GetKind() != connsvcv1.ConnectionDifference_SAME
			if c.Output == formatTable {
				fmt.Fprintf(s.Stdout, "%s: %s\n", clean(d.GetName()), verdict(d.GetKind()))
				errs = append(errs, s.differenceTable(d))
				continue
			}
			found.Differences = append(found.Differences, withProject(w.project, d))
		}
	}
	if c.Output != formatTable {
		errs = append(errs, s.printValue(c.Output, found))
	}
	if err := errors.Join(errs...); err != nil || !found.Different {
		return err
	}
	return &ExitError{Status: ExitDifferent}
}

// verdict is the word for a comparison. The kinds of the contract are words for what an apply
// does, which has not happened.
func verdict(kind connsvcv1.ConnectionDifference_Kind) string {
	switch kind {
	case connsvcv1.ConnectionDifference_CHANGED:
		return "differs"
	case connsvcv1.ConnectionDifference_REPLACED:
		return "needs replacement"
	default:
		return words(kind) // same, missing, ambiguous
	}
}

// withProject returns a difference as JSON with the ID of its project.
func withProject(project string, d *connsvcv1.ConnectionDifference) json.RawMessage {
	return fmt.Appendf(nil, `{"project_id":%q,%s`, project, message(d)[1:])
}

// differenceTable prints the fields of a difference: + is wanted and not there, - is there
// and not wanted.
func (s *session) differenceTable(d *connsvcv1.ConnectionDifference) error {
	t := s.table()
	for _, f := range d.GetFields() {
		if len(f.GetToAdd()) > 0 {
			t.row("  "+f.GetField(), "+ "+elements(f.GetToAdd(), int(f.GetAddCount())))
		}
		if len(f.GetToRemove()) > 0 {
			t.row("  "+f.GetField(), "- "+elements(f.GetToRemove(), int(f.GetRemoveCount())))
		}
	}
	return t.flush()
}

// elements returns the first elements of a list, and how many of its total follow.
func elements(list []string, total int) string {
	shown := list[:min(len(list), maxShown)]
	text := strings.Join(shown, ", ")
	if more := max(total, len(list)) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %s more", number(more))
	}
	return text
}
