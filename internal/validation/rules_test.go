package validation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// broken validates m and returns what it breaks, each as "field rule".
func broken(t *testing.T, v *validation.Validator, m proto.Message) []string {
	t.Helper()
	err := v.Validate(m)
	if err == nil {
		return nil
	}
	var violations *validation.Error
	if !errors.As(err, &violations) {
		t.Fatalf("Validate: %v, want an *Error", err)
	}
	if violations.Total != len(violations.Violations) {
		t.Errorf("Total = %d of %d violations", violations.Total, len(violations.Violations))
	}
	var all []string
	for _, violation := range violations.Violations {
		all = append(all, violation.Field+" "+violation.RuleID)
	}
	return all
}

func newValidator(t testing.TB) *validation.Validator {
	t.Helper()
	v, err := validation.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestValidRequests(t *testing.T) {
	v := newValidator(t)
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
	var missing []protoreflect.FullName
	for i := range methods.Len() {
		missing = append(missing, methods.Get(i).Input().FullName())
	}
	for _, m := range valid() {
		name := m.ProtoReflect().Descriptor().FullName()
		if got := broken(t, v, m); got != nil {
			t.Errorf("%s: a valid request breaks %q", name, got)
		}
		missing = slices.DeleteFunc(missing, func(n protoreflect.FullName) bool { return n == name })
	}
	if len(missing) > 0 {
		t.Errorf("no valid request of %q to test with", missing)
	}
}

// TestIDs tries the IDs that become path segments in every request that has them.
func TestIDs(t *testing.T) {
	ids := map[protoreflect.Name][]struct{ value, rule string }{
		"project_id": {
			{"a", ""},
			{strings.Repeat("9", 64), ""},
			{"AZaz09", ""},
			{"", "project_id"},
			{strings.Repeat("9", 65), "project_id"},
			{"../..", "project_id"},
			{"a/b", "project_id"},
			{"a%2fb", "project_id"},
			{"a\n", "project_id"},
			{"é", "project_id"},
			{"a_b", "project_id"},
		},
		"connection_id": {
			{"22222222-3333-4444-5555-66666666ABCD", ""},
			{"", "required"},
			{uuid[:35], "string.uuid"},
			{uuid + "0", "string.uuid"},
			{"{" + uuid + "}", "string.uuid"},
			{strings.ReplaceAll(uuid, "-", ""), "string.uuid"},
			{strings.Repeat("g", 8) + uuid[8:], "string.uuid"},
			{uuid + "\n", "string.uuid"},
			{"../" + uuid[3:], "string.uuid"},
		},
	}
	v := newValidator(t)
	for _, m := range valid() {
		for name, cases := range ids {
			field := m.ProtoReflect().Descriptor().Fields().ByName(name)
			if field == nil {
				continue
			}
			for _, c := range cases {
				changed := proto.Clone(m)
				changed.ProtoReflect().Set(field, protoreflect.ValueOfString(c.value))
				var want []string
				_, optional := m.(*connsvcv1.WatchEnhancedConnectionsRequest)
				optional = optional && name == "connection_id" && c.value == ""
				if c.rule != "" && !optional {
					want = []string{string(name) + " " + c.rule}
				}
				if diff := cmp.Diff(want, broken(t, v, changed)); diff != "" {
					t.Errorf("%s of %s = %q (-want +got):\n%s", name, field.Parent().FullName(), c.value, diff)
				}
			}
		}
	}
}

// A rule case is a request and what it breaks, each as "field rule".
type ruleCase struct {
	name    string
	request proto.Message
	want    []string
}

func runCases(t *testing.T, cases []ruleCase) {
	t.Helper()
	v := newValidator(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, broken(t, v, c.request)); diff != "" {
				t.Errorf("broken rules (-want +got):\n%s", diff)
			}
		})
	}
}
