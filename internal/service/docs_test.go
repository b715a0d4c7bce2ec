package service_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

var update = flag.Bool("update", false, "write docs/errors.md")

const (
	errorDocs   = "../../docs/errors.md"
	reasonProto = "../../proto/connsvc/v1/error_reason.proto"
)

// A reasonDoc is what the proto says of one reason.
type reasonDoc struct {
	name  string
	text  string // without what stands in parentheses at the end
	place string // what stands there: "INTERNAL; HTTP 502"
	code  string
	http  int // 0 where the proto does not say
}

var (
	enumValue = regexp.MustCompile(`^  ([A-Z_]+) = (\d+);$`)
	placeEnd  = regexp.MustCompile(`^(.*) \(([^()]+)\)$`)
	placeForm = regexp.MustCompile(`^([A-Z_]+)(?:; HTTP (\d{3}))?$`)
)

// reasonDocs reads the comments of the proto: generated Go does not hold them.
func reasonDocs(t *testing.T) []reasonDoc {
	t.Helper()
	source, err := os.ReadFile(reasonProto)
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(source), "enum ErrorReason {\n")
	if !ok {
		t.Fatalf("%s has no ErrorReason", reasonProto)
	}
	var docs []reasonDoc
	var comment []string
	for line := range strings.SplitSeq(body, "\n") {
		if text, ok := strings.CutPrefix(line, "  // "); ok {
			comment = append(comment, text)
			continue
		}
		m := enumValue.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		if m[2] != "0" {
			docs = append(docs, reasonDocOf(t, m[1], strings.Join(comment, " ")))
		}
		comment = nil
	}
	if len(docs) != len(connsvcv1.ErrorReason_name)-1 {
		t.Fatalf("%d reasons in the proto, %d in Go", len(docs), len(connsvcv1.ErrorReason_name)-1)
	}
	return docs
}

func reasonDocOf(t *testing.T, name, comment string) reasonDoc {
	t.Helper()
	m := placeEnd.FindStringSubmatch(comment)
	if m == nil {
		t.Fatalf("%s: the comment does not end with its code in parentheses: %q", name, comment)
	}
	d := reasonDoc{name: name, text: m[1], place: m[2]}
	if p := placeForm.FindStringSubmatch(m[2]); p != nil {
		d.code = p[1]
		d.http, _ = strconv.Atoi(p[2])
	}
	return d
}

func renderErrorDocs(docs []reasonDoc, rules []ruleDoc) string {
	var b strings.Builder
	b.WriteString(`<!-- Made from proto/connsvc/v1/error_reason.proto and the error map by
     go test ./internal/service -run TestErrorDocs -update -->
# Errors

Every error of connsvc is a ` + "`google.rpc.Status`" + ` with a ` + "`google.rpc.ErrorInfo`" + ` whose domain is ` + "`connsvc.v1`" + `
and whose reason is one of those below. Branch on the reason, never on the text. Over REST the same stands in
` + "`details`" + `, after DLI's own ` + "`error_code` and `error_msg`" + `.

"Retry" says whether a client may repeat the call by itself, after the wait in ` + "`RetryInfo`" + ` (gRPC) or ` + "`Retry-After`" + `
(REST); for the others, do first what the reason's section says. The error code is the one where DLI gave none.

| Reason | gRPC code | HTTP | Error code | Retry |
|---|---|---|---|---|
`)
	for _, d := range docs {
		e := apierror.New(connsvcv1.ErrorReason(connsvcv1.ErrorReason_value[d.name]), "", nil)
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %d | %s | %s |\n",
			d.name, strings.ToLower(d.name), codeName(e.Code()), e.HTTPStatus, e.DLICode, retry(e))
	}
	b.WriteString(detailDocs)
	for _, rule := range rules {
		fmt.Fprintf(&b, "| `%s` | %s |\n", rule.reason, strings.ReplaceAll(rule.message, "_", `\_`))
	}
	for _, d := range docs {
		e := apierror.New(connsvcv1.ErrorReason(connsvcv1.ErrorReason_value[d.name]), "", nil)
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\ngRPC %s, HTTP %d. Retry: %s.\n",
			d.name, d.text, codeName(e.Code()), e.HTTPStatus, retry(e))
	}
	return b.String()
}

func retry(e *apierror.Error) string {
	if e.RetryAfter > 0 {
		return fmt.Sprintf("after %v, unless the answer says another time", e.RetryAfter)
	}
	return "no"
}

func TestErrorDocs(t *testing.T) {
	want := renderErrorDocs(reasonDocs(t), ruleDocs(t))
	if *update {
		if err := os.WriteFile(errorDocs, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(errorDocs)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("docs/errors.md is not as the proto and the map say; -update writes it (-want +got)\n%s", d)
	}
}

// TestHelpLinksToHeadings follows the link of every reason into the page.
func TestHelpLinksToHeadings(t *testing.T) {
	page, err := os.ReadFile(errorDocs)
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for line := range strings.SplitSeq(string(page), "\n") {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			anchors[strings.ToLower(heading)] = true
		}
	}
	for number := range connsvcv1.ErrorReason_name {
		st := apierror.New(connsvcv1.ErrorReason(number), "", nil).GRPCStatus()
		link := detail[*errdetails.Help](t, st).GetLinks()[0].GetUrl()
		_, anchor, _ := strings.Cut(link, "docs/errors.md#")
		if !anchors[anchor] {
			t.Errorf("%s leads to no heading", link)
		}
	}
}
