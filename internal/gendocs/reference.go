package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/connsvc/connsvc/internal/config"
)

// The generated part of the page is between these lines.
const (
	referenceBegin = "<!-- Generated from proto/connsvc/config/v1/config.proto and examples/ by\n     go run ./internal/gendocs -->\n"
	referenceEnd   = "<!-- End of the generated part. -->\n"
)

// renderConfigPage returns the page with its generated part replaced.
func renderConfigPage(root *key) (string, error) {
	page, err := os.ReadFile(configPage)
	if err != nil {
		return "", err
	}
	before, rest, begins := strings.Cut(string(page), referenceBegin)
	_, after, ends := strings.Cut(rest, referenceEnd)
	if !begins || !ends {
		return "", fmt.Errorf("%s lacks the lines\n%s%s", configPage, referenceBegin, referenceEnd)
	}
	return before + referenceBegin + renderReference(root) + referenceEnd + after, nil
}

// A group is the sections of the configuration that have the same keys.
type group struct {
	places []*key
}

// groups returns the sections of the configuration in the order of the schema.
func groups(root *key) []*group {
	var all []*group
	var walk func(k *key)
	walk = func(k *key) {
		for _, child := range k.keys {
			if !child.isSection() {
				continue
			}
			i := slices.IndexFunc(all, func(g *group) bool { return g.places[0].message == child.message })
			if i < 0 {
				i = len(all)
				all = append(all, &group{})
			}
			all[i].places = append(all[i].places, child)
			walk(child)
		}
	}
	walk(root)
	// Secrets are used in many places, so they come last.
	slices.SortStableFunc(all, func(a, b *group) int { return strings.Compare(isSecret(a), isSecret(b)) })
	return all
}

func isSecret(g *group) string {
	if g.places[0].message.Name() == "Secret" {
		return "secret"
	}
	return ""
}

func (g *group) title() string {
	if isSecret(g) != "" {
		return "Secrets"
	}
	titles := make([]string, len(g.places))
	for i, place := range g.places {
		titles[i] = code(place.path)
	}
	return strings.Join(titles, ", ")
}

// anchor returns the anchor that GitHub gives the heading.
func (g *group) anchor() string {
	keep := func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case strings.ContainsRune("`,[].", r):
			return -1
		}
		return r
	}
	return strings.ToLower(strings.Map(keep, g.title()))
}

func renderReference(root *key) string {
	var b strings.Builder
	all := groups(root)
	anchors := make(map[protoreflect.FullName]string)
	for _, g := range all {
		anchors[g.places[0].message.FullName()] = g.anchor()
	}
	b.WriteString("\n| Key | Meaning |\n|---|---|\n")
	for _, k := range root.keys {
		rules := ""
		for _, rule := range celRules(k.rules) {
			rules += " Rule: " + rule + "."
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s |\n", code(k.path), anchors[k.message.FullName()], cell(k.text+rules))
	}
	for _, g := range all {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n", g.title(), g.places[0].about)
		if len(g.places[0].keys) == 0 {
			b.WriteString("\nIt has no keys: write `{}`.\n")
			continue
		}
		b.WriteString("\n| Key | Type and rules | Default | Example | Meaning |\n|---|---|---|---|---|\n")
		for i, k := range g.places[0].keys {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", code(k.name()), cell(typeAndRules(k, anchors)), g.fallback(i), exampleOf(k), cell(meaning(k)))
		}
		if oneof := g.places[0].message.Oneofs(); oneof.Len() > 0 && !oneof.Get(0).IsSynthetic() {
			fmt.Fprintf(&b, "\nExactly one of %s must be set.\n", oneofNames(g.places[0], oneof.Get(0)))
		}
		fmt.Fprintf(&b, "\n%s\n", restarts(g.places))
	}
	return b.String() + "\n"
}

// fallback returns the default of the i-th key, at each place if it differs.
func (g *group) fallback(i int) string {
	var all []string
	same := true
	for _, place := range g.places {
		value := "none"
		switch k := place.keys[i]; {
		case k.fallback.IsValid():
			value = code(fmt.Sprint(printed(k.field, k.fallback)))
		case mustBeSet(k):
			value = "must be set"
		case k.filled && k.field.ContainingOneof() == nil:
			value = "those of its keys"
		}
		same = same && (len(all) == 0 || all[0] == value)
		all = append(all, value)
	}
	if same {
		return all[0]
	}
	for i, place := range g.places {
		all[i] = place.path + " " + all[i]
	}
	return strings.Join(all, ", ")
}

func oneofNames(k *key, oneof protoreflect.OneofDescriptor) string {
	var names []string
	for _, child := range k.keys {
		if child.field.ContainingOneof() == oneof {
			names = append(names, code(child.name()))
		}
	}
	return strings.Join(names, ", ")
}

// restarts returns which keys of a section can be reloaded.
func restarts(places []*key) string {
	var with, without []string
	for _, k := range places[0].keys {
		if reloads(k, places[0].path) {
			with = append(with, code(k.name()))
		} else {
			without = append(without, code(k.name()))
		}
	}
	switch {
	case len(without) == 0:
		return "Changes take effect when the file is [reloaded](#reloading-the-file)."
	case len(with) == 0:
		return "Changes need a restart."
	default:
		return strings.Join(with, ", ") + ": changes take effect when the file is [reloaded](#reloading-the-file). The others need a restart."
	}
}

// reloads reports whether a key, or the section it is in, is reloadable.
func reloads(k *key, below string) bool {
	return slices.Contains(config.Reloadable(), k.field.FullName()) || strings.HasPrefix(below, "upstreams")
}

func typeAndRules(k *key, anchors map[protoreflect.FullName]string) string {
	parts := []string{typeOf(k, anchors)}
	rules := k.rules
	if r := rules.GetRepeated(); r.GetUnique() {
		parts = append(parts, "each once")
	}
	if r := rules.GetInt32(); r != nil {
		parts = append(parts, integerRules(int64(r.GetGte()), int64(r.GetLte()), r.HasLte()))
	}
	if r := rules.GetInt64(); r != nil {
		parts = append(parts, integerRules(r.GetGte(), r.GetLte(), r.HasLte()))
	}
	if r := rules.GetString(); r.GetUri() {
		parts = append(parts, "a base URL")
	} else if r.GetPattern() != "" {
		parts = append(parts, "matches "+code(r.GetPattern()))
	} else if r.GetMinLen() > 0 {
		parts = append(parts, "not empty")
	}
	parts = slices.Concat(parts, durationRules(rules), celRules(rules))
	if r := rules.GetRepeated().GetItems(); r != nil {
		parts = slices.Concat(parts, celRules(r))
	}
	return strings.Join(parts, "; ")
}

func typeOf(k *key, anchors map[protoreflect.FullName]string) string {
	var name string
	switch {
	case k.message != nil && k.isSection():
		name = fmt.Sprintf("[keys](#%s)", anchors[k.message.FullName()])
		if k.message.Name() == "Secret" {
			name = fmt.Sprintf("[secret](#%s)", anchors[k.message.FullName()])
		}
	case k.message != nil:
		name = "duration"
	case k.field.Enum() != nil:
		values := enumNames(k.field.Enum())
		for i := range values {
			values[i] = code(values[i])
		}
		name = "one of " + strings.Join(values, ", ")
	case k.field.Kind() == protoreflect.BoolKind:
		name = "boolean"
	case k.field.Kind() == protoreflect.Int64Kind:
		name = "bytes"
	case k.field.Kind() == protoreflect.Int32Kind:
		name = "integer"
	default:
		name = "string"
	}
	if k.field.IsList() {
		return "list of " + strings.TrimSuffix(name, "s") + "s"
	}
	return name
}

func integerRules(least, most int64, bounded bool) string {
	if !bounded {
		return fmt.Sprintf("at least %d", least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

func durationRules(rules *validate.FieldRules) []string {
	r := rules.GetDuration()
	if r == nil {
		return nil
	}
	var bounds []string
	if r.HasGt() {
		bounds = append(bounds, "more than "+shortest(r.GetGt()))
	}
	if r.GetGte().AsDuration() > 0 { // a duration of the configuration is never negative
		bounds = append(bounds, "at least "+shortest(r.GetGte()))
	}
	if r.HasLte() {
		bounds = append(bounds, "at most "+shortest(r.GetLte()))
	}
	return []string{strings.Join(bounds, ", ")}
}

func shortest(d *durationpb.Duration) string { return config.FormatDuration(d.AsDuration()) }

func celRules(rules *validate.FieldRules) []string {
	var all []string
	for _, rule := range rules.GetCel() {
		all = append(all, rule.GetMessage())
	}
	return all
}

// meaning returns the comment of a key and of its enum values.
func meaning(k *key) string {
	if len(k.values) == 0 {
		return k.text
	}
	return k.text + " " + strings.Join(k.values, " ")
}

func exampleOf(k *key) string {
	if k.example == nil {
		return ""
	}
	flow := *k.example
	flow.Style, flow.LineComment = yaml.FlowStyle, ""
	text, err := yaml.Marshal(&flow)
	if err != nil {
		return err.Error()
	}
	return code(strings.TrimSpace(string(text)))
}

// code formats text as code.
func code(text string) string { return "`" + text + "`" }

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
