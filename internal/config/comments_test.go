package config_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const schemaProto = "../../proto/connsvc/config/v1/config.proto"

var (
	quoted    = regexp.MustCompile(`"[^"]*"`)
	blockLine = regexp.MustCompile(`^(message|enum|oneof) (\w+) \{`)
	fieldLine = regexp.MustCompile(`^(?:(?:repeated|optional) )?(?:[\w.]+ )?(\w+) = \d+`)
)

// protoComments reads what the proto says of messages, enums, fields and values:
// generated Go does not hold it. Values are named as if in their enum.
func protoComments(t *testing.T) map[protoreflect.FullName]string {
	t.Helper()
	source, err := os.ReadFile(schemaProto)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[protoreflect.FullName]string)
	blocks := []string{"connsvc.config.v1"} // open ones; "" where it adds nothing to names
	fullName := func(last string) protoreflect.FullName {
		var parts []string
		for _, block := range append(blocks, last) {
			if block != "" {
				parts = append(parts, block)
			}
		}
		return protoreflect.FullName(strings.Join(parts, "."))
	}
	var comment []string
	for line := range strings.Lines(string(source)) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "// "); ok {
			comment = append(comment, text)
			continue
		}
		opened := ""
		if m := blockLine.FindStringSubmatch(line); m != nil {
			all[fullName(m[2])] = strings.Join(comment, " ")
			if opened = m[2]; m[1] == "oneof" {
				opened = ""
			}
		} else if m := fieldLine.FindStringSubmatch(line); m != nil && len(comment) > 0 {
			all[fullName(m[1])] = strings.Join(comment, " ")
		}
		comment = nil
		line = quoted.ReplaceAllString(line, "")
		for range strings.Count(line, "{") {
			blocks = append(blocks, opened)
			opened = ""
		}
		blocks = blocks[:len(blocks)-strings.Count(line, "}")]
	}
	if len(blocks) != 1 {
		t.Fatalf("%s: %q are open at the end", schemaProto, blocks)
	}
	return all
}
