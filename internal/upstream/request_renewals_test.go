package upstream_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// Rejections of IAM are logged once a minute, and counted all. A call without credentials
// is not retried: IAM has been asked once for each.
func TestFailedRenewalsAreLoggedOnce(t *testing.T) {
	u := protected("http://127.0.0.1:1")
	u.Retry = &configv1.Retry{MaxAttempts: 5}
	u.Credentials = &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
		Endpoint: newServer(t, answer(404, "")), DomainName: "d", UserName: "u", Password: env("PASSWORD"),
	}}
	var log bytes.Buffer
	o, reader := measured(upstream.Options{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	r := router(t, o, u)
	for n := range 4 {
		req := getRequest()
		req.ProjectId = fmt.Sprint("p", n)
		wantKind(t, callOf(t.Context(), r, get, req, &connsvcv1.EnhancedConnection{}), upstream.Unauthorized, false)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), `"project":"p0"`) {
		t.Errorf("logged %d lines:\n%s", n, &log)
	}
	var counted int64
	for series, value := range collect(t, reader) {
		if strings.HasPrefix(series, "connsvc.credentials.renewals{result=denied") {
			counted += value
		}
	}
	if counted != 4 {
		t.Errorf("%d renewals were counted", counted)
	}
}
