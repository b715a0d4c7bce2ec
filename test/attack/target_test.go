package attack_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/emulator"
)

const (
	project     = "48cc2c48765f481480c7db940d6409d1"
	connections = "/v2.0/" + project + "/datasource/enhanced-connections"
	accessKeyID = "CALLER00000000000001"
	body        = `{"name":"test","dest_vpc_id":"22094d8f-c310-4621-913d-4c4d655d8495","dest_network_id":"78f2562a-36e4-4b39-95b9-f5aab22e1281"}`
)

// canaries are the secrets of a target. None of them may ever be shown.
var canaries = map[string]string{
	"TOKEN":    "CANARY-token-5f0c1d9e7a3b4c8d9e0f1a2b3c4d5e6f",
	"SK":       "CANARY-sk-5f0c1d9e7a3b4c8d9e0f1a2b3c4d5e6f",
	"UPSTREAM": "CANARY-upstream-5f0c1d9e7a3b4c8d9e0f1a2b3c4d",
}

// A target is a connsvc with every kind of credentials, in front of an emulator.
type target struct {
	rest, grpc, admin string
	shown             *recording // all that connsvc has shown: its log, its responses
	dli               *recording // all that DLI was sent
	client            *http.Client
	emulator          *emulator.Emulator
}

// A recording collects text.
type recording struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (r *recording) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(p)
}

func (r *recording) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func newTarget(t *testing.T) *target {
	t.Helper()
	at := &target{shown: &recording{}, dli: &recording{}}
	dli := emulator.New(emulator.Options{})
	at.emulator = dli
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(at.dli, r.Method, r.RequestURI, r.Header)
		dli.ServeHTTP(w, r)
	}))
	t.Cleanup(upstream.Close)
	keySet := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(keySet, publishedKeys(t), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config.Default(&configv1.Upstream{Endpoint: upstream.URL, Credentials: &configv1.Upstream_Token{Token: secret("UPSTREAM")}})
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Admin.Pprof = true
	cfg.Auth = &configv1.Auth{
		Tokens:     []*configv1.CallerToken{{Name: "orders", Sha256: secret("SHA256")}},
		AccessKeys: []*configv1.CallerKey{{Name: "terraform", Id: accessKeyID, Secret: secret("SK")}},
		Jwt: []*configv1.JWT{{
			Name: "corp", Issuer: issuer, Audiences: []string{audience}, IdClaim: "sub",
			Jwks: &configv1.JWT_JwksFile{JwksFile: keySet},
		}},
	}
	// The other kinds of callers may do everything.
	cfg.Policy = &configv1.Policy{CostLimit: 1_000_000, Rules: []*configv1.PolicyRule{
		{Name: "others", When: `principal.name != "token:orders"`, Effect: configv1.PolicyRule_ALLOW},
		{Name: "creates", Methods: []string{"CreateEnhancedConnection"}, When: `request.name.startsWith("orders_")`, Effect: configv1.PolicyRule_ALLOW},
		{Name: "uses", Methods: []string{
			"GetEnhancedConnection", "DeleteEnhancedConnection", "UpdateEnhancedConnectionHosts", "AssociateQueues", "DisassociateQueues", "CreateRoute", "DeleteRoute",
		}, When: `connection.name.startsWith("orders_")`, Effect: configv1.PolicyRule_ALLOW},
		{Name: "lists", Methods: []string{"ListEnhancedConnections"}, Effect: configv1.PolicyRule_ALLOW},
	}}
	cfg.Audit = &configv1.Audit{}
	connsvc, err := app.New(cfg, app.Options{Log: at.shown, Audit: at.shown, Version: "attack", Reflection: true, Secret: readSecret})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- connsvc.Run(ctx) }()
	transport := &http.Transport{}
	at.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	at.rest, at.grpc, at.admin = "http://"+connsvc.RESTAddr().String(), connsvc.GRPCAddr().String(), "http://"+connsvc.AdminAddr().String()
	return at
}

func secret(name string) *configv1.Secret {
	return &configv1.Secret{Source: &configv1.Secret_Env{Env: name}}
}

func readSecret(s *configv1.Secret) (string, error) {
	if s.GetEnv() == "SHA256" {
		sum := sha256.Sum256([]byte(canaries["TOKEN"]))
		return hex.EncodeToString(sum[:]), nil
	}
	if text := canaries[s.GetEnv()]; text != "" {
		return text, nil
	}
	return "", errors.New("no such secret")
}

// send sends a REST request and returns the status.
func (at *target) send(t *testing.T, r *http.Request) int {
	t.Helper()
	status, _ := at.read(t, r)
	return status
}

// read sends a REST request and returns the status and the body.
func (at *target) read(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	resp, err := at.client.Do(r)
	if err != nil {
		return 0, "" // rejected without a response
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(at.shown, resp.Status, resp.Header, string(text))
	return resp.StatusCode, string(text)
}

// calls returns how many requests DLI got.
func (at *target) calls() int { return strings.Count(at.dli.String(), "\n") }

// changes returns how many of them changed something.
func (at *target) changes() int {
	all := 0
	for line := range strings.Lines(at.dli.String()) {
		if !strings.HasPrefix(line, http.MethodGet) {
			all++
		}
	}
	return all
}

// connection returns the ID of a connection.
func (at *target) connection(t *testing.T, name string) string {
	t.Helper()
	for _, c := range at.emulator.Connections(project) {
		if c.Name == name {
			return c.ID
		}
	}
	t.Fatalf("no connection %s", name)
	return ""
}

// request makes a REST request.
func (at *target) request(t *testing.T, method, path, content string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, at.rest+path, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// bearer lists connections over both APIs by a token. It returns where that succeeds.
func (at *target) bearer(t *testing.T, tokens ...string) string {
	t.Helper()
	r := at.request(t, http.MethodGet, connections, "")
	md := metadata.MD{}
	for _, token := range tokens {
		r.Header.Add("Authorization", "Bearer "+token)
		md.Append("authorization", "Bearer "+token)
	}
	var achieved []string
	if got := at.send(t, r); got != http.StatusUnauthorized && got != http.StatusRequestHeaderFieldsTooLarge {
		achieved = append(achieved, fmt.Sprintf("REST answers %d", got))
	}
	conn, err := grpc.NewClient(at.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, err = connsvcv1.NewConnectionServiceClient(conn).ListEnhancedConnections(
		metadata.NewOutgoingContext(t.Context(), md), &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project})
	fmt.Fprintln(at.shown, err)
	if status.Code(err).String() == "OK" {
		achieved = append(achieved, "gRPC lists")
	}
	return strings.Join(achieved, ", ")
}
