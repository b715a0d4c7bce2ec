package service_test

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// detailDocs is what docs/errors.md says of the details of an error, down to the head
// of the table of rules.
const detailDocs = `
## What an error bears

A gRPC error is at most 4 KiB with all its details, so that it fits into trailers: it lists as many violations as there is room for. REST lists
up to 1,000.

| Detail | In errors of | Has |
|---|---|---|
| ErrorInfo | all | the reason, and the metadata below |
| RequestInfo | all | the request ID that connsvc's log has |
| RetryInfo | those that a client may repeat | how long to wait first |
| BadRequest | VALIDATION_FAILED | each violation: field, description and reason |
| ResourceInfo | NOT_FOUND, ALREADY_EXISTS | type and name of what it is about, where that is known |
| PreconditionFailure | FAILED_PRECONDITION | the reason and whose state it is |
| QuotaFailure | UPSTREAM_QUOTA, CALLER_QUOTA | whose quota it is |
| Help | all | a link into this page |

Metadata of ErrorInfo, all of them texts; a key that has nothing to say is left out:

| Key | In | Means |
|---|---|---|
| ` + "`existing_connection_id`" + ` | NAME_TAKEN | ID of the connection that has the name |
| ` + "`same_spec`" + ` | NAME_TAKEN | ` + "`true`" + ` if that one is as the request asked for, else ` + "`false`" + ` |
| ` + "`differs`" + ` | NAME_TAKEN | the fields in which it is not, separated by commas: ` + "`queues,hosts`" + ` |
| ` + "`dli_error_code`" + ` | where DLI answered | DLI's own error code |
| ` + "`dli_request_id`" + ` | where DLI answered | DLI's ID of its call, which the cloud's support asks for |
| ` + "`http_status`" + ` | where DLI answered | the HTTP status of DLI's answer |
| ` + "`violations_total`" + ` | VALIDATION_FAILED | how many violations there are, listed or not |

Rules are checked all together, and each violation is listed. A request that cannot be read is refused at the first thing that is wrong
with it, and has one violation.

The reason of a violation is the rule's ID in capitals. A rule of protovalidate's own has the ID that it gives: ` + "`REQUIRED`, `STRING_UUID`," + `
` + "`STRING_IPV4`, `STRING_MAX_LEN`, `REPEATED_MAX_ITEMS`, `REPEATED_UNIQUE`, `INT32_GTE`, `ENUM_DEFINED_ONLY`" + ` and so on. JSON that cannot be
read is ` + "`JSON_UNKNOWN_FIELD`, `JSON_TYPE`, `JSON_RANGE`, `JSON_DUPLICATE`, `JSON_ENCODING`, `JSON_DEPTH` or `JSON_SYNTAX`" + `; an Idempotency-Key,
` + "`HEADER_REPEATED` or `HEADER_CONTRADICTION`; a page token of another list, `PAGE_TOKEN_FOREIGN`" + `. The contract's own rules:

| Reason | The rule |
|---|---|
`

// A ruleDoc is a rule of the contract's own.
type ruleDoc struct{ reason, message string }

var ruleForm = regexp.MustCompile(`\bid: "([^"]+)"\s+message: "([^"]+)"`)

// ruleDocs reads the rules of the contract, by their reasons.
func ruleDocs(t *testing.T) []ruleDoc {
	t.Helper()
	files, err := filepath.Glob("../../proto/connsvc/v1/*.proto")
	if err != nil {
		t.Fatal(err)
	}
	rules := map[string]string{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ruleForm.FindAllStringSubmatch(string(source), -1) {
			reason := strings.ToUpper(strings.ReplaceAll(m[1], ".", "_"))
			if said, ok := rules[reason]; ok && said != m[2] {
				t.Errorf("%s says %q and %q", reason, said, m[2])
			}
			rules[reason] = m[2]
		}
	}
	if len(rules) == 0 {
		t.Fatal("the contract has no rule")
	}
	var docs []ruleDoc
	for reason, message := range rules {
		docs = append(docs, ruleDoc{reason, message})
	}
	slices.SortFunc(docs, func(a, b ruleDoc) int { return cmp.Compare(a.reason, b.reason) })
	return docs
}
