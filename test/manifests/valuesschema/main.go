// Command valuesschema writes the schema of the chart's values: the chart's own
// keys, from values.schema.base.json, with Kubernetes' types as definitions, and
// below "config" the schema that "connsvc config schema" prints, from standard input.
// The bounds of durations, which JSON Schema cannot compare, it writes into a file that
// the chart's templates read.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: connsvc config schema | valuesschema BASE OUTPUT DURATIONS")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "valuesschema:", err)
		os.Exit(1)
	}
}

func run(config io.Reader, base, output, durations string) error {
	text, err := os.ReadFile(base)
	if err != nil {
		return err
	}
	var chart map[string]any
	if err := json.Unmarshal(text, &chart); err != nil {
		return fmt.Errorf("reading %s: %w", base, err)
	}
	var schema map[string]any
	if err := json.NewDecoder(config).Decode(&schema); err != nil {
		return fmt.Errorf("reading the schema of the configuration: %w", err)
	}
	if schema["$schema"] != chart["$schema"] {
		return fmt.Errorf("the configuration's schema is of %v, the chart's of %v", schema["$schema"], chart["$schema"])
	}
	properties, ok := chart["properties"].(map[string]any)
	if !ok {
		return fmt.Errorf("%s has no properties", base)
	}
	delete(schema, "$schema")
	properties["config"] = schema
	if chart["definitions"], err = definitions(); err != nil {
		return err
	}
	if err := write(output, chart); err != nil {
		return err
	}
	bounds := make(map[string]bound)
	addBounds(bounds, "", schema)
	return write(durations, bounds)
}

func write(name string, content any) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(content); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o644)
}

// A bound is the range of a duration.
type bound struct {
	Above string `json:"above,omitempty"`
	Least string `json:"least,omitempty"`
	Most  string `json:"most,omitempty"`
}

// addBounds adds the bounds of the durations at and below a key, by their paths, such as
// upstreams[].timeout.
func addBounds(all map[string]bound, path string, schema map[string]any) {
	above, _ := schema["x-above"].(string)
	least, _ := schema["x-least"].(string)
	most, _ := schema["x-most"].(string)
	if b := (bound{above, least, most}); b != (bound{}) {
		all[path] = b
	}
	properties, _ := schema["properties"].(map[string]any)
	for name, below := range properties {
		if path != "" {
			name = path + "." + name
		}
		addBounds(all, name, below.(map[string]any))
	}
	if items, ok := schema["items"].(map[string]any); ok {
		addBounds(all, path+"[]", items)
	}
}
