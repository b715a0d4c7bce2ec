package server_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth/audit"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/signing"
)

// signedConfig authenticates by callerToken and by the access keys AK1 and AK2.
func signedConfig() *configv1.Auth {
	cfg := authConfig()
	for _, id := range []string{"AK1", "AK2"} {
		cfg.AccessKeys = append(cfg.AccessKeys, &configv1.CallerKey{Name: id, Id: id, Secret: cfg.GetTokens()[0].GetSha256()})
	}
	return cfg
}

// signedHeader signs a request to the bench.
func (b *bench) signedHeader(t *testing.T, key, method, target, body string, at time.Time) http.Header {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+b.server.RESTAddr().String()+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	secret := sha256.Sum256([]byte(callerToken)) // as guarded has all secrets
	signing.Sign(r, []byte(body), signing.Credentials{AccessKeyID: key, SecretAccessKey: hex.EncodeToString(secret[:])}, at)
	return r.Header
}

// TestSignedChangesAreAcceptedOnce: what counts is whether a call changes something, not its
// HTTP method.
func TestSignedChangesAreAcceptedOnce(t *testing.T) {
	var reached atomic.Int64
	b := guarded(t, &stub{on: func(context.Context, proto.Message) error { reached.Add(1); return nil }}, signedConfig(), nil)
	wait := waited + "?queues=q1&addresses=10.0.0.1:22"
	for name, tt := range map[string]struct {
		method, target, body string
		again                int
	}{
		"a create":          {http.MethodPost, connections, create, http.StatusUnauthorized},
		"a wait that tests": {http.MethodGet, wait, "", http.StatusUnauthorized},
		"its HEAD":          {http.MethodHead, wait, "", http.StatusUnauthorized},
		"a wait that waits": {http.MethodGet, waited, "", http.StatusOK},
		"a list":            {http.MethodGet, connections, "", http.StatusOK},
		"a read by POST":    {http.MethodPost, "/connsvc/v1/" + project + "/enhanced-connections:compare", "{}", http.StatusBadRequest},
		"a test by its own": {http.MethodPost, tests, `{"address":"10.0.0.1:22"}`, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			header := b.signedHeader(t, "AK1", tt.method, tt.target, tt.body, time.Now())
			reached.Store(0)
			first := b.do(t, tt.method, tt.target, header, strings.NewReader(tt.body))
			served := reached.Load()
			again := b.do(t, tt.method, tt.target, header, strings.NewReader(tt.body))
			if first.status == http.StatusUnauthorized || again.status != tt.again || reached.Load() > served && tt.again == http.StatusUnauthorized {
				t.Errorf("got %d %s, then %d %s", first.status, first.body, again.status, again.body)
			}
		})
	}
}

// TestSignedChangeOverQuota can be sent again as it is, as RetryInfo asks for.
func TestSignedChangeOverQuota(t *testing.T) {
	var reached atomic.Int64
	b := guarded(t, &stub{on: func(context.Context, proto.Message) error { reached.Add(1); return nil }}, signedConfig(), func(s *setup) {
		config := s.config
		s.config = func(c *configv1.Config) {
			config(c)
			c.Limits.PerCaller = &configv1.CallerLimits{CallsPerSecond: 1, CallsBurst: 1}
		}
	})
	send := func(at time.Time) result {
		return b.do(t, http.MethodPost, connections, b.signedHeader(t, "AK1", http.MethodPost, connections, create, at), strings.NewReader(create))
	}
	now := time.Now()
	if got := send(now); got.status != http.StatusCreated {
		t.Fatalf("got %+v", got)
	}
	later := now.Add(time.Second) // another signature
	for got := send(later); got.status != http.StatusCreated; got = send(later) {
		if got.reason != "CALLER_QUOTA" {
			t.Fatalf("got %+v", got)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := send(later); got.status != http.StatusUnauthorized && got.reason != "CALLER_QUOTA" || reached.Load() != 2 {
		t.Errorf("once more: got %+v, %d creates", got, reached.Load())
	}
}

// TestQuotasOfAccessKeys are of each key, wherever it calls from, and not of their address.
func TestQuotasOfAccessKeys(t *testing.T) {
	tr := &trail{logs: newLogs()}
	b := guarded(t, &stub{}, signedConfig(), func(s *setup) {
		config, options := s.config, s.options
		s.config = func(c *configv1.Config) {
			config(c)
			c.Limits.PerCaller = &configv1.CallerLimits{CallsPerSecond: 1, CallsBurst: 2}
		}
		s.options = func(o *server.Options) {
			options(o)
			var err error
			if o.Guard.Audit, err = audit.New(&configv1.Audit{}, audit.Options{Stdout: tr, Log: o.Telemetry.Log, Meter: o.Telemetry.Meter}); err != nil {
				t.Fatal(err)
			}
		}
	})
	send := func(key, signed string) result {
		return b.do(t, http.MethodGet, connections, b.signedHeader(t, key, http.MethodGet, signed, "", time.Now()), nil)
	}
	for range 5 { // of whoever does not have the key
		if got := send("AK1", waited); got.status != http.StatusUnauthorized {
			t.Errorf("a signature of another request: got %+v", got)
		}
	}
	call := func(key string) result { return send(key, connections) }
	var refused result
	for n := 0; refused.status == 0; n++ {
		if got := call("AK1"); got.status != http.StatusOK {
			refused = got
		} else if n > 100 {
			t.Fatal("no quota")
		}
	}
	if refused.reason != "CALLER_QUOTA" || !strings.Contains(refused.text, "caller:access_key:AK1") {
		t.Errorf("got %+v", refused)
	}
	if records := tr.records(t, refused.requestID); len(records) != 1 || records[0]["caller"] != "access_key:AK1" {
		t.Errorf("recorded %v", records)
	}
	if got := call("AK2"); got.status != http.StatusOK {
		t.Errorf("another key: got %+v", got)
	}
}
