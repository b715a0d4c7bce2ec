package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/watch"
)

const (
	// maxFileBytes limits a file of connections or of hosts: 32 MiB.
	maxFileBytes = 32 << 20
	// maxCompared, maxComparedBytes and maxComparedItems limit what one call compares: the
	// contract's limit, half of connsvc's default limit of a request, and less elements of
	// all lists together than the 100,000 that a request may have.
	maxCompared      = 1000
	maxComparedBytes = 8 << 20
	maxComparedItems = 90_000
)

// A wanted is the connections of a project as they are wanted.
type wanted struct {
	project string
	specs   []*connsvcv1.EnhancedConnectionSpec
}

// readWanted reads files of connections. The error has all problems of all files.
func (s *session) readWanted(paths []string, projectFlag string) ([]*wanted, error) {
	var all []*wanted
	var errs []error
	places := make(map[string]string) // by project and name
	for _, path := range paths {
		name, data, err := s.readFile(path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		file, seen := &configv1.Connections{}, outline{}
		if err := config.Unmarshal(name, data, file, seen.look); err != nil {
			errs = append(errs, err)
		}
		project := seen.project
		switch {
		case project == "" && s.project == "" && seen.complete:
			errs = append(errs, usageError("%s: no project: set project in the file, --project, CONNSVC_PROJECT, or project in the context", name))
		case project == "":
			project = s.project
		case projectFlag != "" && projectFlag != project:
			errs = append(errs, usageError("%s: its project is %s, not that of --project", name, project))
		}
		for _, at := range seen.names {
			key, place := project+" "+at.Value, fmt.Sprintf("%s:%d:%d", name, at.Line, at.Column)
			if first := places[key]; first != "" {
				of := ""
				if project != "" {
					of = " of project " + project
				}
				errs = append(errs, fmt.Errorf("%s: connection %q%s is also at %s", place, at.Value, of, first))
			}
			places[key] = place
		}
		all = add(all, project, file.GetConnections())
	}
	return all, errors.Join(errs...)
}

// An outline is what a file says of its project and of names, whatever else is wrong with it.
type outline struct {
	project  string
	complete bool         // the project is not missing because its key is misspelled
	names    []*yaml.Node // of the connections
}

// look is a config.Look. It also reports empty lists.
func (o *outline) look(m proto.Message, mapping *yaml.Node, report func(*yaml.Node, string)) {
	switch m.(type) {
	case *configv1.Connections:
		o.complete = true
		for key, value := range pairs(mapping) {
			switch key {
			case "project":
				o.project = value.Value
			case "connections":
			default:
				o.complete = false
			}
		}
	case *connsvcv1.EnhancedConnectionSpec:
		for key, value := range pairs(mapping) {
			if key == "name" && value.Value != "" {
				o.names = append(o.names, value)
			}
		}
		emptyLists(mapping, report)
	}
}

// add adds connections to those of the same project.
func add(all []*wanted, project string, specs []*connsvcv1.EnhancedConnectionSpec) []*wanted {
	for _, w := range all {
		if w.project == project {
			w.specs = append(w.specs, specs...)
			return all
		}
	}
	return append(all, &wanted{project, specs})
}

// emptyLists reports empty lists that allow_empty does not name: they would be left alone,
// which is not what they seem to say.
func emptyLists(spec *yaml.Node, report func(*yaml.Node, string)) {
	var allowed []string
	for key, value := range pairs(spec) {
		for _, item := range value.Content {
			if key == "allow_empty" {
				allowed = append(allowed, item.Value)
			}
		}
	}
	for key, value := range pairs(spec) {
		switch key {
		case "queues", "elastic_resource_pools", "hosts", "routes", "granted_project_ids":
		default:
			continue
		}
		if (value.Kind == yaml.SequenceNode || value.ShortTag() == "!!null") && len(value.Content) == 0 && !slices.Contains(allowed, key) {
			report(value, key+" is empty and would not be changed: leave it out, or add it to allow_empty to have it emptied")
		}
	}
}

// pairs yields the keys of a mapping and their values.
func pairs(mapping *yaml.Node) func(yield func(string, *yaml.Node) bool) {
	return func(yield func(string, *yaml.Node) bool) {
		for i := 0; i+1 < len(mapping.Content); i += 2 {
			value := mapping.Content[i+1]
			if value.Kind == yaml.AliasNode {
				value = value.Alias
			}
			if !yield(mapping.Content[i].Value, value) {
				return
			}
		}
	}
}

// readFile returns the content of a file, and its name in messages; "-" is standard input.
func (s *session) readFile(path string) (name string, data []byte, err error) {
	data, err = watch.ReadArgument(path, s.Stdin, maxFileBytes)
	return watch.ArgumentName(path), data, err
}

// compare returns the differences of the connections of a project, in their order, by as few
// calls as the limits of a request allow.
func (s *session) compare(w *wanted) ([]*connsvcv1.ConnectionDifference, error) {
	busy := s.busy("comparing %s of project %s", count(len(w.specs), "connection"), w.project)
	defer busy.stop()
	var all []*connsvcv1.ConnectionDifference
	for part := range parts(w.specs) {
		ctx, cancel := s.call()
		resp, err := s.client.CompareEnhancedConnection(ctx, &connsvcv1.CompareEnhancedConnectionRequest{ProjectId: w.project, Connections: part})
		cancel()
		if err != nil {
			return nil, fmt.Errorf("comparing the connections of project %s: %w", w.project, err)
		}
		if len(resp.GetDifferences()) != len(part) {
			return nil, fmt.Errorf("comparing the connections of project %s: connsvc returned %d differences for %s",
				w.project, len(resp.GetDifferences()), count(len(part), "connection"))
		}
		all = append(all, resp.GetDifferences()...)
	}
	return all, nil
}

// parts yields connections in lists that one call can compare.
func parts(specs []*connsvcv1.EnhancedConnectionSpec) func(yield func([]*connsvcv1.EnhancedConnectionSpec) bool) {
	return func(yield func([]*connsvcv1.EnhancedConnectionSpec) bool) {
		start, size, all := 0, 0, 0
		for i, spec := range specs {
			bytes, n := proto.Size(spec), 1+items(spec)
			if i > start && (i-start == maxCompared || size+bytes > maxComparedBytes || all+n > maxComparedItems) {
				if !yield(specs[start:i]) {
					return
				}
				start, size, all = i, 0, 0
			}
			size, all = size+bytes, all+n
		}
		yield(specs[start:])
	}
}

// items returns the number of elements of all lists of a connection.
func items(spec *connsvcv1.EnhancedConnectionSpec) (n int) {
	for field, value := range spec.ProtoReflect().Range {
		if field.IsList() {
			n += value.List().Len()
		}
	}
	return n
}

// words returns the word of an enum as a person reads it: SET_HOSTS is "set hosts".
func words(enum fmt.Stringer) string {
	return strings.ToLower(strings.ReplaceAll(enum.String(), "_", " "))
}
