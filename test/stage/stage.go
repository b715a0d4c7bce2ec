// Package stage runs connsvc, wired as its command wires it, between clients of both
// APIs and a DLI that can fail. It serves the suites of test/ and judges nothing: it
// reports the outcome of each call and what reached DLI.
package stage

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"slices"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/emulator"
)

// Options configure connsvc and the DLI behind it.
type Options struct {
	// Emulators are the DLI of each project. Each project has an upstream of its own,
	// so that the faults of one do not affect the others.
	Emulators map[string]*emulator.Emulator
	// Upstream returns the configuration of a project's upstream; name, endpoint and
	// project are filled in, and credentials unless it has some.
	Upstream func(project string) *configv1.Upstream
	// Limits override the default limits of connsvc.
	Limits *configv1.Limits
}

// A Stage is connsvc with a DLI behind it.
type Stage struct {
	// GRPC and REST are clients of the two APIs.
	GRPC, REST Client
	// Admin is the address of the admin port.
	Admin string
	// Log collects what connsvc logs.
	Log *Log

	grpcAddress, restAddress string
	projects                 map[string]*Project
	dli                      *httptest.Server // nil: it is the caller's
	close                    func() error
}

// New starts a stage.
func New(o Options) (*Stage, error) {
	s := &Stage{Log: &Log{}, projects: make(map[string]*Project, len(o.Emulators))}
	for id, e := range o.Emulators {
		s.projects[id] = newProject(e)
	}
	s.dli = httptest.NewServer(s)
	if err := s.serve(s.config(o, s.dli.URL), nil, (*app.App).Run); err != nil {
		s.dli.Close()
		return nil, err
	}
	return s, nil
}

// Serve starts a stage of a configuration, whose DLI is the caller's. The listeners get
// free ports. secret may be nil.
func Serve(cfg *configv1.Config, secret func(*configv1.Secret) (string, error)) (*Stage, error) {
	s := &Stage{Log: &Log{}}
	return s, s.serve(cfg, secret, (*app.App).Run)
}

// ServeFile is Serve of a configuration file, which is read again at each signal.
func ServeFile(path string, signals <-chan os.Signal) (*Stage, error) {
	file, err := config.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the configuration: %w", err)
	}
	s := &Stage{Log: &Log{}}
	return s, s.serve(file.Config(), nil, func(a *app.App, ctx context.Context) error { return a.RunFile(ctx, file, signals) })
}

func (s *Stage) serve(cfg *configv1.Config, secret func(*configv1.Secret) (string, error), run func(*app.App, context.Context) error) error {
	if secret == nil {
		secret = secretOfStage
	}
	cfg = proto.CloneOf(cfg)
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	connsvc, err := app.New(cfg, app.Options{Secret: secret, Log: s.Log, Version: "stage"})
	if err != nil {
		return fmt.Errorf("starting connsvc: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(connsvc, ctx) }()
	s.Admin = connsvc.AdminAddr().String()
	s.close = func() error {
		stop()
		err := <-ended
		if s.dli != nil {
			s.dli.Close()
		}
		return err
	}
	s.grpcAddress, s.restAddress = connsvc.GRPCAddr().String(), connsvc.RESTAddr().String()
	s.REST = newRESTClient(s.restAddress)
	if s.GRPC, err = s.AnotherGRPC(); err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

// AnotherGRPC returns a further client of the gRPC API: one connection has at most 100 calls
// in flight. The caller closes it.
func (s *Stage) AnotherGRPC() (Client, error) { return newGRPCClient(s.grpcAddress) }

func (s *Stage) config(o Options, endpoint string) *configv1.Config {
	cfg := config.Default()
	proto.Merge(cfg.Limits, o.Limits)
	ids := make([]string, 0, len(o.Emulators))
	for id := range o.Emulators {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		u := o.Upstream(id)
		u.Name, u.Endpoint, u.Projects = "dli", endpoint, append(u.Projects, id)
		if u.Credentials == nil {
			u.Credentials = &configv1.Upstream_Token{Token: &configv1.Secret{Source: &configv1.Secret_Env{Env: "TOKEN"}}}
		}
		cfg.Upstreams = append(cfg.Upstreams, u)
	}
	return cfg
}

// Project returns the DLI of a project.
func (s *Stage) Project(id string) *Project { return s.projects[id] }

// Clients returns both clients.
func (s *Stage) Clients() []Client { return []Client{s.GRPC, s.REST} }

// Disconnect closes the idle connections of the REST client and of connsvc. No call
// may be in flight.
func (s *Stage) Disconnect() {
	_ = s.REST.Close()
	s.dli.CloseClientConnections()
}

// Close stops connsvc as a signal does, and then DLI.
func (s *Stage) Close() error {
	err := errors.Join(s.GRPC.Close(), s.REST.Close())
	return errors.Join(err, s.close())
}
