package main

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/cli"
)

// A recorded service records what its streams are called with.
type recorded struct {
	connsvcv1.UnimplementedConnectionServiceServer
	calls []string // project, authorization and x-auth-token
}

func (s *recorded) WatchEnhancedConnections(req *connsvcv1.WatchEnhancedConnectionsRequest, stream grpc.ServerStreamingServer[connsvcv1.WatchEnhancedConnectionsResponse]) error {
	md, _ := metadata.FromIncomingContext(stream.Context())
	s.calls = append(s.calls, strings.Join(append(append([]string{req.GetProjectId()}, md.Get("authorization")...), md.Get("x-auth-token")...), " "))
	return nil
}

// startRecorded serves a recorded service with TLS.
func startRecorded(t *testing.T, authority *certstest.Authority) (s *recorded, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, "connsvc").Pair(t)}, MinVersion: tls.VersionTLS12,
	})))
	s = &recorded{}
	connsvcv1.RegisterConnectionServiceServer(server, s)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); <-served })
	return s, listener.Addr().String()
}

// TestCallSettings: call takes flags, environment and contexts as connections does.
func TestCallSettings(t *testing.T) {
	authority := certstest.NewAuthority(t)
	service, address := startRecorded(t, authority)
	folder := certstest.NewFolder(t, authority.Issue(t, "me"), authority)
	write := func(name, text string) string {
		if err := os.WriteFile(folder.Path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return folder.Path(name)
	}
	write("token", "TOKENOFA\n")
	iam := write("iam", "IAMTOKEN\n")
	t.Setenv("CONNSVC_CONTEXT_FILE", write("contexts.yaml", "current: a\ncontexts: [{name: a, address: \""+address+"\", project: ofa, token_file: token, ca_file: ca.crt}]\n"))
	t.Setenv("CONNSVC_IAM_TOKEN_FILE", iam)
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "ofa Bearer TOKENOFA IAMTOKEN"},
		{[]string{`{"project_id":"p1"}`, "--token-file", iam}, "p1 Bearer IAMTOKEN IAMTOKEN"},
		{[]string{"--project", "p2"}, "p2 Bearer TOKENOFA IAMTOKEN"},
	} {
		service.calls = nil
		status, out := runCommand(t, "", append([]string{"call", "WatchEnhancedConnections"}, tt.args...)...)
		if status != 0 || len(service.calls) != 1 || service.calls[0] != tt.want {
			t.Errorf("%v: status %d, sent %q\n%s", tt.args, status, service.calls, out)
		}
	}

	// A token leaves this machine with TLS only, by the CAs of the system without a CA file.
	service.calls = nil
	t.Setenv("CONNSVC_CONTEXT_FILE", write("contexts.yaml", "current: a\ncontexts: [{name: a, token_file: token}]\n"))
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"--address", "connsvc.example.com:9090", "--plaintext"}, cli.ExitConfig, "a token is not sent to connsvc.example.com:9090 without TLS"},
		{[]string{"--address", address, "--no-plaintext"}, exitFailure, "certificate signed by unknown authority"},
		{[]string{"--address", address, "--ca-file", filepath.Join(t.TempDir(), "none")}, cli.ExitConfig, "reading the CA file"},
	} {
		status, out := runCommand(t, "", append([]string{"call", "WatchEnhancedConnections"}, tt.args...)...)
		if status != tt.status || !strings.Contains(out, tt.want) {
			t.Errorf("%v: status %d\n%s", tt.args, status, out)
		}
	}
	if len(service.calls) > 0 {
		t.Errorf("sent %q", service.calls)
	}
}
