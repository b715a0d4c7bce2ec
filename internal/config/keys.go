package config

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// A keyChecker checks the keys of each mapping, in the words of YAML: protoyaml speaks of
// protobuf. It is a protoyaml.CustomUnmarshaler that unmarshals nothing.
type keyChecker struct {
	found      problems
	misspelled map[place]bool // mappings with an unknown key
}

// Unmarshal checks the keys of a mapping, and the forms of their values. It rejects a
// secret that is written into the configuration, without quoting it.
func (k *keyChecker) Unmarshal(node *yaml.Node, m proto.Message) (bool, error) {
	md := m.ProtoReflect().Descriptor()
	if md.ParentFile() != configv1.File_connsvc_config_v1_config_proto {
		return false, nil
	}
	if _, ok := m.(*configv1.Secret); ok && node.Kind == yaml.ScalarNode {
		return false, errors.New("a secret must not be inline: set {env: NAME} or {file: path}")
	}
	if node.Kind != yaml.MappingNode {
		return false, nil
	}
	set := make(map[protoreflect.Name]string) // the first key of each oneof
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field := md.Fields().ByName(protoreflect.Name(key.Value))
		if field == nil {
			k.found.add(key, unknownKey(md, key.Value))
			k.misspelled[place{node.Line, node.Column}] = true
			continue
		}
		k.checkForm(field, value)
		oneof := field.ContainingOneof()
		if oneof == nil || oneof.IsSynthetic() {
			continue
		}
		if other := set[oneof.Name()]; other != "" && other != key.Value {
			k.found.add(key, fmt.Sprintf("%s and %s are both set: only one is allowed", other, key.Value))
		} else {
			set[oneof.Name()] = key.Value
		}
	}
	return false, nil
}

func unknownKey(md protoreflect.MessageDescriptor, key string) string {
	known := make([]string, md.Fields().Len())
	for i := range known {
		known[i] = string(md.Fields().Get(i).Name())
	}
	if near := dlijson.Nearest(key, known); near != "" {
		return fmt.Sprintf("unknown key %q: did you mean %q?", key, near)
	}
	return fmt.Sprintf("unknown key %q: the keys here are %s", key, strings.Join(known, ", "))
}
