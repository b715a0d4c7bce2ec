package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	keyPath = regexp.MustCompile(`^([a-z_][a-z0-9_]*(?:\[\d+\])?(?:\.[a-z_][a-z0-9_]*(?:\[\d+\])?)*): `)
	keyStep = regexp.MustCompile(`[a-z_][a-z0-9_]*|\d+`)
)

// Locate puts the place in the file before each line of err that begins with a key, as in
// "upstreams[0].token: ...". data is the content of path.
func Locate(path string, data []byte, err error) error {
	if err == nil {
		return nil
	}
	var document yaml.Node
	if yaml.Unmarshal(normalizeLines(data), &document) != nil || len(document.Content) == 0 {
		return err
	}
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if m := keyPath.FindStringSubmatch(line); m != nil {
			at := nodeAt(document.Content[0], keyStep.FindAllString(m[1], -1))
			line = fmt.Sprintf("%s:%d:%d: %s", path, at.Line, at.Column, line)
		}
		lines = append(lines, line)
	}
	return errors.New(strings.Join(lines, "\n"))
}

// nodeAt returns the node at a path, or the last one on the way there.
func nodeAt(node *yaml.Node, path []string) *yaml.Node {
	for _, step := range path {
		next := child(node, step)
		if next == nil {
			break
		}
		node = next
	}
	return node
}

func child(node *yaml.Node, step string) *yaml.Node {
	if i, err := strconv.Atoi(step); err == nil && node.Kind == yaml.SequenceNode && i < len(node.Content) {
		return node.Content[i]
	}
	for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == step {
			return node.Content[i+1]
		}
	}
	return nil
}
