package upstream_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
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

// Callers share IAM by their origin: those without credentials, who have one name, and the
// polls for those who wait, which have none.
func TestNewProjectsOfOneOrigin(t *testing.T) {
	for name, caller := range map[string]string{"anonymous callers": "anonymous", "polls": ""} {
		t.Run(name, func(t *testing.T) {
			iam := newServer(t, hang)
			u := protected("http://127.0.0.1:1")
			u.Credentials = &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
				Endpoint: iam, DomainName: "d", UserName: "u", Password: env("PASSWORD"),
			}}
			r := router(t, upstream.Options{}, u)
			// The request to IAM goes on when its caller has left.
			read := func(origin, project string) upstream.Kind {
				ctx, cancel := context.WithTimeout(call.NewContext(t.Context(), &call.Call{Caller: caller, Origin: origin}), 200*time.Millisecond)
				defer cancel()
				return failure(t, getIn(ctx, r, project, connection)).Kind
			}
			for n := range 4 {
				if kind := read("address:127.0.0.9", fmt.Sprint("p", n)); kind != upstream.Timeout {
					t.Errorf("project %d: kind %v", n, kind)
				}
			}
			if kind := read("address:127.0.0.9", "p4"); kind != upstream.Shed {
				t.Errorf("the fifth project of one caller: kind %v", kind)
			}
			if kind := read("address:127.0.0.5", "p5"); kind != upstream.Timeout {
				t.Errorf("another caller's: kind %v", kind)
			}
		})
	}
}
