package contract_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readYAML returns the documents of a file in the types of encoding/json, so that the
// decoder of cases rejects unknown keys.
//
// Three tags abbreviate long values:
//
//	!repeat [3, ab]       "ababab"
//	!join [a, !repeat …]  the texts, one after the other
//	!list [3, {name: h#}] three values, # counting from 0
func readYAML(path string) ([]any, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var docs []any
	for d := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var node yaml.Node
		if err := d.Decode(&node); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		doc, err := value(&node)
		if err != nil {
			return nil, fmt.Errorf("%s:%w", path, err)
		}
		if doc != nil {
			docs = append(docs, doc)
		}
	}
}

func value(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		return value(n.Content[0])
	case yaml.AliasNode:
		return value(n.Alias)
	case yaml.MappingNode:
		return mapping(n)
	case yaml.SequenceNode:
		items := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := value(c)
			if err != nil {
				return nil, err
			}
			items = append(items, v)
		}
		return generate(n, items)
	default:
		return scalar(n)
	}
}

func mapping(n *yaml.Node) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if _, twice := m[key]; twice || n.Content[i].Tag == "!!merge" {
			return nil, fmt.Errorf("%d: key %q is a duplicate or a merge", n.Content[i].Line, key)
		}
		v, err := value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		m[key] = v
	}
	return m, nil
}

func scalar(n *yaml.Node) (any, error) {
	switch n.Tag {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strconv.ParseBool(n.Value)
	case "!!int", "!!float":
		return json.Number(n.Value), nil
	case "!!str":
		return n.Value, nil
	default:
		return nil, fmt.Errorf("%d: a value of tag %s", n.Line, n.Tag)
	}
}

func generate(n *yaml.Node, items []any) (any, error) {
	if n.Tag == "!!seq" {
		return items, nil
	}
	if n.Tag == "!join" {
		var b strings.Builder
		for _, item := range items {
			fmt.Fprint(&b, item)
		}
		return b.String(), nil
	}
	times, err := strconv.Atoi(fmt.Sprint(items[0]))
	if err != nil || len(items) != 2 {
		return nil, fmt.Errorf("%d: %s takes a number and a value", n.Line, n.Tag)
	}
	switch n.Tag {
	case "!repeat":
		return strings.Repeat(fmt.Sprint(items[1]), times), nil
	case "!list":
		list := make([]any, times)
		for i := range list {
			list[i] = counted(items[1], strconv.Itoa(i))
		}
		return list, nil
	default:
		return nil, fmt.Errorf("%d: unknown tag %s", n.Line, n.Tag)
	}
}

func counted(v any, count string) any {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "#", count)
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			m[key] = counted(item, count)
		}
		return m
	default:
		return v
	}
}
