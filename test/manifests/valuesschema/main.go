// Command valuesschema writes the schema of the chart's values: the chart's own
// keys, from values.schema.base.json, with Kubernetes' types as definitions, and
// below "config" the schema that "connsvc config schema" prints, from standard input.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: connsvc config schema | valuesschema BASE OUTPUT")
		os.Exit(2)
	}
	if err := run(os.Stdin, os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "valuesschema:", err)
		os.Exit(1)
	}
}

func run(config io.Reader, base, output string) error {
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
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(chart); err != nil {
		return err
	}
	return os.WriteFile(output, out.Bytes(), 0o644)
}
