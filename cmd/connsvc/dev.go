package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/endpoint"
)

// exampleBody is the request of dli_02_0187 that dev prints and the README shows.
const exampleBody = `{"name":"test","dest_vpc_id":"22094d8f-c310-4621-913d-4c4d655d8495","dest_network_id":"78f2562a-36e4-4b39-95b9-f5aab22e1281","queues":["q1","q2"],"hosts":[{"ip":"192.168.0.1","name":"ecs-97f8-0001"}]}`

// devStop limits how long dev waits for calls when it stops.
const devStop = 3 * time.Second

// exampleProject is the project in the printed examples; in dev any works.
const exampleProject = "48cc2c48765f481480c7db940d6409d1"

type devCommand struct {
	GRPC           address       `name:"grpc" default:"127.0.0.1:9090" placeholder:"ADDRESS" help:"Address of the gRPC listener (${default})."`
	REST           address       `name:"rest" default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Address of the REST listener (${default})."`
	Admin          address       `default:"127.0.0.1:9091" placeholder:"ADDRESS" help:"Address of the admin port (${default})."`
	Emulator       address       `default:"127.0.0.1:8090" placeholder:"ADDRESS" help:"Address of the embedded DLI (${default})."`
	AllowPlaintext bool          `help:"Accept addresses beyond loopback, where anyone can call: for a container, with --rest=0.0.0.0:8080."`
	PeeringDelay   time.Duration `default:"1s" help:"Time that a peering is CREATING before it is ACTIVE (${default})."`
	TestDelay      time.Duration `default:"1s" help:"Time until a connectivity test has a result (${default})."`
	Faults         faultsFile    `type:"path" placeholder:"FILE" help:"JSON file of fault rules for the embedded DLI."`
	Network        networkFile   `type:"path" placeholder:"FILE" help:"JSON file of what the peerings and addresses of the embedded DLI do."`
}

// Run starts the embedded DLI and the service, and prints how to call them.
func (c *devCommand) Run(p *process) error {
	if err := c.checkAddresses(); err != nil {
		return err
	}
	rules, err := c.Faults.rules()
	if err != nil {
		return err
	}
	network, err := c.Network.rules()
	if err != nil {
		return err
	}
	accessKey, secretKey := rand.Text(), rand.Text() // of this process only
	dli, dliErr := listenEmulator(p.ctx, "emulator", c.Emulator, emulator.Options{
		Identities:   iam.Identities{AccessKeys: map[string]string{accessKey: secretKey}},
		PeeringDelay: c.PeeringDelay,
		TestDelay:    c.TestDelay,
		Faults:       rules,
		Network:      network,
	})
	endpoint := string(c.Emulator)
	if dliErr == nil {
		defer func() { _ = dli.close() }()
		endpoint = dli.addr().String()
	}
	id, secret := &configv1.Secret{}, &configv1.Secret{}
	cfg := config.Default(&configv1.Upstream{
		Endpoint: "http://" + endpoint, AllowPlaintext: true,
		Credentials: &configv1.Upstream_AccessKey{AccessKey: &configv1.AccessKey{Id: id, Secret: secret}},
	})
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = string(c.GRPC), string(c.REST), string(c.Admin)
	for _, l := range []*configv1.Listener{cfg.GetGrpc(), cfg.GetRest(), cfg.GetAdmin()} {
		l.AllowPlaintext = c.AllowPlaintext
	}
	if c.AllowPlaintext {
		cfg.Auth = &configv1.Auth{Anonymous: true}
	}
	cfg.Rest.Docs = true
	cfg.Shutdown.Timeout = durationpb.New(devStop)
	read := func(s *configv1.Secret) (string, error) {
		if s == id {
			return accessKey, nil
		}
		return secretKey, nil
	}
	service, err := app.New(cfg, app.Options{
		Secret: read, Log: p.stderr, Reflection: true, Version: version(), Flags: true, LookupEnv: consoleOnly(p.lookupEnv),
	})
	if err := errors.Join(dliErr, err); err != nil {
		if service != nil {
			service.Close()
		}
		return err // of all addresses at once
	}
	c.greet(p, service, dli)
	// The embedded DLI outlives the service: calls in flight need it.
	emulatorCtx, stopEmulator := context.WithCancel(context.WithoutCancel(p.ctx))
	emulatorDone := make(chan error, 1)
	go func() { emulatorDone <- dli.run(emulatorCtx) }()
	err = service.Run(p.ctx)
	stopEmulator()
	return errors.Join(err, <-emulatorDone)
}

// checkAddresses rejects addresses that only --allow-plaintext allows. What the name of a host
// stands for is seen when it is listened on.
func (c *devCommand) checkAddresses() error {
	var errs []error
	for _, l := range []struct {
		flag    string
		address address
	}{{"grpc", c.GRPC}, {"rest", c.REST}, {"admin", c.Admin}} {
		host, _, _ := net.SplitHostPort(string(l.address))
		_, err := netip.ParseAddr(host)
		if beyond := (host == "" || err == nil) && !endpoint.Loopback(host); beyond && !c.AllowPlaintext {
			errs = append(errs, fmt.Errorf("--%s: %s must be loopback without TLS; set --allow-plaintext", l.flag, l.address))
		}
	}
	if errs == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", errUsage, errors.Join(errs...))
}

func (c *devCommand) greet(p *process, service *app.App, dli *emulatorServer) {
	fmt.Fprintf(p.stdout, `connsvc dev: the service with an embedded DLI. Nothing leaves this machine.

  gRPC      %[1]v
  REST      http://%[2]v
  admin     http://%[3]v
  emulator  http://%[4]v

Create a connection over REST:

  curl -s http://%[2]v/v2.0/%[5]s/datasource/enhanced-connections -d '%[6]s'

or in a browser, at http://%[2]v/docs; and list it over gRPC:

  %[7]s call --address %[1]v ListEnhancedConnections '{"project_id":"%[5]s"}'

Ctrl-C stops it.
`, callable(service.GRPCAddr()), callable(service.RESTAddr()), callable(service.AdminAddr()), callable(dli.addr()), exampleProject, exampleBody, p.name)
}

// consoleOnly hides exporters that would send traces elsewhere.
func consoleOnly(lookupEnv func(string) (string, bool)) func(string) (string, bool) {
	return func(name string) (string, bool) {
		const exporter = "OTEL_TRACES_EXPORTER"
		if value, ok := lookupEnv(exporter); name == exporter && ok && value == "console" {
			return value, true
		}
		return "", false
	}
}

// callable returns where a listener can be called: 0.0.0.0 is no address to call.
func callable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return a.String()
}
