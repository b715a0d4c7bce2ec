package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"buf.build/go/protovalidate"
	"go.yaml.in/yaml/v3"
)

// A problem is an error in the configuration and its place; line is 0 if unknown.
type problem struct {
	line, column int
	text         string
	rule         bool // a rule is broken: the value could be read
}

// A place is a line and a column.
type place struct{ line, column int }

func (p problem) place() place { return place{p.line, p.column} }

type problems []problem

// ruleID matches a text of protovalidate, which ends with the rule.
var ruleID = regexp.MustCompile(`\([a-z0-9_.]+\)$`)

// yamlLine matches an error of the YAML parser.
var yamlLine = regexp.MustCompile(`^yaml: line (\d+): (.*)$`)

// unknownAnchor matches the error of the YAML parser for a value that begins with "*". It
// quotes the value, which may be a secret.
var unknownAnchor = regexp.MustCompile(`^yaml: unknown anchor '(.*)' referenced$`)

// syntaxProblem is an error of the YAML parser about data.
func syntaxProblem(err error, data []byte) problem {
	if m := unknownAnchor.FindStringSubmatch(err.Error()); m != nil {
		before, _, _ := bytes.Cut(data, []byte("*"+m[1]))
		column := len(before) - bytes.LastIndexByte(before, '\n')
		return problem{line: bytes.Count(before, []byte("\n")) + 1, column: column, text: "not YAML: put a value that begins with * into quotes"}
	}
	m := yamlLine.FindStringSubmatch(err.Error())
	if m == nil {
		return problem{text: err.Error()}
	}
	line, _ := strconv.Atoi(m[1])
	return problem{line: line, column: 1, text: "not YAML: " + m[2]}
}

func (ps *problems) add(node *yaml.Node, text string) {
	*ps = append(*ps, problem{line: node.Line, column: node.Column, text: text})
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
			p.rule = ruleID.MatchString(p.text)
		}
		if p.text = rewordYAML(p.text); p.text != "" {
			*ps = append(*ps, p)
		}
	}
}

// addViolations adds violations without their lines.
func (ps *problems) addViolations(err error) {
	var violations *protovalidate.ValidationError
	switch {
	case err == nil:
	case errors.As(err, &violations):
		for _, v := range violations.Violations {
			*ps = append(*ps, problem{text: rewordYAML(fmt.Sprintf("%s (%s)", v, v.Proto.GetRuleId()))})
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

// distinct leaves out the consequences of other problems: rules about a value that could
// not be read, keys that are missing because they are misspelled, and what protoyaml says
// of a value that a keyChecker has reported.
func (ps problems) distinct(misspelled map[place]bool) problems {
	unread := make(map[place]bool)
	for _, p := range ps {
		unread[p.place()] = unread[p.place()] || !p.rule
	}
	reported := make(map[place]bool)
	return slices.DeleteFunc(ps, func(p problem) bool {
		if !p.rule && p.line > 0 {
			again := reported[p.place()]
			reported[p.place()] = true
			return again
		}
		missing := strings.HasSuffix(p.text, "(required)") || strings.HasSuffix(p.text, "(string.min_len)")
		return p.rule && p.line > 0 && (unread[p.place()] || misspelled[p.place()] && missing)
	})
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
