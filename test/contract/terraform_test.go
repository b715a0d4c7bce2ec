package contract_test

import (
	"net/http"
	"testing"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// Terraform acts on some HTTP statuses without reading the body. For each, these are the
// reasons that may have it.
var terraformStatuses = map[int]struct {
	consequence string
	reasons     map[connsvcv1.ErrorReason]bool
}{
	http.StatusNotFound: {"on a 404 of a read Terraform drops the resource from its state", map[connsvcv1.ErrorReason]bool{
		connsvcv1.ErrorReason_CONNECTION_NOT_FOUND:            true,
		connsvcv1.ErrorReason_QUEUE_NOT_FOUND:                 true,
		connsvcv1.ErrorReason_ELASTIC_RESOURCE_POOL_NOT_FOUND: true,
		connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:              true,
		connsvcv1.ErrorReason_METHOD_NOT_FOUND:                true, // a path that Terraform does not use
	}},
	http.StatusTooManyRequests: {"on a 429 Terraform sleeps 1, 2, 4, 8 and 16 minutes", map[connsvcv1.ErrorReason]bool{
		connsvcv1.ErrorReason_CALLER_QUOTA: true,
	}},
	http.StatusConflict: {"of a 409 Terraform shows no text", nil},
	http.StatusUnauthorized: {"of a 401 Terraform shows no text", map[connsvcv1.ErrorReason]bool{
		connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED: true,
	}},
	http.StatusMethodNotAllowed: {"of a 405 Terraform shows no text", map[connsvcv1.ErrorReason]bool{
		connsvcv1.ErrorReason_METHOD_NOT_ALLOWED: true, // Terraform uses no such method
	}},
}

// TestTerraformStatuses checks the HTTP status of every reason by what Terraform does on it.
func TestTerraformStatuses(t *testing.T) {
	var rows map[string]mapRow
	loadOne(t, "testdata/error_map.yaml", &rows)
	for number, name := range connsvcv1.ErrorReason_name {
		t.Run(name, func(t *testing.T) {
			reason := connsvcv1.ErrorReason(number)
			status := apierror.New(reason, "", nil).HTTPStatus
			if row, ok := rows[name]; ok && row.HTTP != status {
				t.Errorf("HTTP status %d, but %d in error_map.yaml", status, row.HTTP)
			}
			for special, rule := range terraformStatuses {
				if want := rule.reasons[reason]; want != (status == special) {
					t.Errorf("HTTP status %d; has status %d: want %t, as %s", status, special, want, rule.consequence)
				}
			}
		})
	}
}

// A read that fails with 404 says that the connection is gone, whatever DLI answers.
func TestTerraformReads(t *testing.T) {
	var rows map[string]mapRow
	loadOne(t, "testdata/error_map.yaml", &rows)
	reads := 0
	for _, c := range load(t) {
		if c.RPC != "GetEnhancedConnection" || c.Want.Reason == "" {
			continue
		}
		reads++
		if rows[c.Want.Reason].HTTP == http.StatusNotFound && c.Want.Reason != "CONNECTION_NOT_FOUND" {
			t.Errorf("%s: %q: a read fails with %s, which is 404: Terraform drops a connection that may exist", c.file, c.Name, c.Want.Reason)
		}
	}
	if reads == 0 {
		t.Error("no case has a read that fails")
	}
}
