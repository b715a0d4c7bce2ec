package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A rule is one that the contract defines itself.
type rule struct{ Reason, Message string }

var ruleForm = regexp.MustCompile(`\bid: "([^"]+)"\s+message: "((?:[^"\\]|\\.)+)"`)

// allRules returns the contract's rules, by their reasons.
func allRules() ([]rule, error) {
	files, err := filepath.Glob("proto/connsvc/v1/*.proto")
	if err != nil {
		return nil, err
	}
	messages := map[string]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, m := range ruleForm.FindAllStringSubmatch(string(source), -1) {
			reason := strings.ToUpper(strings.ReplaceAll(m[1], ".", "_"))
			if other, ok := messages[reason]; ok && other != m[2] {
				return nil, fmt.Errorf("%s has two messages: %q and %q", reason, other, m[2])
			}
			messages[reason] = m[2]
		}
	}
	if len(messages) == 0 {
		return nil, fmt.Errorf("no rule in %q", files)
	}
	var all []rule
	for reason, message := range messages {
		message = strings.ReplaceAll(message, `\"`, `"`)
		all = append(all, rule{reason, strings.ReplaceAll(message, "_", `\_`)})
	}
	slices.SortFunc(all, func(a, b rule) int { return cmp.Compare(a.Reason, b.Reason) })
	return all, nil
}
