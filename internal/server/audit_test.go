package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth/audit"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/server"
)

// A trail is an audit log in memory, which can be broken.
type trail struct {
	*logs

	broken atomic.Bool
}

func (tr *trail) Write(p []byte) (int, error) {
	if tr.broken.Load() {
		return 0, errors.New("no space left on device")
	}
	return tr.logs.Write(p)
}

// records returns the records of a call.
func (tr *trail) records(t *testing.T, requestID string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(tr.String()) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r["request_id"] == requestID {
			all = append(all, r)
		}
	}
	return all
}

// audited starts a server with an audit log; its policy denies names other than test.
func audited(t *testing.T, service connsvcv1.ConnectionServiceServer, cfg *configv1.Audit) (*bench, *trail) {
	t.Helper()
	tr := &trail{logs: newLogs()}
	return guarded(t, service, authConfig(), func(s *setup) {
		options := s.options
		s.options = func(o *server.Options) {
			options(o)
			var problems []policy.Problem
			o.Guard.Policy, problems = policy.Compile(&configv1.Policy{CostLimit: 1000, Rules: []*configv1.PolicyRule{
				rule("creates", `request.name == "test"`, "CreateEnhancedConnection"), rule("others", `method != "CreateEnhancedConnection"`),
			}})
			var err error
			if o.Guard.Audit, err = audit.New(cfg, audit.Options{Stdout: tr, Log: o.Telemetry.Log, Meter: o.Telemetry.Meter}); err != nil || problems != nil {
				t.Fatal(err, problems)
			}
		}
	}), tr
}

// TestAudit: a record for each change and each refusal, none for a read, whatever the log
// level is.
func TestAudit(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		service := &stub{on: func(ctx context.Context, _ proto.Message) error {
			call.From(ctx).AddAttempt(1, "dli-1")
			return nil
		}}
		b, tr := audited(t, service, &configv1.Audit{})
		b.setLevel(t, http.MethodPut, "error")
		changed := d.create(t, b, createRequest(), bearer(callerToken))
		other := createRequest()
		other.Name = "other"
		denied := d.create(t, b, other, bearer(callerToken))
		stranger := d.create(t, b, createRequest(), bearer("CANARY"))
		invalid := createRequest()
		invalid.Name = "-"
		rejected := d.create(t, b, invalid, bearer(callerToken))
		for _, tt := range []struct {
			id   string
			want map[string]any
		}{
			{changed.requestID, map[string]any{
				"event": "change", "caller": "token:orders", "outcome": "OK", "project": project, "resource_id": connection, "rule": "creates",
				"dli_request_id": "dli-1", "api": d.name, "method": "connsvc.v1.ConnectionService/CreateEnhancedConnection",
			}},
			{denied.requestID, map[string]any{"event": "refusal", "caller": "token:orders", "outcome": "PERMISSION_DENIED", "reason": "POLICY_DENIED"}},
			{stranger.requestID, map[string]any{"event": "refusal", "caller": "", "outcome": "UNAUTHENTICATED", "reason": "CALLER_UNAUTHENTICATED"}},
			{rejected.requestID, map[string]any{"event": "change", "outcome": "INVALID_ARGUMENT", "reason": "VALIDATION_FAILED"}},
		} {
			got := tr.records(t, tt.id)
			if len(got) != 1 {
				t.Errorf("records %v, want one with %v", got, tt.want)
				continue
			}
			for key, value := range tt.want {
				if got[0][key] != value {
					t.Errorf("%s: got %v, want %v", key, got[0][key], tt.want)
				}
			}
		}
		read := b.do(t, http.MethodGet, connections, http.Header{"Authorization": {"Bearer " + callerToken}}, nil)
		if got := tr.records(t, read.requestID); read.status != http.StatusOK || len(got) > 0 {
			t.Errorf("a read has records %v", got)
		}
		if strings.Contains(tr.String(), "CANARY") {
			t.Errorf("a record has credentials: %s", tr)
		}
	})
}

// TestExecutedChangeIsRecordedAsChange: a change that DLI may have executed is one in the log,
// also where it ends with a reason of refusals. Those are left out in a flood, as is a change of
// which nothing was executed.
func TestExecutedChangeIsRecordedAsChange(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		var ends connsvcv1.ErrorReason
		executed := false
		b, tr := audited(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			if executed {
				call.From(ctx).RecordChange()
			}
			return apierror.New(ends, "", nil)
		}}, &configv1.Audit{})
		for _, ends = range []connsvcv1.ErrorReason{
			connsvcv1.ErrorReason_CALLER_QUOTA, connsvcv1.ErrorReason_POLICY_DENIED, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED,
		} {
			for event, done := range map[string]bool{"change": true, "refusal": false} {
				executed = done
				got := d.create(t, b, createRequest(), bearer(callerToken))
				records := tr.records(t, got.requestID)
				if got.reason != ends.String() || len(records) != 1 || records[0]["event"] != event || records[0]["reason"] != ends.String() {
					t.Errorf("%s, executed %t: got %+v, recorded %v", ends, done, got, records)
				}
			}
		}
		read := b.do(t, http.MethodGet, connections, http.Header{"Authorization": {"Bearer " + callerToken}}, nil)
		if records := tr.records(t, read.requestID); len(records) != 1 || records[0]["event"] != "refusal" {
			t.Errorf("a read: got %+v, recorded %v", read, records)
		}
	})
}

// TestAuditThatCannotBeWritten is an alarm, or rejects changes where so configured.
func TestAuditThatCannotBeWritten(t *testing.T) {
	for _, refuse := range []bool{false, true} {
		cfg, want, outcomes := &configv1.Audit{}, "OK", "OK"
		if refuse {
			cfg.OnFailure, want, outcomes = configv1.Audit_REFUSE, "UNAVAILABLE", "STARTED OK"
		}
		var changes atomic.Int64
		b, tr := audited(t, &stub{on: func(context.Context, proto.Message) error { changes.Add(1); return nil }}, cfg)
		tr.broken.Store(true)
		got := createGRPC(t, b, createRequest(), bearer(callerToken))
		if got.code != want || (changes.Load() == 0) != refuse {
			t.Errorf("refuse %t: got %+v after %d changes", refuse, got, changes.Load())
		}
		b.awaitMetricOf(t, "0", "connsvc_audit_records_total", map[string]string{"result": "written"})
		if !strings.Contains(b.logs.String(), "the audit log cannot be written") {
			t.Errorf("logged %s", b.logs)
		}
		if list := b.do(t, http.MethodGet, connections, http.Header{"Authorization": {"Bearer " + callerToken}}, nil); list.status != http.StatusOK {
			t.Errorf("refuse %t: a read gets %d", refuse, list.status)
		}
		tr.broken.Store(false)
		again := createGRPC(t, b, createRequest(), bearer(callerToken))
		var text []string
		for _, r := range tr.records(t, again.requestID) {
			text = append(text, r["outcome"].(string))
		}
		if again.code != "OK" || strings.Join(text, " ") != outcomes {
			t.Errorf("refuse %t: got %+v, recorded %v", refuse, again, text)
		}
	}
}

// TestWaitThatTestsIsAudited as CreateConnectivityTest is; one that only waits is a read.
func TestWaitThatTestsIsAudited(t *testing.T) {
	b, tr := audited(t, &stub{}, &configv1.Audit{OnFailure: configv1.Audit_REFUSE})
	authorization := http.Header{"Authorization": {"Bearer " + callerToken}}
	if got := b.do(t, http.MethodGet, waited, authorization, nil); got.status != http.StatusOK || len(tr.records(t, got.requestID)) > 0 {
		t.Errorf("a wait: %+v, recorded %v", got, tr.records(t, got.requestID))
	}
	got := b.do(t, http.MethodGet, waited+"?queues=q1&addresses=10.0.0.1:22", authorization, nil)
	records := tr.records(t, got.requestID)
	if len(records) != 2 || records[0]["outcome"] != "STARTED" || records[1]["outcome"] != "OK" {
		t.Fatalf("a wait that tests: %+v, recorded %v", got, records)
	}
	request, _ := json.Marshal(records[1]["request"])
	if records[1]["event"] != "change" || records[1]["resource_id"] != connection || !strings.Contains(string(request), "10.0.0.1:22") {
		t.Errorf("recorded %v", records[1])
	}
}
