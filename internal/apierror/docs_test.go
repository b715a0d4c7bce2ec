package apierror_test

import (
	"os"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

const errorDocs = "../../docs/errors.md"

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
