package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/connsvc/connsvc/gen/go/connsvc"
)

// callTimeout limits a call without --timeout.
const callTimeout = 60 * time.Second

// A session is a command that runs: its process, settings and client.
type session struct {
	*Process
	*settings
	client *connsvc.Client
}

// open resolves the settings and makes the client, which connects with its first call.
func (f *Flags) open(p *Process) (*session, error) {
	s, options, err := f.dial(p)
	if err != nil {
		return nil, err
	}
	client, err := connsvc.NewClient(s.address, options...)
	if err != nil {
		return nil, err
	}
	return &session{p, s, client}, nil
}

// dial resolves the settings, and returns how to connect.
func (f *Flags) dial(p *Process) (*settings, []grpc.DialOption, error) {
	s, err := f.resolve(p)
	if err != nil {
		return nil, nil, err
	}
	transport := insecure.NewCredentials()
	if !s.plaintext {
		config, err := TLS(s.caFile, s.certFile, s.keyFile)
		if err != nil {
			return nil, nil, configError(err)
		}
		transport = credentials.NewTLS(config)
	}
	return s, []grpc.DialOption{
		grpc.WithTransportCredentials(transport), grpc.WithNoProxy(), grpc.WithPerRPCCredentials(tokens{s.token, s.iamToken}),
	}, nil
}

// maxResponseBytes limits a response, as the client of package connsvc does: 64 MiB.
const maxResponseBytes = 64 << 20

// A Target is the connsvc that flags, environment and context name, for a command with calls
// of its own. Nothing is retried.
type Target struct {
	*grpc.ClientConn
	Project string        // empty: none is named
	Timeout time.Duration // of a call
}

// Dial returns the target, which connects with its first call.
func (f *Flags) Dial(p *Process) (*Target, error) {
	s, options, err := f.dial(p)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(s.address, append(options, grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxResponseBytes)))...)
	if err != nil {
		return nil, err
	}
	return &Target{conn, s.project, cmp.Or(s.timeout, callTimeout)}, nil
}

// openProject is open for commands that need a project.
func (f *Flags) openProject(p *Process) (*session, error) {
	s, err := f.open(p)
	if err == nil && s.project == "" {
		s.close()
		return nil, usageError("no project: set --project, CONNSVC_PROJECT, or project in the context")
	}
	return s, err
}

func (s *session) close() { _ = s.client.Close() }

// call returns the context of a call with its deadline.
func (s *session) call() (context.Context, context.CancelFunc) {
	return context.WithTimeout(s.Ctx, cmp.Or(s.timeout, callTimeout))
}

// tokens sends the tokens of the settings. That they are sent over TLS or on loopback only
// is checked with the settings.
type tokens struct{ token, iam string }

// GetRequestMetadata returns the metadata with the tokens.
func (t tokens) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	md := make(map[string]string)
	if t.token != "" {
		md["authorization"] = "Bearer " + t.token
	}
	if t.iam != "" {
		md["x-auth-token"] = t.iam
	}
	return md, nil
}

// RequireTransportSecurity returns false: loopback needs no TLS.
func (tokens) RequireTransportSecurity() bool { return false }

// TLS returns the TLS of a client that trusts the CAs of caFile, or those of the system,
// and has a certificate, or none.
func TLS(caFile, certFile, keyFile string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		ca, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("reading the CA file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New(caFile + " contains no certificate in PEM form")
		}
	}
	if (certFile == "") != (keyFile == "") {
		return nil, errors.New("a client certificate needs both its file and its key's file")
	}
	if certFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, keyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
