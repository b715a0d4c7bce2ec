package httprule_test

import (
	"os"
	"strings"
	"testing"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/httprule"
)

// TestRESTPage looks for each operation on docs/rest.md: its RPC and its path.
func TestRESTPage(t *testing.T) {
	text, err := os.ReadFile("../../docs/rest.md")
	if err != nil {
		t.Fatal(err)
	}
	page := strings.Join(strings.Fields(string(text)), " ")
	services := connsvcv1.File_connsvc_v1_connection_service_proto.Services()
	named := map[string]bool{}
	for i := range services.Len() {
		bindings, err := httprule.Bindings(services.Get(i))
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bindings {
			name := string(b.Method.Name())
			if named[name] { // an additional binding
				continue
			}
			named[name] = true
			// The last part of a path may be given by words.
			path, _, _ := strings.Cut(strings.TrimSuffix(b.Template, "/{name}"), "/disassociate-queue")
			if !strings.Contains(page, "**"+name+"**") || !strings.Contains(page, path) {
				t.Errorf("docs/rest.md lacks %s, %s %s", name, b.HTTPMethod, b.Template)
			}
		}
	}
	if len(named) == 0 {
		t.Error("no operations")
	}
}
