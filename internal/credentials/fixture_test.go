package credentials_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
)

const (
	project = "48cc2c48765f481480c7db940d6409d1"
	other   = "5f1bd2d1b3a64f1c8f2a3c0f6f0d9b7e"
)

// The secrets of the tests: canaries that nothing may sing.
const (
	canaryID       = "CANARYACCESSKEYID"
	canarySecret   = "CANARYSECRETACCESSKEY"
	canaryTemp     = "CANARYSECURITYTOKEN"
	canaryToken    = "CANARYIAMTOKEN"
	canaryPassword = `CANARY "pass\word"`
)

// secrets reads an env secret as its own name, and a file as it is.
func secrets(s *configv1.Secret) (string, error) {
	if s.GetEnv() != "" {
		return s.GetEnv(), nil
	}
	text, err := os.ReadFile(s.GetFile())
	if err == nil && len(text) == 0 {
		err = errors.New("the file is empty")
	}
	return string(text), err
}

func env(name string) *configv1.Secret {
	return &configv1.Secret{Source: &configv1.Secret_Env{Env: name}}
}

func file(path string) *configv1.Secret {
	return &configv1.Secret{Source: &configv1.Secret_File{File: path}}
}

// written makes a file of a secret.
func written(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, text)
	return path
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func withAccessKey(id, secret, token *configv1.Secret) *configv1.Upstream {
	return &configv1.Upstream{Credentials: &configv1.Upstream_AccessKey{
		AccessKey: &configv1.AccessKey{Id: id, Secret: secret, SecurityToken: token},
	}}
}

func withToken(s *configv1.Secret) *configv1.Upstream {
	return &configv1.Upstream{Credentials: &configv1.Upstream_Token{Token: s}}
}

func withPassword(endpoint string, password *configv1.Secret) *configv1.Upstream {
	return &configv1.Upstream{Credentials: &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
		Endpoint: endpoint, DomainName: "OTC-EU-1", UserName: "connsvc", Password: password,
	}}}
}

func withAgency(endpoint string) *configv1.Upstream {
	return &configv1.Upstream{Credentials: &configv1.Upstream_IamAgency{IamAgency: &configv1.IAMAgency{
		Endpoint: endpoint, DomainName: "OTC-EU-1", AgencyName: "dli",
		AccessKey: &configv1.AccessKey{Id: env(canaryID), Secret: env(canarySecret)},
	}}}
}

func withMetadata(endpoint string) *configv1.Upstream {
	return &configv1.Upstream{Credentials: &configv1.Upstream_EcsMetadata{EcsMetadata: &configv1.ECSMetadata{Endpoint: endpoint}}}
}

func passThrough() *configv1.Upstream {
	return &configv1.Upstream{Credentials: &configv1.Upstream_PassThrough{PassThrough: &configv1.PassThrough{}}}
}

func provider(t testing.TB, cfg *configv1.Upstream, o credentials.Options) credentials.Provider {
	t.Helper()
	if o.Secret == nil {
		o.Secret = secrets
	}
	p, err := credentials.New(cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// request is a call to DLI before it is authorized.
func request(t testing.TB) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "https://dli.example.com/v2.0/"+project+"/datasource/enhanced-connections", nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// authorized is a call that the Provider has authorized.
func authorized(t testing.TB, p credentials.Provider, project string) *http.Request {
	t.Helper()
	r := request(t)
	if err := p.Authorize(t.Context(), r, nil, project, ""); err != nil {
		t.Fatalf("authorizing: %v", err)
	}
	return r
}

// tokenOf authorizes a call and returns its token.
func tokenOf(t testing.TB, p credentials.Provider, project string) string {
	t.Helper()
	return authorized(t, p, project).Header.Get("X-Auth-Token")
}

// refused authorizes a call that must not be, and returns the Error.
func refused(t testing.TB, p credentials.Provider, project string) *credentials.Error {
	t.Helper()
	r := request(t)
	return failure(t, p.Authorize(t.Context(), r, nil, project, ""), r)
}

func failure(t testing.TB, err error, r *http.Request) *credentials.Error {
	t.Helper()
	e, ok := err.(*credentials.Error)
	if !ok || e == nil {
		t.Fatalf("got %T %v, want a *credentials.Error", err, err)
	}
	if len(r.Header) > 0 {
		t.Errorf("the request bears %v in spite of the error", r.Header)
	}
	return e
}

// observed collects what a Provider tells.
type observed struct {
	mu   sync.Mutex
	told []credentials.Renewal
}

func (o *observed) observe(r credentials.Renewal) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, r)
}

// outcomes returns the kinds of what was told, "ok" for none.
func (o *observed) outcomes() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := []string{}
	for _, r := range o.told {
		var e *credentials.Error
		switch {
		case r.Err == nil:
			all = append(all, "ok")
		case errors.As(r.Err, &e):
			all = append(all, e.Kind.String())
		}
	}
	return all
}

// An iamServer gives tokens for 24 hours by the clock.
type iamServer struct {
	mu       sync.Mutex
	projects []string          // that were asked for
	bodies   []json.RawMessage // of all requests
	status   map[string]int    // of projects; 0: a token
	text     string            // of errors
	header   http.Header       // of errors
	times    []time.Time       // of the requests
	busy     int
	most     int // that were asked for at once
	lifetime time.Duration
	hold     chan struct{} // holds requests until it is closed
}

func (s *iamServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var asked struct {
		Auth struct {
			Scope struct{ Project struct{ ID string } }
		}
	}
	if err := json.Unmarshal(body, &asked); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	id := asked.Auth.Scope.Project.ID
	s.mu.Lock()
	s.projects, s.bodies, s.times = append(s.projects, id), append(s.bodies, body), append(s.times, time.Now())
	n, status, hold, lifetime := len(s.projects), s.status[id], s.hold, s.lifetime
	s.busy++
	s.most = max(s.most, s.busy)
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
		}
	}
	s.mu.Lock()
	s.busy--
	s.mu.Unlock()
	if status != 0 {
		maps.Copy(w.Header(), s.header)
		w.Header().Set("X-Iam-Trace-Id", "trace")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{"error_code":"IAM.0101","error_msg":"`+cmp.Or(s.text, strings.Repeat("CANARY", 3))+`"}`)
		return
	}
	if lifetime == 0 {
		lifetime = 24 * time.Hour
	}
	now := time.Now().UTC()
	w.Header().Set("X-Subject-Token", fmt.Sprintf("CANARY-%s-%d", id, n))
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"token":{"issued_at":%q,"expires_at":%q}}`, now.Format(iamTime), now.Add(lifetime).Format(iamTime))
}

const iamTime = "2006-01-02T15:04:05.000000Z"

// asked returns how often a token was asked for.
func (s *iamServer) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.projects)
}

// busiest returns the most requests of any second.
func (s *iamServer) busiest() (most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, from := range s.times {
		n := 0
		for n < len(s.times)-i && s.times[i+n].Sub(from) < time.Second {
			n++
		}
		most = max(most, n)
	}
	return most
}

// answer makes the server answer so for a project from now on; 0: a token.
func (s *iamServer) answer(project string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == nil {
		s.status = make(map[string]int)
	}
	s.status[project] = status
}

// direct is a transport that calls a handler, for tests whose time is not ours.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	return w.Result(), nil
}
