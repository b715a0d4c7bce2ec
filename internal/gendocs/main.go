// Command gendocs writes the documents, the JSON Schema and the clients' service config,
// which are made from the protos, the examples and the error map. It runs in the root of the repository.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

// The files that are generated, whole or in part.
const (
	errorPage    = "docs/errors.md"
	configPage   = "docs/configuration.md"
	configSchema = "internal/config/schema.json"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: gendocs, in the root of the repository") }
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gendocs:", err)
		os.Exit(1)
	}
}

func run() error {
	files, err := generate()
	if err != nil {
		return err
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	return nil
}

// generate returns the text of each generated file.
func generate() (map[string]string, error) {
	errorsText, errorsErr := renderErrorPage()
	root, err := allKeys()
	if err := errors.Join(errorsErr, err); err != nil {
		return nil, err
	}
	configText, configErr := renderConfigPage(root)
	schemaText, schemaErr := renderSchema(root)
	serviceText, serviceErr := renderServiceConfig()
	files := map[string]string{errorPage: errorsText, configPage: configText, configSchema: schemaText}
	for _, path := range serviceConfigs {
		files[path] = serviceText
	}
	return files, errors.Join(configErr, schemaErr, serviceErr)
}
