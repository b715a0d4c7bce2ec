package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// The formats of output.
const (
	formatTable = "table"
	formatJSON  = "json"
	formatYAML  = "yaml"
	formatName  = "name"
	formatID    = "id"
)

// output is the flag of commands that print data.
type output struct {
	Output string `short:"o" enum:"table,json,yaml" default:"table" help:"Format of the output: table, json or yaml (${default})."`
}

// connectionOutput is the flag of commands that print connections.
type connectionOutput struct {
	Output string `short:"o" enum:"table,json,yaml,name,id" default:"table" help:"Format of the output: table, json, yaml, or only name or id (${default})."`
}

// PrintJSON prints a message as indented JSON, with DLI's names of the fields and times of
// RFC 3339. An empty list of hosts is left out, as connsvc may not have sent them.
func PrintJSON(w io.Writer, m proto.Message) error {
	text, err := marshalHostless(m)
	if err != nil {
		return err
	}
	return printJSON(w, formatJSON, text)
}

// printMessage prints a message as JSON or YAML.
func (s *session) printMessage(format string, m proto.Message) error {
	text, err := marshal(m)
	if err != nil {
		return err
	}
	return printJSON(s.Stdout, format, text)
}

// printHostless is printMessage of connections that connsvc sends without their hosts.
func (s *session) printHostless(format string, m proto.Message) error {
	text, err := marshalHostless(m)
	if err != nil {
		return err
	}
	return printJSON(s.Stdout, format, text)
}

// marshal returns a message as compact JSON. It has empty lists, false and other zero values, so
// that a program finds each field.
func marshal(m proto.Message) ([]byte, error) {
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer // protojson varies its spaces on purpose
	err = json.Compact(&compact, text)
	return compact.Bytes(), err
}

// marshalHostless is marshal without empty lists of hosts: that a connection has none is not
// known. Within a string the quotes of the key would be escaped.
func marshalHostless(m proto.Message) ([]byte, error) {
	text, err := marshal(m)
	return bytes.ReplaceAll(text, []byte(`"hosts":[],`), nil), err
}

// printValue prints a value of encoding/json as JSON or YAML.
func (s *session) printValue(format string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return printJSON(s.Stdout, format, text)
}

// printJSON prints JSON text as YAML, or indented.
func printJSON(w io.Writer, format string, text []byte) error {
	var out bytes.Buffer
	if format == formatYAML {
		if err := toYAML(&out, text); err != nil {
			return err
		}
	} else {
		if err := json.Indent(&out, text, "", "  "); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	_, err := out.WriteTo(w)
	return err
}

// toYAML writes JSON text as YAML, its keys in the same order.
func toYAML(w io.Writer, text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	document, err := yamlNode(decoder)
	if err != nil {
		return err
	}
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	return encoder.Encode(document)
}

// yamlNode returns the next value of JSON, or the next key of an object.
func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch value := token.(type) {
	case json.Delim:
		node := &yaml.Node{Kind: yaml.MappingNode}
		if value == '[' {
			node.Kind = yaml.SequenceNode
		}
		for d.More() {
			child, err := yamlNode(d)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		_, err := d.Token() // that ends it
		return node, err
	case string:
		node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
		if looksOtherwise.MatchString(value) || strings.ContainsFunc(value, unicode.IsControl) {
			node.Style = yaml.DoubleQuotedStyle
		}
		return node, nil
	default: // a number, a boolean or null
		if value == nil {
			value = "null"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(value)}, nil
	}
}

// looksOtherwise matches strings that are no strings to a reader of YAML 1.1, as PyYAML is: a
// connection can have the name on, or 1_0. The encoder itself quotes by YAML 1.2.
var looksOtherwise = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null|~|=|<<` + // words
	`|[-+]?[0-9][0-9_]*(:[0-9_]+)*(\.[0-9_]*)?(e[-+]?[0-9]+)?|[-+]?\.[0-9_]+(e[-+]?[0-9]+)?|[-+]?0[box][0-9a-f_]+|[-+]?\.(inf|nan)` + // numbers
	`|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*)$`) // times

// A table prints aligned columns.
type table struct {
	w    io.Writer
	rows [][]string
}

func (s *session) table(header ...string) *table {
	t := &table{w: s.Stdout}
	if len(header) > 0 {
		t.row(header...)
	}
	return t
}

func (t *table) row(cells ...string) {
	for i := range cells {
		cells[i] = clean(cells[i])
	}
	t.rows = append(t.rows, cells)
}

// flush prints the table.
func (t *table) flush() error {
	var widths []int
	for _, row := range t.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(t.w, out.String())
	return err
}

// clean replaces control characters: a text of DLI must not control the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// message prints a line for a person, on standard error. On a terminal it replaces the line
// of a progress.
func (s *session) message(format string, args ...any) {
	if s.Terminal {
		fmt.Fprint(s.Stderr, clearLine)
	}
	fmt.Fprintln(s.Stderr, clean(fmt.Sprintf(format, args...)))
}

// count returns a number with its noun: "1 host", "20,000 hosts".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// number returns a number as a person reads it: "20,000".
func number(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
