package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

const configProto = "proto/connsvc/config/v1/config.proto"

var (
	quoted    = regexp.MustCompile(`"[^"]*"`)
	blockLine = regexp.MustCompile(`^(message|enum|oneof) (\w+) \{`)
	fieldLine = regexp.MustCompile(`^(?:(?:repeated|optional) )?(?:[\w.]+ )?(\w+) = \d+`)
)

// protoComments returns the comments of the configuration's messages, enums, fields
// and values, which generated Go lacks. A value's name starts with its enum's.
func protoComments() (map[protoreflect.FullName]string, error) {
	source, err := os.ReadFile(configProto)
	if err != nil {
		return nil, err
	}
	all := make(map[protoreflect.FullName]string)
	blocks := []string{"connsvc.config.v1"} // those open; "" for one that is not part of names
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
		return nil, fmt.Errorf("%s: %q are open at the end", configProto, blocks)
	}
	return all, nil
}
