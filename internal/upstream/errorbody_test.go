package upstream_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/connsvc/connsvc/internal/upstream"
)

// Every error body that DLI, the API gateway before it and IAM are known to send.
func TestErrorBodies(t *testing.T) {
	dli := func(code, message string) string {
		return `{"error_msg":"` + message + `","error_code":"` + code + `"}`
	}
	for _, tt := range []struct {
		status        int
		body          string
		code, message string
		requestID     string
	}{
		{400, dli("DLI.0001", "Connection "+connection+" does not exist."), "DLI.0001", "Connection " + connection + " does not exist.", ""},
		{400, dli("DLI.0002", "There is no queue named testqueue"), "DLI.0002", "There is no queue named testqueue", ""},
		{400, dli("DLI.0003", "Permission denied for resource 'resources. xxx', User = 'xxx', Action = \\\"UPDATE_RESOURCE\\\"."), "DLI.0003", `Permission denied for resource 'resources. xxx', User = 'xxx', Action = "UPDATE_RESOURCE".`, ""},
		{400, dli("DLI.0006", "The object exists."), "DLI.0006", "The object exists.", ""},
		{400, dli("DLI.0007", "The operation is not supported."), "DLI.0007", "The operation is not supported.", ""},
		{400, dli("DLI.0008", "There is no queue named queue1."), "DLI.0008", "There is no queue named queue1.", ""},
		{400, dli("DLI.0012", "Resource objects are unavailable."), "DLI.0012", "Resource objects are unavailable.", ""},
		{401, dli("DLI.0013", "X-Auth-Token is not defined in request. It is mandatory. Please define and send the request."), "DLI.0013", "X-Auth-Token is not defined in request. It is mandatory. Please define and send the request.", ""},
		{401, dli("DLI.0014", "Service authentication errors occur."), "DLI.0014", "Service authentication errors occur.", ""},
		{400, dli("DLI.0015", "Token info for token is null, return."), "DLI.0015", "Token info for token is null, return.", ""},
		{400, dli("DLI.0016", "The identity and role are incorrect."), "DLI.0016", "The identity and role are incorrect.", ""},
		{400, dli("DLI.0019", "The task times out."), "DLI.0019", "The task times out.", ""},
		{404, dli("DLI.0023", "No related resources were found."), "DLI.0023", "No related resources were found.", ""},
		{400, dli("DLI.0999", "Server-side errors occur."), "DLI.0999", "Server-side errors occur.", ""},
		{400, dli("DLI.1028", "The quota is insufficient."), "DLI.1028", "The quota is insufficient.", ""},
		{
			500, `{"error_msg":"An internal error occurred. {0} Contact customer services or try again later ",` +
				`"error_json_opt":{"error": "Unexpected exception[NoSuchElementException: None.get]"},"error_code":"DLI.10001"}`,
			"DLI.10001", "An internal error occurred. {0} Contact customer services or try again later ", "",
		},
		{
			401, `{"error_msg":"Incorrect IAM authentication information: decrypt token fail","error_code":"APIGW.0301","request_id":"0123456789abcdef0123456789abcdef"}`,
			"APIGW.0301", "Incorrect IAM authentication information: decrypt token fail", "0123456789abcdef0123456789abcdef",
		},
		{
			429, `{"error_msg":"The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute","error_code":"APIGW.0308","request_id":"r"}`,
			"APIGW.0308", "The throttling threshold has been reached: policy user over ratelimit,limit:200,time:5 minute", "r",
		},
		{404, `{"error_msg":"The API does not exist or has not been published in the environment.","error_code":"APIG.0101","request_id":"r"}`, "APIG.0101", "The API does not exist or has not been published in the environment.", "r"},
		{413, dli("APIG.0201", "Request entity too large"), "APIG.0201", "Request entity too large", ""},
		{502, dli("APIG.0202", "Backend unavailable"), "APIG.0202", "Backend unavailable", ""},
		{504, dli("APIG.0203", "Backend timeout"), "APIG.0203", "Backend timeout", ""},
		{403, dli("APIG.0302", "The IAM user is not authorized to access the API"), "APIG.0302", "The IAM user is not authorized to access the API", ""},
		{400, `{"error_code":"IAM.0007","error_msg":"Request parameter %(key)s is invalid."}`, "IAM.0007", "Request parameter %(key)s is invalid.", ""},
		{403, `{"error_code":1101,"error_msg":"invalid"}`, "1101", "invalid", ""},
		{401, `{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}`, "", "The request you have made requires authentication.", ""},
		{401, `{"error":{"title":"Unauthorized"}}`, "", "Unauthorized", ""},
		{500, `{"is_success":false,"message":"no"}`, "", "no", ""},
		{400, " \r\n" + dli("DLI.0001", "m") + "\n", "DLI.0001", "m", ""},
		{400, `{"error_code":"DLI.0001"}`, "DLI.0001", "", ""},
		{400, dli("DLI.0001", `a\u001b[2Jb\u0000c\r\nd\te\u202ef\u2028g\u00a0h\u007f`), "DLI.0001", "a [2Jb c  d e f g h ", ""},
		{400, dli("DLI.0001", "Größe 大小 😀 stay"), "DLI.0001", "Größe 大小 😀 stay", ""},
		{400, `{"error_code":"DLI.0001","error_msg":"m","request_id":"r\u001b[2J"}`, "DLI.0001", "m", ""},
		{400, `{"error_code":"DLI.0001\u202e","error_msg":"m"}`, "", "", ""},
		{401, `{"error":{"message":"a\u001bb"}}`, "", "a b", ""},
		{500, `{"is_success":false,"message":"a\u0085b"}`, "", "a b", ""},

		// What is no error of DLI leaves the status alone.
		{500, "", "", "", ""},
		{502, "<html><body>502 Bad Gateway</body></html>", "", "", ""},
		{503, `"busy"`, "", "", ""},
		{503, `[{"error_code":"DLI.0001","error_msg":"m"}]`, "", "", ""},
		{503, `{"error_code":"DLI.0001","error_msg":"m"`, "", "", ""},
		{503, `{"error_code":"DLI.0001","error_msg":"m"}x`, "", "", ""},
		{503, `{"error_code":"DLI.0001","error_msg":["m"]}`, "", "", ""},
		{503, `{"error_code":"DLI 0001\n","error_msg":"m"}`, "", "", ""},
		{503, `{"error_code":{},"error_msg":"m"}`, "", "", ""},
		{503, `{"error_msg":"m"}`, "", "", ""},
		{503, `{"error":"m"}`, "", "", ""},
		{503, `{"is_success":true,"message":"m"}`, "", "", ""},
		{503, `{"message":"m"}`, "", "", ""},
		{503, `{"error_code":"` + strings.Repeat("x", 65) + `","error_msg":"m"}`, "", "", ""},
		{503, dli("DLI.0001", strings.Repeat("m", 64<<10)), "", "", ""},
	} {
		name := tt.body
		if len(name) > 60 {
			name = name[:60]
		}
		t.Run(name, func(t *testing.T) {
			err := callGet(t.Context(), served(t, upstream.Options{}, answer(tt.status, tt.body)))
			want := &upstream.Error{
				Kind: upstream.Status, Method: get, HTTPStatus: tt.status, Sent: true,
				Code: tt.code, Message: tt.message, RequestID: tt.requestID,
			}
			if diff := cmp.Diff(want, failure(t, err), cmpopts.IgnoreFields(upstream.Error{}, "Err", "Date")); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestErrorHeaders(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	// A clock that is wrong, but for an answer without a Date.
	o := upstream.Options{Now: func() time.Time { return now.Add(-time.Minute) }}
	date := now.Format(http.TimeFormat)
	const body = `{"error_msg":"m","error_code":"APIGW.0308","request_id":"in-the-body"}`
	for _, tt := range []struct {
		name    string
		headers []string
		want    upstream.Error
	}{
		{"none", nil, upstream.Error{RequestID: "in-the-body"}},
		{"request ID", []string{"X-Request-Id", "in-the-header"}, upstream.Error{RequestID: "in-the-header"}},
		{"request ID that is none", []string{"X-Request-Id", "a b"}, upstream.Error{}},
		{"long request ID", []string{"X-Request-Id", strings.Repeat("r", 129)}, upstream.Error{}},
		{"seconds", []string{"Retry-After", "7"}, upstream.Error{RequestID: "in-the-body", RetryAfter: 7 * time.Second}},
		{"date", []string{"Date", date, "Retry-After", now.Add(90 * time.Second).Format(http.TimeFormat)}, upstream.Error{RequestID: "in-the-body", RetryAfter: 90 * time.Second, Date: now}},
		{"date without a clock", []string{"Date", "", "Retry-After", date}, upstream.Error{RequestID: "in-the-body", RetryAfter: time.Minute}},
		{"past date", []string{"Date", date, "Retry-After", now.Add(-time.Hour).Format(http.TimeFormat)}, upstream.Error{RequestID: "in-the-body", Date: now}},
		{"too long", []string{"Retry-After", "4294967295"}, upstream.Error{RequestID: "in-the-body", RetryAfter: 24 * time.Hour}},
		{"overflow", []string{"Retry-After", "99999999999999999999"}, upstream.Error{RequestID: "in-the-body", RetryAfter: 24 * time.Hour}},
		{"negative", []string{"Retry-After", "-7"}, upstream.Error{RequestID: "in-the-body"}},
		{"nonsense", []string{"Retry-After", "soon"}, upstream.Error{RequestID: "in-the-body"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := failure(t, callGet(t.Context(), served(t, o, answer(http.StatusTooManyRequests, body, tt.headers...))))
			if got.RequestID != tt.want.RequestID || got.RetryAfter != tt.want.RetryAfter {
				t.Errorf("request %q, retry after %v, want %q, %v", got.RequestID, got.RetryAfter, tt.want.RequestID, tt.want.RetryAfter)
			}
			if len(tt.headers) == 4 && !got.Date.Equal(tt.want.Date) {
				t.Errorf("date %v, want %v", got.Date, tt.want.Date)
			}
		})
	}
}
