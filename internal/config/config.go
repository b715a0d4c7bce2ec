// Package config loads connsvc's configuration: YAML, read into the protobuf
// connsvc.config.v1.Config and checked by its protovalidate rules. A Config contains
// no secret, only the places of secrets; Secrets reads them.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"buf.build/go/protoyaml"
	"go.yaml.in/yaml/v3"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

// maxFileBytes limits a configuration file: 1 MiB.
const maxFileBytes = 1 << 20

// Load reads and checks the configuration file at path and fills in the
// defaults. The error joins all problems, each with file, line, column, field and
// rule if known. It reads no secrets, so that a configuration can be checked on
// machines without them.
func Load(path string) (*configv1.Config, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return f.Config(), nil
}

// Read returns the content of a configuration file; "-" is standard input.
func Read(path string, stdin io.Reader) ([]byte, error) {
	var data []byte
	var err error
	if path == "-" {
		if data, err = io.ReadAll(io.LimitReader(stdin, maxFileBytes+1)); err == nil && len(data) > maxFileBytes {
			err = fmt.Errorf("standard input: larger than %d bytes", maxFileBytes)
		}
	} else {
		data, err = watch.ReadFile(path, maxFileBytes)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return data, nil
}

// Parse is Load of content that was read from path.
func Parse(path string, data []byte) (*configv1.Config, error) {
	check, err := newChecker()
	if err != nil {
		return nil, err
	}
	cfg, problems := parse(data, check)
	if len(problems) > 0 {
		return nil, problems.in(path)
	}
	fillDefaults(cfg)
	return cfg, nil
}

// parse reads and checks a configuration, without its defaults.
func parse(data []byte, check checker) (*configv1.Config, problems) {
	if !utf8.Valid(data) {
		return nil, problems{{text: "the file is not valid UTF-8"}}
	}
	data = normalizeLines(data)
	found, err := checkDocument(data)
	if err != nil {
		return nil, problems{syntaxProblem(err, data)}
	}
	cfg := &configv1.Config{}
	keys := &keyChecker{misspelled: make(map[place]bool)}
	options := protoyaml.UnmarshalOptions{Validator: check, CustomUnmarshaler: keys}
	err = options.Unmarshal(data, cfg)
	found = append(found, keys.found...)
	found.addYAML(err)
	if len(found) == 0 {
		// protoyaml does not validate an empty file.
		found.addViolations(check.Validate(cfg))
	}
	return cfg, found.sorted().distinct(keys.misspelled)
}

// normalizeLines ends every line with "\n". protoyaml splits the file there, but
// takes line numbers from the YAML parser, which knows other line ends and counts a
// line after the last.
func normalizeLines(data []byte) []byte {
	return []byte(strings.NewReplacer(
		"\r\n", "\n", "\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n",
	).Replace(string(data)) + "\n")
}

// checkDocument reports what protoyaml accepts silently: duplicate keys and a second
// document.
func checkDocument(data []byte) (problems, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, second yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, err
	}
	var found problems
	found.addDuplicates(&document)
	switch err := decoder.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, err
	default:
		found.add(&second, "only one YAML document is allowed")
	}
	return found, nil
}
