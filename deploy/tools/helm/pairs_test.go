// Package helm_test renders the chart with Helm's library, thousands of times.
package helm_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

const (
	folder = "../../helm/connsvc"
	file   = "connsvc.yaml"
)

// TestPairs renders the chart with every value changed, and with every two changed that
// can contradict each other. connsvc accepts each rendered configuration; all others the
// chart refuses in its own words.
func TestPairs(t *testing.T) {
	c := load(t)
	valid, changes := checkSchema(c), changesOf(c)
	accepted := make(map[[sha256.Size]byte]sample)
	var mu sync.Mutex
	refused := 0
	try := func(changed ...change) {
		text, err := render(c, valid, changed)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			refused++
			if !inOwnWords(err) {
				t.Errorf("%v: %v", changed, err)
			}
			return
		}
		accepted[sha256.Sum256([]byte(text))] = sample{changed, text}
	}
	var pairs [][]change
	for i, a := range changes {
		pairs = append(pairs, []change{a})
		for _, b := range changes[:i] {
			if a.path != b.path && a.near(b) {
				pairs = append(pairs, []change{a, b})
			}
		}
	}
	inParallel(pairs, func(p []change) { try(p...) })
	t.Logf("%d values, %d renderings, of which the chart refuses %d; connsvc checks %d configurations", len(changes), len(pairs), refused, len(accepted))
	checkAll(t, slices.Collect(maps.Values(accepted)))
}

// A sample is a rendered configuration, and the changes that led to it.
type sample struct {
	changed []change
	text    string
}

// A change sets one value.
type change struct {
	path  string // as in config.upstreams[0].timeout
	value any
}

func (c change) String() string {
	value, _ := json.Marshal(c.value)
	return c.path + "=" + string(value)
}

// switches are values on which many others depend.
var switches = regexp.MustCompile(`(^|\.)(enabled|create|secretName|configMapName|tls|auth|anonymous|mtls|restartOnConfigChange|disable_watch|call_timeout|max_calls_bytes|listenAddress|type)$`)

// near reports whether two values can contradict each other: they are of one section, or
// one is a switch and the other of the configuration.
func (c change) near(other change) bool {
	return section(c.path) == section(other.path) || c.switches(other) || other.switches(c)
}

func (c change) switches(other change) bool {
	return switches.MatchString(c.path) && strings.HasPrefix(other.path, "config.")
}

func section(path string) string {
	parts := strings.Split(path, ".")
	return strings.Join(parts[:min(len(parts)-1, 2)], ".")
}

// checkSchema validates values by the schema of the chart, as Helm does.
func checkSchema(c *chart.Chart) func(values any) error {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(c.Schema))
	if err != nil {
		panic(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("values.json", document); err != nil {
		panic(err)
	}
	compiled := compiler.MustCompile("values.json")
	return func(values any) error {
		text, err := json.Marshal(values)
		if err != nil {
			return err
		}
		value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return compiled.Validate(value)
	}
}

// load returns the chart with the templates that the configuration is made of.
func load(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	c.Templates = slices.DeleteFunc(c.Templates, func(f *common.File) bool {
		return !strings.HasSuffix(f.Name, ".tpl") && !strings.HasSuffix(f.Name, "/configmap.yaml")
	})
	return c
}

var base = sync.OnceValues(func() (common.Values, error) {
	return common.ReadValuesFile(folder + "/ci/minimal-values.yaml")
})

// render returns the configuration that the chart makes of the base with changes.
func render(c *chart.Chart, valid func(any) error, changes []change) (string, error) {
	values, err := base()
	if err != nil {
		return "", err
	}
	changed := clone(map[string]any(values)).(map[string]any)
	for _, change := range changes {
		set(changed, change.path, change.value)
	}
	release := common.ReleaseOptions{Name: "connsvc", Namespace: "data", Revision: 1, IsInstall: true}
	// The chart's defaults are merged into the values that it is given.
	all, err := util.ToRenderValuesWithSchemaValidation(c, changed, release, common.DefaultCapabilities, true)
	if err != nil {
		return "", err
	}
	if err := valid(all["Values"]); err != nil {
		return "", err
	}
	rendered, err := engine.Engine{}.RenderWithContext(context.Background(), c, all)
	if err != nil {
		return "", err
	}
	for name, text := range rendered {
		if strings.HasSuffix(name, "/configmap.yaml") {
			_, config, _ := strings.Cut(text, file+": |")
			return unindent(config), nil
		}
	}
	return "", errors.New("no configmap.yaml")
}

// unindent returns a block of YAML as the file that it is.
func unindent(block string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimLeft(block, "-\n")) {
		lines = append(lines, strings.TrimPrefix(line, "    "))
	}
	return strings.Join(lines, "")
}

// inOwnWords reports whether the chart refuses the values, by its schema or by its
// templates: all else is a fault of the templates.
func inOwnWords(err error) bool {
	if errors.As(err, new(*jsonschema.ValidationError)) {
		return true
	}
	text := err.Error()
	_, problems, ok := strings.Cut(text, "): ")
	return ok && strings.HasPrefix(text, "execution error at ") && !strings.Contains(problems, "error calling") &&
		regexp.MustCompile(`^(the variable |[a-z][A-Za-z_.\[\]0-9]*(:| and | needs ))`).MatchString(problems)
}

// checkAll has connsvc check every configuration.
func checkAll(t *testing.T, samples []sample) {
	t.Helper()
	dir := t.TempDir()
	connsvc := filepath.Join(dir, "connsvc")
	if out, err := exec.CommandContext(t.Context(), "go", "-C", "../../..", "build", "-o", connsvc, "./cmd/connsvc").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	args := []string{"config", "check"}
	for i, s := range samples {
		name := filepath.Join(dir, strconv.Itoa(i))
		if err := os.WriteFile(name, []byte(s.text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	var problems bytes.Buffer
	command := exec.CommandContext(t.Context(), connsvc, args...)
	command.Stderr = &problems
	out, err := command.Output()
	if ok := strings.Count(string(out), ": ok\n"); err == nil && ok != len(samples) {
		t.Errorf("%d of %d were checked", ok, len(samples))
	}
	shown := make(map[string]bool) // one sample of each problem
	for line := range strings.Lines(problems.String()) {
		var i, row, column int
		rest, ok := strings.CutPrefix(line, dir+"/")
		if _, err := fmt.Sscanf(rest, "%d:%d:%d:", &i, &row, &column); !ok || err != nil {
			continue
		}
		problem := strings.TrimSpace(strings.TrimPrefix(rest, fmt.Sprintf("%d:%d:%d:", i, row, column)))
		if !shown[problem] {
			t.Errorf("the chart accepts %v, connsvc does not: %s", samples[i].changed, problem)
		}
		shown[problem] = true
	}
	if err != nil && !t.Failed() {
		t.Errorf("%v\n%s", err, problems.String())
	}
}

func inParallel[T any](items []T, do func(T)) {
	next := make(chan T)
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for item := range next {
				do(item)
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	workers.Wait()
}
