package config_test

import (
	"fmt"
	"regexp"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

// forms are values in every form that YAML, protobuf or Kubernetes has, and some that none
// has.
var forms = []string{
	"", "~", `""`, "x", "A", "a-b", "a_b", "a.b", "a/b", "[]", "[x]", "[1]", "{}", "true", "True", `"true"`, "yes",
	"0", "1", "2", "-1", `"1"`, "1.0", "1.5", "1e3", "1_000", "0x10",
	"1s", "1.5s", "1m30s", "1h 30m", "P1D", "-1s", "+1s", ".5s", "1.s", "1d", "1S", "1us", "1µs", "0s",
	"1Ki", "1ki", "1K", "1k", "1KiB", "1 Ki", "1.5Ki", "0Ki", "20M", "1Mi", "1Gi", "1Ti",
	"DEBUG", "debug", "Debug", "LEVEL_UNSPECIFIED",
	"127.0.0.1:0", "127.0.0.1", ":1", "https://a", "HTTPS://a", "https://a/b", "https://a?b", "https://u@a", "ftp://a",
}

// TestFormsAgree plays every form of every key to the schema and to the service. The
// schema takes what the service takes; the service has rules beyond it, each with an ID.
func TestFormsAgree(t *testing.T) {
	s := compileSchema(t)
	parse, err := config.Parser("connsvc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`\([a-z0-9_.]+\)`)
	played := 0
	play := func(text string) {
		played++
		bySchema := validateYAML(t, s, text)
		_, byService := parse(text)
		switch {
		case byService == nil && bySchema != nil:
			t.Errorf("only the service takes %s\n%v", text, bySchema)
		case byService != nil && bySchema == nil && !rule.MatchString(byService.Error()):
			t.Errorf("only the schema takes %s\n%v", text, byService)
		}
	}
	var walk func(md protoreflect.MessageDescriptor, before, after string)
	walk = func(md protoreflect.MessageDescriptor, before, after string) {
		for i := range md.Fields().Len() {
			field := md.Fields().Get(i)
			for _, form := range append(forms, field.JSONName()) {
				play(fmt.Sprintf("%s%s: %s%s", before, field.Name(), form, after))
			}
			play(fmt.Sprintf("%s%s: 1%s", before, field.JSONName(), after))
			below := field.Message()
			switch {
			case below == nil || below.ParentFile() != md.ParentFile():
			case field.IsList():
				walk(below, before+string(field.Name())+": [{ ", " }]"+after)
			default:
				walk(below, before+string(field.Name())+": { ", " }"+after)
			}
		}
	}
	const upstream = `upstreams: [{ endpoint: "https://a", `
	root := (&configv1.Config{}).ProtoReflect().Descriptor()
	for i := range root.Fields().Len() {
		if field := root.Fields().Get(i); field.Name() != "upstreams" {
			walk(field.Message(), upstream+"pass_through: }]\n"+string(field.Name())+": { ", " }")
			for _, form := range forms {
				play(upstream + "pass_through: }]\n" + string(field.Name()) + ": " + form)
			}
		}
	}
	upstreams := root.Fields().ByName("upstreams").Message()
	walk(upstreams, upstream, " }]")                    // the credentials
	walk(upstreams, upstream+"pass_through: , ", " }]") // all else
	t.Logf("%d documents", played)
}

// TestFormsTaken has forms that are easily typed, which both take.
func TestFormsTaken(t *testing.T) {
	s := compileSchema(t)
	for _, text := range []string{
		`upstreams: [{ endpoint: "https://a", pass_through: }]`,
		`upstreams: [{ endpoint: "https://a", pass_through: {} }]`,
		"upstreams:\n- endpoint: HTTPS://a\n  ecs_metadata:\n  retry:\nlog: { level: debug }\ngrpc:\nlimits:\n",
		`upstreams: [{ endpoint: "https://a", name: "", pass_through: }]` + "\nlog: { level: INFO }\nreload: { disable_watch: True }",
	} {
		if err := validateYAML(t, s, text); err != nil {
			t.Errorf("the schema refuses %s: %v", text, err)
		}
		if _, err := load(t, text); err != nil {
			t.Error(err)
		}
	}
}
