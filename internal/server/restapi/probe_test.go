package restapi

import (
	"fmt"
	"regexp"
	"slices"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// TestNumbersOf: what a path has is a string, or a number that is checked.
func TestNumbersOf(t *testing.T) {
	checked := 0
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
	for i := range methods.Len() {
		m := methods.Get(i)
		numbers := numbersOf(fmt.Sprintf("%s/%s", m.Parent().FullName(), m.Name()))
		rule := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
		for _, variable := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(rule.String(), -1) {
			name := variable[1]
			field := m.Input().Fields().ByName(protoreflect.Name(name))
			switch {
			case slices.Contains(numbers, name):
				checked++
			case field == nil || field.Kind() != protoreflect.StringKind:
				t.Errorf("%s: {%s} in the path is neither a string nor checked as a number", m.Name(), name)
			}
		}
	}
	if checked == 0 {
		t.Error("no number in a path is checked")
	}
}
