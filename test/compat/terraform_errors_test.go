package compat_test

import (
	gocmp "cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// terraformCalls are requests of Terraform's resources for connections and privileges.
var terraformCalls = map[string]struct{ method, path, body string }{
	"read": {http.MethodGet, "/" + stubID, ""},
	"create": {http.MethodPost, "", `{"name":"n","dest_vpc_id":"` + vpcID + `","dest_network_id":"` + subnetID +
		`","queues":["q1"],"elastic_resource_pools":["pool_1"],"tags":null}`},
	"delete":                {http.MethodDelete, "/" + stubID, ""},
	"privileges":            {http.MethodGet, "/" + stubID + "/privileges", ""},
	"privileges of no UUID": {http.MethodGet, "/connection-1/privileges", ""},
	"read of no UUID":       {http.MethodGet, "/connection-1", ""},
	"unbind":                {http.MethodPost, "/" + stubID + "/disassociate-queue", `{"queues":["q1"]}`},
}

// terraformReads are the calls by which Terraform sees whether a resource is still there.
var terraformReads = []string{"read", "privileges", "read of no UUID", "privileges of no UUID"}

// terraformErrors has the reason of each call when DLI sends this response to all requests.
var terraformErrors = []struct {
	name    string
	config  string // keys of the configuration, beside those of terraformConfig
	project string
	status  int
	body    string
	reasons map[string]string
}{
	{
		name: "missing connection", status: 400, body: dliError("DLI.0001", "Connection "+stubID+" does not exist."),
		reasons: notCreate("CONNECTION_NOT_FOUND"),
	},
	{
		name: "missing connection, 404", status: 404, body: dliError("DLI.0001", "Connection "+stubID+" does not exist."),
		reasons: notCreate("CONNECTION_NOT_FOUND"),
	},
	{name: "missing project", status: 404, body: dliError("DLI.0002", "There is no project p1."), reasons: all("UPSTREAM_REFUSED")},
	{name: "missing project, DLI.0001", status: 400, body: dliError("DLI.0001", "There is no project p1."), reasons: all("UPSTREAM_REFUSED")},
	{
		name: "missing queue", status: 400, body: dliError("DLI.0002", "There is no queue named q1"),
		reasons: map[string]string{"create": "QUEUE_NOT_FOUND", "unbind": "QUEUE_NOT_FOUND"},
	},
	{
		name: "missing pool", status: 400, body: dliError("DLI.0002", "There is no elastic resource pool named pool_1"),
		reasons: map[string]string{"create": "ELASTIC_RESOURCE_POOL_NOT_FOUND"},
	},
	{
		name: "missing VPC", status: 400, body: dliError("DLI.0002", "VPC "+vpcID+" does not exist."),
		reasons: map[string]string{"create": "RESOURCE_NOT_FOUND"},
	},
	{name: "taken name", status: 400, body: dliError("DLI.0006", "The object exists."), reasons: map[string]string{"create": "NAME_TAKEN"}},
	{name: "DLI's quota", status: 400, body: dliError("DLI.1028", "The quota is used up."), reasons: all("UPSTREAM_QUOTA")},
	{
		name: "connection being created", status: 400, body: dliError("DLI.0007", "The connection that is being created cannot be deleted."),
		reasons: map[string]string{"delete": "CONNECTION_BUSY"},
	},
	{
		name: "failed peering", status: 400, body: dliError("DLI.0007", "The status of the peering is FAILED and it cannot be unbound."),
		reasons: map[string]string{"unbind": "PEERING_FAILED"},
	},
	{name: "unsupported operation", status: 400, body: dliError("DLI.0009", "Not supported."), reasons: all("OPERATION_NOT_SUPPORTED")},
	{
		name: "API that the region lacks", status: 404, body: dliError("APIGW.0101", "The API does not exist."),
		reasons: all("OPERATION_NOT_SUPPORTED"),
	},
	{
		name: "unavailable resource", status: 400, body: dliError("DLI.0012", "Resource objects are unavailable."),
		reasons: map[string]string{"read": "RESOURCE_UNAVAILABLE", "create": "RESOURCE_UNAVAILABLE"},
	},
	{name: "is_success=false", status: 200, body: `{"is_success":false,"message":"The moon is full."}`, reasons: all("UPSTREAM_REFUSED")},
	{name: "invalid for DLI", status: 400, body: dliError("DLI.0001", "Parameter check errors occur."), reasons: all("VALIDATION_FAILED")},
	{
		name: "invalid for connsvc", status: 200,
		reasons: map[string]string{"read of no UUID": "VALIDATION_FAILED", "privileges of no UUID": "VALIDATION_FAILED"},
	},
	{name: "busy, DLI.0001", status: 400, body: dliError("DLI.0001", "The connection is being created."), reasons: map[string]string{"read": "CONNECTION_BUSY", "privileges": "CONNECTION_BUSY"}},
	{name: "too large for DLI", status: 413, body: dliError("APIGW.0201", "Too large."), reasons: all("BODY_TOO_LARGE")},
	{name: "account without permission", status: 403, body: dliError("APIGW.0302", "Forbidden."), reasons: all("UPSTREAM_DENIED")},
	{
		name: "rejected credentials", status: 401, body: dliError("APIGW.0301", "Incorrect IAM authentication information."),
		reasons: all("UPSTREAM_CREDENTIALS"),
	},
	{name: "throttling", status: 429, body: dliError("APIGW.0308", "Throttled."), reasons: all("UPSTREAM_THROTTLED")},
	{
		name: "fault", status: 500, body: dliError("DLI.0999", "Broken."),
		reasons: unknownCreate("UPSTREAM_FAULT"),
	},
	{
		name: "no service", status: 503,
		reasons: unknownCreate("UPSTREAM_UNAVAILABLE"),
	},
	{
		name: "timeout", status: 504,
		reasons: unknownCreate("UPSTREAM_TIMEOUT"),
	},
	{
		name: "page of a proxy", status: 404, body: "<html>Not Found</html>",
		reasons: unknownCreate("UPSTREAM_FAULT"),
	},
	{
		name: "too large for connsvc", config: "limits: { max_response_bytes: 4096 }", status: 200,
		body:    `{"is_success":true,"id":"` + stubID + `","hosts":[{}` + strings.Repeat(",{}", 500) + `]}`, // longer as connsvc writes it
		reasons: map[string]string{"read": "ANSWER_TOO_LARGE"},
	},
	{name: "caller without a key", config: strings.TrimPrefix(callerKeys, "token: { file: ./token }\n"), reasons: all("CALLER_UNAUTHENTICATED")},
	{name: "caller without permission", config: `policy: { rules: [{ name: none, when: "false" }] }`, reasons: all("POLICY_DENIED")},
	{name: "project that is not configured", project: "p2", reasons: all("PROJECT_NOT_CONFIGURED")},
}

// terraformUnseen are the reasons that no request of Terraform's gets from the stub. The
// contract suite checks their HTTP statuses.
var terraformUnseen = map[string]string{
	"METHOD_NOT_FOUND":   "Terraform sends no such path",
	"METHOD_NOT_ALLOWED": "Terraform sends no such method",
	"CALLER_QUOTA":       "callers have no quota yet",
	"OVERLOADED":         "needs other calls in flight",
	"INTERNAL":           "a defect: none is known",
	"REQUEST_TIMEOUT":    "needs a caller that sends slowly",
}

const terraformConfig = `token: { file: ./token }
    projects: [p1]
    retry: { max_attempts: 1 }
    protection: { breaker_failures: 1000000000 }
    idempotency: { reconcile_timeout: 50ms }
`

func dliError(code, text string) string {
	return `{"error_code":"` + code + `","error_msg":"` + text + `"}`
}

func all(reason string) map[string]string {
	return map[string]string{"read": reason, "create": reason, "delete": reason, "unbind": reason, "privileges": reason}
}

func notCreate(reason string) map[string]string {
	return map[string]string{"read": reason, "delete": reason, "unbind": reason, "privileges": reason}
}

func unknownCreate(reason string) map[string]string {
	reasons := all(reason)
	reasons["create"] = "CREATE_OUTCOME_UNKNOWN"
	return reasons
}

// A reaction is what Terraform's provider does on an error.
type reaction struct {
	Dropped bool // the resource is no longer in the state
	Slept   bool // for 1, 2, 4, 8 and 16 minutes
	Shown   bool // the user sees error_msg
}

// react follows the provider's HTTP core, which decides by the status.
func react(call string, r response, message string) reaction {
	shown := string(r.body)
	switch r.status {
	case http.StatusUnauthorized, http.StatusMethodNotAllowed, http.StatusRequestTimeout, http.StatusConflict,
		http.StatusBadGateway, http.StatusServiceUnavailable:
		shown = "" // a sentence of its own
	case http.StatusForbidden:
		shown = shown[:min(len(shown), 200)]
	}
	return reaction{
		Dropped: slices.Contains(terraformReads, call) && r.status == http.StatusNotFound ||
			strings.HasPrefix(call, "privileges") && r.status == http.StatusBadRequest && strings.Contains(string(r.body), `"error_code":"DLI.0001"`),
		Slept: r.status == http.StatusTooManyRequests,
		Shown: message != "" && strings.Contains(shown, message),
	}
}

// Only a missing connection drops a connection from Terraform's state, and no error makes Terraform sleep.
// It shows the text of every error but those of 401, 502 and 503.
func TestTerraformErrors(t *testing.T) {
	statuses := errorMap(t)
	seen := map[string]bool{}
	for _, test := range terraformErrors {
		t.Run(test.name, func(t *testing.T) {
			dli := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			}))
			t.Cleanup(dli.Close)
			_, url := serve(t, dli.URL, terraformConfig+test.config)
			tf := &terraform{t, url, gocmp.Or(test.project, "p1")}
			for call, reason := range test.reasons {
				seen[reason] = true
				c := terraformCalls[call]
				got := tf.do(c.method, tf.connections(c.path), c.body)
				object := got.object(t)
				if got.status != statuses[reason] || !strings.Contains(string(got.body), `"reason":"`+reason+`"`) {
					t.Errorf("%s: response %d %.400s, want %d with reason %s", call, got.status, got.body, statuses[reason], reason)
				}
				message, _ := object["error_msg"].(string)
				silent := []int{http.StatusUnauthorized, http.StatusBadGateway, http.StatusServiceUnavailable}
				want := reaction{
					Dropped: slices.Contains(terraformReads, call) && reason == "CONNECTION_NOT_FOUND",
					Shown:   !slices.Contains(silent, got.status),
				}
				if diff := cmp.Diff(want, react(call, got, message)); diff != "" {
					t.Errorf("what Terraform does on %d of %s (-want +got):\n%s", got.status, call, diff)
				}
			}
		})
	}
	for reason := range statuses {
		if why, excused := terraformUnseen[reason]; seen[reason] == excused {
			t.Errorf("reason %s: seen %t, but excused with %q", reason, seen[reason], why)
		}
	}
}

// errorMap returns the HTTP status of each reason in the contract suite's error map.
func errorMap(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "contract", "testdata", "error_map.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	statuses := map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^([A-Z_]+): +\{code: \w+, +http: (\d+),`).FindAllStringSubmatch(string(text), -1) {
		if statuses[row[1]], err = strconv.Atoi(row[2]); err != nil {
			t.Fatal(err)
		}
	}
	if len(statuses) == 0 {
		t.Fatal("the error map has no rows")
	}
	return statuses
}
