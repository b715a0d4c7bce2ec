package cli_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/cli"
)

// projectOf returns the project of the last list.
func (f *fake) projectOf() string {
	calls := f.calls("ListEnhancedConnections")
	if len(calls) == 0 {
		return ""
	}
	return calls[len(calls)-1].(*connsvcv1.ListEnhancedConnectionsRequest).GetProjectId()
}

// TestPrecedence: a flag precedes the environment, which precedes the context.
func TestPrecedence(t *testing.T) {
	f := startFake(t)
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{})
	contexts := write(t, "contexts.yaml", "current: a\ncontexts:\n  - {name: a, address: \""+f.address+"\", project: ofa, token_file: token}\n  - {name: b, address: \""+f.address+"\", project: ofb}\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(contexts), "token"), []byte("TOKENOFA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	iam := write(t, "iam", "IAMTOKEN")
	for _, tt := range []struct {
		name    string
		env     map[string]string
		args    []string
		project string
		header  string
	}{
		{"context", nil, nil, "ofa", "Bearer TOKENOFA"},
		{"other context", map[string]string{"CONNSVC_CONTEXT": "b"}, nil, "ofb", ""},
		{"context of the flag", map[string]string{"CONNSVC_CONTEXT": "b"}, []string{"--context", "a"}, "ofa", "Bearer TOKENOFA"},
		{"environment", map[string]string{"CONNSVC_PROJECT": "env", "CONNSVC_TOKEN": "TOKENOFENV"}, nil, "env", "Bearer TOKENOFENV"},
		{"flag", map[string]string{"CONNSVC_PROJECT": "env", "CONNSVC_TOKEN": "TOKENOFENV"}, []string{"--project", "flag", "--token-file", iam}, "flag", "Bearer IAMTOKEN"},
		{"both tokens", map[string]string{"CONNSVC_IAM_TOKEN_FILE": iam}, nil, "ofa", "Bearer TOKENOFA IAMTOKEN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &command{ctx: t.Context(), env: map[string]string{"CONNSVC_CONTEXT_FILE": contexts}}
			for name, value := range tt.env {
				c.env[name] = value
			}
			if r := c.run(t, append([]string{"list"}, tt.args...)...); r.status != 0 {
				t.Fatalf("status %d: %s", r.status, r.stderr)
			}
			if got := f.projectOf(); got != tt.project {
				t.Errorf("project %q, want %q", got, tt.project)
			}
			if got := f.headers[len(f.headers)-1]; got != tt.header {
				t.Errorf("sent %q, want %q", got, tt.header)
			}
		})
	}
}

// TestContextFile: the file is found where XDG says, and its problems are reported at once,
// with their places and without what could be a secret.
func TestContextFile(t *testing.T) {
	f := startFake(t)
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{})
	home := t.TempDir()
	dir := filepath.Join(home, ".config", "connsvc")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "contexts.yaml"), []byte("current: a\ncontexts: [{name: a, address: \""+f.address+"\", project: home}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []map[string]string{{"HOME": home}, {"XDG_CONFIG_HOME": filepath.Join(home, ".config")}} {
		if r := (&command{ctx: t.Context(), env: env}).run(t, "list"); r.status != 0 || f.projectOf() != "home" {
			t.Errorf("%v: status %d, project %q: %s", env, r.status, f.projectOf(), r.stderr)
		}
	}
	bad := write(t, "contexts.yaml", "curren: a\ncontexts:\n  - name: a\n    token: CANARY\n    timeout: soon\n  - name: a\n")
	r := (&command{ctx: t.Context()}).run(t, "list", "--context-file", bad)
	if r.status != cli.ExitConfig || strings.Contains(r.stderr, "CANARY") {
		t.Errorf("status %d", r.status)
	}
	check(t, r.stderr,
		bad+":1:1: unknown key \"curren\": did you mean \"current\"?",
		bad+":4:5: a token must not be in this file",
		bad+":5:14: must be a duration")
	good := write(t, "contexts.yaml", "contexts: [{name: a}, {name: b}]\n")
	r = (&command{ctx: t.Context()}).run(t, "list", "--context-file", good, "--context", "c")
	check(t, r.stderr, `no context "c": there are a, b`)
	if r.status != cli.ExitConfig {
		t.Errorf("status %d", r.status)
	}
}

// TestSettingsRefused: what is wrong with the settings is said before anything is sent.
func TestSettingsRefused(t *testing.T) {
	empty, accented := write(t, "token", "\n"), write(t, "token", "CANARYé\n")
	for _, tt := range []struct {
		env    map[string]string
		args   []string
		status int
		want   string
	}{
		{nil, nil, cli.ExitUsage, "no project: set --project"},
		{nil, []string{"--address", "nowhere"}, cli.ExitUsage, `the address "nowhere" must be host:port`},
		{nil, []string{"--address", "127.0.0.1:99999"}, cli.ExitUsage, `the address "127.0.0.1:99999" must have a port from 0 to 65535`},
		{nil, []string{"--timeout=-1s"}, cli.ExitUsage, "--timeout must be positive"},
		{map[string]string{"CONNSVC_TIMEOUT": "soon"}, nil, cli.ExitConfig, "CONNSVC_TIMEOUT must be a duration"},
		{map[string]string{"CONNSVC_PLAINTEXT": "maybe"}, nil, cli.ExitConfig, "CONNSVC_PLAINTEXT must be true or false"},
		{nil, []string{"--token-file", empty}, cli.ExitConfig, "must contain a token"},
		{nil, []string{"--token-file", accented}, cli.ExitConfig, accented + " must contain a token, in one line, of printable ASCII"},
		{map[string]string{"CONNSVC_TOKEN": "CANARY\nCANARY"}, nil, cli.ExitConfig, "CONNSVC_TOKEN must contain a token, in one line"},
		{map[string]string{"CONNSVC_IAM_TOKEN": "CANARY\x00"}, nil, cli.ExitConfig, "CONNSVC_IAM_TOKEN must contain"},
		{nil, []string{"--ca-file", empty + "x"}, cli.ExitConfig, "reading the CA file: open "},
		{nil, []string{"--ca-file", empty}, cli.ExitConfig, "contains no certificate in PEM form"},
		{nil, []string{"--no-plaintext", "--cert-file", empty}, cli.ExitConfig, "needs both"},
		{map[string]string{"CONNSVC_TOKEN": "CANARY"}, []string{"--address", "connsvc.example.com:9090", "--plaintext"}, cli.ExitConfig, "a token is not sent to connsvc.example.com:9090 without TLS"},
		{nil, []string{"--output", "xml"}, cli.ExitUsage, "must be one of"},
	} {
		r := (&command{ctx: t.Context(), env: tt.env}).run(t, append([]string{"list"}, tt.args...)...)
		if r.status != tt.status || !strings.Contains(r.stderr, tt.want) || strings.Contains(r.stderr, "CANARY") || r.stdout != "" {
			t.Errorf("%v %v: status %d, %s; want %d, %s", tt.env, tt.args, r.status, r.stderr, tt.status, tt.want)
		}
	}
}

// TestTLS: a token goes over TLS, with a client certificate where connsvc wants one. The
// paths of a context start at its folder.
func TestTLS(t *testing.T) {
	authority := certstest.NewAuthority(t)
	f := startFake(t, grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, "connsvc").Pair(t)}, ClientCAs: authority.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12,
	})))
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{})
	folder := certstest.NewFolder(t, authority.Issue(t, "me"), authority)
	contexts := folder.Path("contexts.yaml")
	text := "current: a\ncontexts: [{name: a, project: p1, ca_file: ca.crt, cert_file: tls.crt, key_file: tls.key}]\n"
	if err := os.WriteFile(contexts, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &command{ctx: t.Context(), env: map[string]string{"CONNSVC_ADDRESS": "https://" + f.address + "/", "CONNSVC_CONTEXT_FILE": contexts, "CONNSVC_TOKEN": "TOKEN"}}
	if r := c.run(t, "list"); r.status != 0 || len(f.headers) != 1 || f.headers[0] != "Bearer TOKEN" {
		t.Errorf("status %d: %s; sent %q", r.status, r.stderr, f.headers)
	}
	other := certstest.NewFolder(t, authority.Issue(t, "me"), certstest.NewAuthority(t))
	r := c.run(t, "list", "--ca-file", other.Path("ca.crt"))
	check(t, r.stderr, "certificate signed by unknown authority")
	if r = c.run(t, "list", "--plaintext"); r.status != 1 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	check(t, r.stderr, "whether it has TLS")
	if len(f.headers) != 1 {
		t.Errorf("sent %q", f.headers)
	}
}

func connection(id, name string, statuses ...connsvcv1.Peering_Status) *connsvcv1.EnhancedConnection {
	c := &connsvcv1.EnhancedConnection{Id: id, Name: name, Status: connsvcv1.EnhancedConnection_ACTIVE, IsPrivis: proto.Bool(true)}
	for i, status := range statuses {
		c.AvailableQueueInfo = append(c.AvailableQueueInfo, &connsvcv1.Peering{Name: "q" + string(rune('1'+i)), Status: status})
	}
	return c
}
