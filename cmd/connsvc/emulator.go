package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// emulatorHeaderTimeout limits how long the emulator waits for a request's headers.
const emulatorHeaderTimeout = 10 * time.Second

type emulatorCommand struct {
	Address        address       `default:"127.0.0.1:8090" placeholder:"ADDRESS" help:"Address to listen on (${default})."`
	PeeringDelay   time.Duration `default:"1s" help:"Time that a peering is CREATING before it is ACTIVE (${default})."`
	TestDelay      time.Duration `default:"1s" help:"Time until a connectivity test has a result (${default})."`
	Projects       []string      `placeholder:"ID" help:"Projects that exist; any does by default."`
	Queues         []string      `placeholder:"NAME" help:"Queues that exist; any does by default."`
	Pools          []string      `placeholder:"NAME" help:"Elastic resource pools that exist; any does by default."`
	DuplicateNames bool          `help:"Let connections of a project share a name."`
	AccessKeyEnv   string        `placeholder:"VARIABLE" help:"Environment variable with ID:SECRET, the access key that callers must sign with."`
	TokenEnv       string        `placeholder:"VARIABLE" help:"Environment variable with the token that callers must send."`
	Faults         faultsFile    `type:"path" placeholder:"FILE" help:"JSON file with rules of what goes wrong; /_emulator/faults changes them at run time."`
	Network        networkFile   `type:"path" placeholder:"FILE" help:"JSON file of what peerings and addresses do; /_emulator/network changes it at run time."`
}

// A faultsFile is the name of a file with fault rules; empty: none.
type faultsFile string

func (f faultsFile) rules() ([]faults.Rule, error) { return readRules(string(f), faults.Parse) }

// A networkFile is the name of a file of what peerings and addresses do; empty: none.
type networkFile string

func (f networkFile) rules() (emulator.Network, error) {
	return readRules(string(f), emulator.ParseNetwork)
}

// readRules reads a file of rules; an empty name: none.
func readRules[Rules any](file string, parse func([]byte) (Rules, error)) (rules Rules, err error) {
	if file == "" {
		return rules, nil
	}
	document, err := os.ReadFile(file)
	if err != nil {
		return rules, fmt.Errorf("%w: %w", app.ErrConfig, err)
	}
	if rules, err = parse(document); err != nil {
		return rules, fmt.Errorf("%w: %s: %w", app.ErrConfig, file, err)
	}
	return rules, nil
}

// Run serves the embedded DLI until the process is stopped.
func (c *emulatorCommand) Run(p *process) error {
	rules, err := c.Faults.rules()
	if err != nil {
		return err
	}
	network, err := c.Network.rules()
	if err != nil {
		return err
	}
	options := emulator.Options{
		Projects: c.Projects, Queues: c.Queues, Pools: c.Pools,
		PeeringDelay: c.PeeringDelay, TestDelay: c.TestDelay, Faults: rules, Network: network,
		Quirks: emulator.Quirks{AllowDuplicateNames: c.DuplicateNames},
	}
	if err := c.credentials(p, &options); err != nil {
		return err
	}
	dli, err := listenEmulator(p.ctx, "address", c.Address, options)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "connsvc emulator: an embedded DLI on http://%v\n", dli.addr())
	return dli.run(p.ctx)
}

// credentials sets the credentials of callers, from the variables that are named.
func (c *emulatorCommand) credentials(p *process, o *emulator.Options) error {
	if c.AccessKeyEnv != "" {
		value, _ := p.lookupEnv(c.AccessKeyEnv)
		id, secret, ok := strings.Cut(value, ":")
		if !ok || id == "" || secret == "" {
			return fmt.Errorf("%w: the environment variable %s must hold ID:SECRET", app.ErrConfig, c.AccessKeyEnv)
		}
		o.AccessKeys = map[string]string{id: secret}
	}
	if c.TokenEnv != "" {
		token, ok := p.lookupEnv(c.TokenEnv)
		if !ok || token == "" {
			return fmt.Errorf("%w: the environment variable %s must hold a token", app.ErrConfig, c.TokenEnv)
		}
		o.Tokens = []string{token}
	}
	return nil
}

// An emulatorServer is an embedded DLI on a listener.
type emulatorServer struct {
	listener net.Listener
	http     *http.Server
}

// listenEmulator listens on an address, which is from this flag.
func listenEmulator(ctx context.Context, flag string, a address, o emulator.Options) (*emulatorServer, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", string(a))
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return &emulatorServer{listener, &http.Server{Handler: emulator.New(o).Handler(), ReadHeaderTimeout: emulatorHeaderTimeout}}, nil
}

func (e *emulatorServer) addr() net.Addr { return e.listener.Addr() }

func (e *emulatorServer) close() error { return e.listener.Close() }

// run serves until ctx ends.
func (e *emulatorServer) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { e.http.Close() })
	defer stop()
	if err := e.http.Serve(e.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the emulator: %w", err)
	}
	return nil
}
