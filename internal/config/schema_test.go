package config_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/config"
)

// The forms of values that are strings in YAML. Patterns must do without what Go's
// regular expressions lack: Helm is written in Go.
const (
	durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`
	bytesPattern    = `^[0-9]+([kMG]|[KMG]i)?$`
	endpointPattern = `^https?://[^/?#@\s]+(/[^?#\s]*)?$`
	addressPattern  = `:[0-9]{1,5}$`
)

// matchesCall is a rule in CEL that is a pattern alone.
var matchesCall = regexp.MustCompile(`^this\.matches\('([^']*)'\)$`)

// A schema is a JSON Schema, of the keywords that draft-07 has and Helm knows.
type schema struct {
	Schema               string             `json:"$schema,omitempty"`
	Title                string             `json:"title,omitempty"`
	Description          string             `json:"description,omitempty"`
	Type                 any                `json:"type,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties *bool              `json:"additionalProperties,omitempty"`
	OneOf                []*schema          `json:"oneOf,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	MinItems             uint64             `json:"minItems,omitempty"`
	UniqueItems          bool               `json:"uniqueItems,omitempty"`
	MinLength            uint64             `json:"minLength,omitempty"`
	Pattern              string             `json:"pattern,omitempty"`
	Format               string             `json:"format,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	Minimum              *int64             `json:"minimum,omitempty"`
	Maximum              *int64             `json:"maximum,omitempty"`
	Default              any                `json:"default,omitempty"`
	Examples             []any              `json:"examples,omitempty"`
}

// schemaOf returns the schema of a mapping with a key's keys.
func schemaOf(k *key) *schema {
	s := &schema{Type: "object", Properties: make(map[string]*schema), AdditionalProperties: new(bool)}
	for _, child := range k.keys {
		s.Properties[child.name()] = childSchema(child)
		if mustBeSet(child) {
			s.Required = append(s.Required, child.name())
		}
	}
	oneofs := k.message.Oneofs()
	for i := range oneofs.Len() {
		if oneof := oneofs.Get(i); !oneof.IsSynthetic() { // each is required
			for _, child := range k.keys {
				if child.field.ContainingOneof() == oneof {
					s.OneOf = append(s.OneOf, &schema{Required: []string{child.name()}})
				}
			}
		}
	}
	return s
}

func childSchema(k *key) *schema {
	s := &schema{}
	if k.isSection() {
		s = schemaOf(k)
	} else {
		setValue(s, k.field, k.rules)
	}
	if k.field.IsList() {
		s = &schema{Type: "array", Items: s, MinItems: k.rules.GetRepeated().GetMinItems(), UniqueItems: k.rules.GetRepeated().GetUnique()}
		if k.message == nil {
			setRules(s.Items, k.rules.GetRepeated().GetItems())
		}
	}
	s.Description = k.text
	// What no keyword says is said in words.
	for _, rule := range slices.Concat(durationRules(k.rules), celRules(k.rules)) {
		s.Description += " Rule: " + rule + "."
	}
	if k.fallback.IsValid() {
		s.Default = printed(k.field, k.fallback)
	}
	if k.example != nil {
		var example any
		if err := k.example.Decode(&example); err == nil {
			s.Examples = []any{example}
		}
	}
	return s
}

// setValue sets the type of one value, and its rules.
func setValue(s *schema, field protoreflect.FieldDescriptor, rules *validate.FieldRules) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		s.Type, s.Pattern = "string", durationPattern
	case protoreflect.BoolKind:
		s.Type = "boolean"
	case protoreflect.EnumKind:
		s.Type, s.Enum = "string", enumNames(field.Enum())
	case protoreflect.Int32Kind:
		s.Type = "integer"
	case protoreflect.Int64Kind: // bytes, all of them
		s.Type, s.Pattern = []string{"integer", "string"}, bytesPattern
	default:
		s.Type = "string"
	}
	setRules(s, rules)
}

func setRules(s *schema, rules *validate.FieldRules) {
	if r := rules.GetInt32(); r.HasGte() {
		s.Minimum = new(int64(r.GetGte()))
	}
	if r := rules.GetInt32(); r.HasLte() {
		s.Maximum = new(int64(r.GetLte()))
	}
	if r := rules.GetInt64(); r.HasGte() {
		s.Minimum = new(r.GetGte())
	}
	if r := rules.GetInt64(); r.HasLte() {
		s.Maximum = new(r.GetLte())
	}
	if r := rules.GetString(); r != nil {
		s.MinLength = r.GetMinLen()
		s.Pattern = r.GetPattern()
		if r.GetUri() {
			s.Format, s.Pattern = "uri", endpointPattern
		}
	}
	for _, rule := range rules.GetCel() {
		if m := matchesCall.FindStringSubmatch(rule.GetExpression()); m != nil {
			s.Pattern = m[1]
		} else if strings.Contains(rule.GetExpression(), "isHostAndPort(true)") {
			s.Pattern = addressPattern
		}
	}
}

// enumNames returns the values of an enum that mean something.
func enumNames(ed protoreflect.EnumDescriptor) []string {
	var names []string
	for i := 1; i < ed.Values().Len(); i++ {
		names = append(names, string(ed.Values().Get(i).Name()))
	}
	return names
}

// mustBeSet tells whether the rules refuse a file without the key.
func mustBeSet(k *key) bool {
	return k.rules.GetRequired() || k.rules.GetRepeated().GetMinItems() > 0 ||
		!k.field.HasPresence() && k.rules.GetString().GetMinLen() > 0
}

func TestDocsSchema(t *testing.T) {
	root := allKeys(t)
	s := schemaOf(root)
	s.Schema, s.Title, s.Description = "http://json-schema.org/draft-07/schema#", "Configuration of connsvc", root.about
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(s); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("schema.json", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("schema.json is not as the proto says; -update writes it (-want +got):\n%s", diff)
	}
}

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
		upstream + `log: { level: debug }`,
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
