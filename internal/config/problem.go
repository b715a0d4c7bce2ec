package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"go.yaml.in/yaml/v3"
)

// A problem is an error in the configuration and its place; line is 0 if unknown.
type problem struct {
	line, column int
	text         string
}

type problems []problem

func (ps *problems) add(node *yaml.Node, text string) {
	*ps = append(*ps, problem{node.Line, node.Column, text})
}

// addDuplicates adds keys that a mapping at or below node has more than once.
func (ps *problems) addDuplicates(node *yaml.Node) {
	seen := make(map[string]bool)
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && i%2 == 0 && child.Kind == yaml.ScalarNode {
			if seen[child.Value] {
				ps.add(child, fmt.Sprintf("key %q is set twice", child.Value))
			}
			seen[child.Value] = true
		}
		ps.addDuplicates(child)
	}
}

// addYAML adds the problems that protoyaml found, without the line of the file that
// protoyaml quotes: it may contain a secret.
func (ps *problems) addYAML(err error) {
	if err == nil {
		return
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the outermost error is meant
	if !ok {
		*ps = append(*ps, problem{text: err.Error()})
		return
	}
	for _, err := range joined.Unwrap() {
		var p problem
		p.text = err.Error()
		_, scanErr := fmt.Sscanf(p.text, ":%d:%d ", &p.line, &p.column)
		if cause := errors.Unwrap(err); scanErr == nil && cause != nil {
			p.text = strings.TrimPrefix(cause.Error(), ": ") // a violation without a field starts so
		}
		p.text = rewordYAML(p.text)
		*ps = append(*ps, p)
	}
}

// addViolations adds violations without their lines.
func (ps *problems) addViolations(err error) {
	var violations *protovalidate.ValidationError
	switch {
	case err == nil:
	case errors.As(err, &violations):
		for _, v := range violations.Violations {
			*ps = append(*ps, problem{text: fmt.Sprintf("%s (%s)", v, v.Proto.GetRuleId())})
		}
	default:
		*ps = append(*ps, problem{text: err.Error()})
	}
}

// sorted returns the problems in the order of the file.
func (ps problems) sorted() problems {
	slices.SortStableFunc(ps, func(a, b problem) int {
		return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.column, b.column))
	})
	return ps
}

// in returns the problems as one error, one a line, each starting with its place.
func (ps problems) in(path string) error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		if p.line > 0 {
			errs[i] = fmt.Errorf("%s:%d:%d: %s", path, p.line, p.column, p.text)
		} else {
			errs[i] = fmt.Errorf("%s: %s", path, p.text)
		}
	}
	return errors.Join(errs...)
}
