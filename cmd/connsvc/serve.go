package main

import (
	"fmt"
	"path/filepath"

	"go.opentelemetry.io/otel"

	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/telemetry"
)

type serveCommand struct {
	Config     string `required:"" type:"path" placeholder:"FILE" help:"The configuration file."`
	Reflection bool   `help:"Serve gRPC reflection, so that grpcurl needs no proto files."`
}

// Run serves until the process is asked to stop, and reloads the configuration
// meanwhile.
func (c *serveCommand) Run(p *process) error {
	hangups, forget := p.hangups()
	defer forget()
	file, err := config.Open(c.Config)
	if err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	dir := filepath.Dir(c.Config)
	otel.SetLogger(telemetry.SDKLogger(p.stderr)) // OpenTelemetry has only a global one
	service, err := app.New(file.Config(), app.Options{
		Secret:     config.Secrets{Dir: dir, LookupEnv: p.lookupEnv}.Read,
		Dir:        dir,
		Log:        p.stderr,
		Audit:      p.stdout,
		Reflection: c.Reflection,
		Version:    version(),
		LookupEnv:  p.lookupEnv,
	})
	if err != nil {
		return err
	}
	otel.SetErrorHandler(service) // OpenTelemetry has only a global one
	return service.RunFile(p.ctx, file, hangups)
}
