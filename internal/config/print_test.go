package config_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

func TestPrint(t *testing.T) {
	cfg, err := config.Load("testdata/documented.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Print(cfg)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/printed.yaml"
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("printed (-want +got):\n%s", diff)
	}
}

// TestPrintedLoads wants that what is printed loads to the same, whatever a string
// looks like in YAML.
func TestPrintedLoads(t *testing.T) {
	parse, err := config.Parser("connsvc.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"true", "0x1", "1e3", "null", "~", "a: b", "a #b", "- a", "{a}", "[a", "*a", "&a", "!a", "%a", "|", ">", "'", `"`, `\`,
		" a ", "a\nb\n", "a\r\nb", "\ta", "a\u0085b", "a\u2028b", "\ufeffa", "é", "😀", "=", "<<", "2001-01-01", "a\x01b",
	} {
		cfg := config.Default()
		cfg.Shutdown.Timeout = durationpb.New(time.Hour)
		cfg.Upstreams = []*configv1.Upstream{{
			Endpoint: "https://dli.example.com", Projects: []string{"true", "123", "0x12"},
			Credentials: &configv1.Upstream_Token{Token: file(path)},
		}}
		config.FillDefaults(cfg)
		roundTrip(t, cfg, parse)
	}
}

// What is printed has all defaults, which contradict nothing.
func TestPrintDefaults(t *testing.T) {
	cfg, err := load(t, `
upstreams: [{ endpoint: "https://a.example.com", token: { env: T }, idempotency: { disable_tag: true } }]
limits: { call_timeout: 1s }
reload: { disable_watch: true }
`)
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.Print(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, string(text)); err != nil {
		t.Errorf("%v in what is printed:\n%s", err, text)
	}
}

func roundTrip(t *testing.T, cfg *configv1.Config, parse func(string) (*configv1.Config, error)) {
	t.Helper()
	text, err := config.Print(cfg)
	if err != nil {
		t.Fatal(err)
	}
	got, err := parse(string(text))
	if err != nil {
		t.Fatalf("%v in what is printed:\n%s", err, text)
	}
	if diff := cmp.Diff(cfg, got, protocmp.Transform()); diff != "" {
		t.Errorf("what is printed loads to another configuration (-want +got):\n%s\n%s", diff, text)
	}
}

func TestPrintDurations(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Second: "1m30s", time.Hour: "1h", 24 * time.Hour: "24h", 70 * time.Minute: "1h10m",
		10 * time.Minute: "10m", time.Hour + time.Second: "1h0m1s", 100 * time.Millisecond: "100ms", 1500 * time.Microsecond: "1.5ms",
		20 * time.Second: "20s", 10 * time.Hour: "10h",
	} {
		cfg := &configv1.Config{Shutdown: &configv1.Shutdown{Timeout: durationpb.New(d)}}
		got, err := config.Print(cfg)
		if err != nil || string(got) != "shutdown:\n  timeout: "+want+"\n" {
			t.Errorf("%v is printed as %q, %v", d, got, err)
		}
	}
}

// TestPrintRedacts prints a Secret of another schema, that holds more than where it
// is: no part of that shows.
func TestPrintRedacts(t *testing.T) {
	schema := protodesc.ToFileDescriptorProto(configv1.File_connsvc_config_v1_config_proto)
	for _, message := range schema.GetMessageType() {
		if message.GetName() == "Secret" {
			message.Field = append(message.Field, &descriptorpb.FieldDescriptorProto{
				Name: proto.String("inline"), Number: proto.Int32(3), JsonName: proto.String("inline"),
				Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum(),
			})
		}
	}
	fd, err := protodesc.NewFile(schema, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	key := dynamicpb.NewMessage(fd.Messages().ByName("AccessKey"))
	secret := key.Mutable(key.Descriptor().Fields().ByName("id")).Message()
	fields := secret.Descriptor().Fields()
	secret.Set(fields.ByName("env"), protoreflect.ValueOfString("NAME"))
	secret.Mutable(fields.ByName("inline")).List().Append(protoreflect.ValueOfString("HIDDEN"))
	secret.SetUnknown(protoreflect.RawFields("\xd2\x01\x06HIDDEN"))
	got, err := config.PrintMessage(key)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, "env: NAME") || !strings.Contains(got, "inline: '[redacted]'") || strings.Contains(got, "HIDDEN") {
		t.Errorf("printed as\n%s", got)
	}
}
