// Package cases plays a table of cases against a policy: who calls what, and whether the
// policy must allow it. It starts nothing and calls nothing.
package cases

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/watch"
)

// A file is a table of cases, and a policy or the name of a configuration that has one.
type file struct {
	Config string    `yaml:"config"`
	Policy yaml.Node `yaml:"policy"`
	Cases  []Case    `yaml:"cases"`
}

// A Case is a call and what is wanted of the policy.
type Case struct {
	Name       string         `yaml:"name"`
	Principal  *principal     `yaml:"principal"` // by default nobody, who sends no credentials
	Method     string         `yaml:"method"`
	Request    map[string]any `yaml:"request"`
	Connection map[string]any `yaml:"connection"` // that the request names
	Now        time.Time      `yaml:"now"`
	Want       string         `yaml:"want"` // ALLOW or DENY
	Rule       string         `yaml:"rule"` // that must decide; empty: any
}

// A principal is who calls.
type principal struct {
	ID         string            `yaml:"id"`
	Kind       call.Kind         `yaml:"kind"`
	Groups     []string          `yaml:"groups"`
	Attributes map[string]string `yaml:"attributes"`
}

// A Table is cases and their policy.
type Table struct {
	policy *policy.Policy
	cases  []Case
}

// Parse reads a table from the content of path. A configuration that it names is read from
// the folder of path.
func Parse(path string, data []byte) (*Table, error) {
	var f file
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if !errors.Is(d.Decode(&yaml.Node{}), io.EOF) {
		return nil, fmt.Errorf("%s: only one YAML document is allowed", path)
	}
	cfg, err := f.load(path, data)
	if err != nil {
		return nil, err
	}
	if cfg.GetPolicy() == nil || len(f.Cases) == 0 {
		return nil, fmt.Errorf("%s: it needs cases, and policy or a config with one", path)
	}
	p, problems := policy.Compile(cfg.GetPolicy())
	return &Table{p, f.Cases}, policy.Error(problems)
}

func (f *file) load(path string, data []byte) (*configv1.Config, error) {
	switch {
	case f.Config != "" && !f.Policy.IsZero():
		return nil, fmt.Errorf("%s: config and policy are both set: only one is allowed", path)
	case f.Config == "":
		return config.Parse(path, onlyPolicy(data))
	}
	return config.Load(watch.Path(filepath.Dir(path), f.Config))
}

// onlyPolicy makes a configuration of a table: lines of other keys become empty, so that
// errors have the lines of the table.
func onlyPolicy(data []byte) []byte {
	lines := strings.Split(string(data), "\n")
	within := false
	for i, line := range lines {
		if line != "" && !strings.ContainsAny(line[:1], " \t#-") {
			within = strings.HasPrefix(line, "policy:")
		}
		if !within {
			lines[i] = ""
		}
	}
	return []byte(strings.Join(append(lines, `upstreams: [{endpoint: "http://127.0.0.1:1", token: {env: NONE}}]`), "\n"))
}

// Play plays all cases and writes a line for each. It returns how many failed.
func (t *Table) Play(ctx context.Context, w io.Writer) (failed int) {
	for i, c := range t.cases {
		name := c.Name
		if name == "" {
			name = fmt.Sprintf("case %d", i+1)
		}
		got, err := t.decide(ctx, c)
		switch {
		case err != nil:
			failed++
			fmt.Fprintf(w, "FAIL  %s: %v\n", name, err)
		case got.word() != c.Want || c.Rule != "" && got.Rule != c.Rule:
			failed++
			fmt.Fprintf(w, "FAIL  %s: got %s, want %s\n", name, got, wanted(c))
		default:
			fmt.Fprintf(w, "ok    %s: %s\n", name, got)
		}
	}
	fmt.Fprintf(w, "%d cases, %d failed\n", len(t.cases), failed)
	return failed
}

func wanted(c Case) string {
	if c.Rule == "" {
		return c.Want
	}
	return c.Want + " by rule " + c.Rule
}

// A decision prints itself.
type decision struct{ policy.Decision }

func (d decision) word() string {
	if d.Allowed {
		return "ALLOW"
	}
	return "DENY"
}

// String returns the decision as a person reads it.
func (d decision) String() string {
	text := d.word() + ", as no rule applies"
	if d.Rule != "" {
		text = d.word() + " by rule " + d.Rule
	}
	if d.Err != nil {
		text += ", which cannot be evaluated: " + d.Err.Error()
	}
	return text
}

var errNoConnection = errors.New("a rule needs the connection: the case must have one")

func (t *Table) decide(ctx context.Context, c Case) (decision, error) {
	var errs problems
	if !slices.Contains([]string{"ALLOW", "DENY"}, c.Want) {
		errs.add(errors.New("want must be ALLOW or DENY"))
	}
	caller, err := c.Principal.caller()
	errs.add(err)
	connection := &connsvcv1.EnhancedConnection{}
	errs.add(fill("connection", connection, c.Connection))
	request, err := policy.NewRequest(c.Method)
	if errs.add(err); err == nil {
		errs.add(fill("request", request, c.Request))
		if c.Connection != nil && request.ProtoReflect().Descriptor().Fields().ByName("connection_id") == nil {
			errs.add(fmt.Errorf("connection has no effect: %s names none", c.Method))
		}
	}
	if errs != nil {
		return decision{}, errs
	}
	d := t.policy.Decide(ctx, policy.Input{
		Principal: caller, Method: c.Method, Request: request, Now: c.Now,
		Connection: func(context.Context) (*connsvcv1.EnhancedConnection, error) {
			if c.Connection == nil {
				return nil, errNoConnection
			}
			return connection, nil
		},
	})
	return decision{d}, d.Lookup
}

// problems are what is wrong with a case, on one line.
type problems []string

func (p *problems) add(err error) {
	if err != nil {
		*p = append(*p, err.Error())
	}
}

// Error returns all of them.
func (p problems) Error() string { return strings.Join(p, "; ") }

// caller returns the principal as a call has it.
func (p *principal) caller() (*call.Principal, error) {
	switch {
	case p == nil:
		return call.Nobody, nil
	case !slices.Contains(call.Kinds[:], p.Kind):
		return nil, fmt.Errorf("principal.kind must be one of %v, but is %q", call.Kinds, p.Kind)
	case p.Kind != call.Anonymous:
		return call.NewPrincipal(p.Kind, p.ID, p.Groups, p.Attributes), nil
	case p.ID != "" && p.ID != call.Nobody.ID || len(p.Groups)+len(p.Attributes) > 0:
		return nil, fmt.Errorf("principal: the kind anonymous has the ID %s, no groups and no attributes", call.Nobody.ID)
	}
	return call.Nobody, nil
}

// fill reads a message from its JSON form.
func fill(what string, m proto.Message, from map[string]any) error {
	text, err := json.Marshal(from)
	if err == nil && from != nil {
		err = protojson.Unmarshal(text, m)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
