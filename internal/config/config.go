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

	"buf.build/go/protovalidate"
	"buf.build/go/protoyaml"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

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
	data, err := watch.ReadArgument(path, stdin, maxFileBytes)
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
	cfg := &configv1.Config{}
	found := unmarshal(data, cfg, check, &keyChecker{})
	return cfg, found
}

// Unmarshal reads another file than a configuration into m, a message of connsvc, and
// checks it by the rules of the schema. data is the content of path. look, which can be nil,
// is called with each mapping and its message and reports further problems. The error is
// that of Load.
func Unmarshal(path string, data []byte, m proto.Message, look Look) error {
	rules, err := protovalidate.New(protovalidate.WithMessages(m), protovalidate.WithDisableLazy())
	if err != nil {
		return fmt.Errorf("creating the validator of %s: %w", path, err)
	}
	if found := unmarshal(data, m, ruleChecker{rules}, &keyChecker{look: look}); len(found) > 0 {
		return found.in(path)
	}
	return nil
}

// A Look looks at a mapping that is read into m, and reports problems at its nodes.
type Look func(m proto.Message, mapping *yaml.Node, report func(at *yaml.Node, text string))

// unmarshal reads data into m and checks it.
func unmarshal(data []byte, m proto.Message, check protoyaml.Validator, keys *keyChecker) problems {
	if !utf8.Valid(data) {
		return problems{{text: "the file is not valid UTF-8"}}
	}
	data = normalizeLines(data)
	found, err := checkDocument(data)
	if err != nil {
		return problems{syntaxProblem(err, data)}
	}
	keys.misspelled = make(map[place]bool)
	options := protoyaml.UnmarshalOptions{Validator: check, CustomUnmarshaler: keys}
	err = options.Unmarshal(data, m)
	found = append(found, keys.found...)
	found.addYAML(err)
	if len(found) == 0 {
		// protoyaml does not validate an empty file.
		found.addViolations(check.Validate(m))
	}
	return found.sorted().distinct(keys.misspelled)
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
