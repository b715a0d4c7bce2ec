package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/connsvc/connsvc/internal/config"
)

// compileSchema compiles a JSON Schema that has another one inside, as the chart's
// has that of the configuration.
func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	inner, err := jsonschema.UnmarshalJSON(strings.NewReader(config.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("values.json", map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema#", "properties": map[string]any{"config": inner},
	}); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("values.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// validateYAML validates a configuration, as the chart's values hold it.
func validateYAML(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return err
	}
	asJSON, err := json.Marshal(map[string]any{"config": value})
	if err != nil {
		return err
	}
	value, err = jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

// TestSchemaTakes wants the schema to take what loads.
func TestSchemaTakes(t *testing.T) {
	s := compileSchema(t)
	paths, err := filepath.Glob("../../examples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "testdata/documented.yaml", "testdata/printed.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := validateYAML(t, s, string(text)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		cfg, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		effective, err := config.Print(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := validateYAML(t, s, string(effective)); err != nil {
			t.Errorf("%s as it is printed: %v", path, err)
		}
	}
}

// TestSchemaRefuses changes one thing of a good file, which both the schema and
// Load refuse then.
func TestSchemaRefuses(t *testing.T) {
	s := compileSchema(t)
	const upstream = `upstreams: [{ endpoint: "https://a", token: { env: T } }]` + "\n"
	if err := validateYAML(t, s, upstream); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"{}",
		"upstreams: []",
		`upstreams: [{ token: { env: T } }]`,
		`upstreams: [{ endpoint: "https://a" }]`,
		`upstreams: [{ endpoint: "https://a", token: { env: T }, access_key: { id: { env: A }, secret: { env: B } } }]`,
		`upstreams: [{ endpoint: "https://a", access_key: { id: { env: A } } }]`,
		`upstreams: [{ endpoint: "ftp://a", token: { env: T } }]`,
		`upstreams: [{ endpoint: "https://u@a", token: { env: T } }]`,
		`upstreams: [{ endpoint: "https://a?b", token: { env: T } }]`,
		`upstreams: [{ endpoint: "https://a", token: {} }]`,
		`upstreams: [{ endpoint: "https://a", token: HIDDEN }]`,
		`upstreams: [{ endpoint: "https://a", token: { env: T, file: t } }]`,
		`upstreams: [{ endpoint: "https://a", token: { env: "1T" } }]`,
		`upstreams: [{ endpoint: "https://a", token: { file: "" } }]`,
		`upstreams: [{ endpoint: "https://a", token: { env: T }, projects: [a-b] }]`,
		`upstreams: [{ endpoint: "https://a", token: { env: T }, projects: [a, a] }]`,
		`upstreams: [{ endpoint: "https://a", token: { env: T }, timeout: 30 }]`,
		`upstreams: [{ endpoint: "https://a", token: { env: T }, timeout: 30x }]`,
		upstream + `grcp: {}`,
		upstream + `grpc: { adress: "127.0.0.1:1" }`,
		upstream + `grpc: { address: "127.0.0.1" }`,
		upstream + `grpc: { allow_plaintext: "perhaps" }`,
		upstream + `limits: { max_calls: -1 }`,
		upstream + `limits: { max_calls: many }`,
		upstream + `limits: { max_request_bytes: 1073741825 }`,
		upstream + `limits: { max_request_bytes: 1MB }`,
		upstream + `log: { level: loud }`,
		upstream + `shutdown: { timeout: soon }`,
	} {
		if err := validateYAML(t, s, text); err == nil {
			t.Errorf("the schema takes %s", text)
		}
		if _, err := load(t, text); err == nil {
			t.Errorf("loaded %s", text)
		}
	}
}
