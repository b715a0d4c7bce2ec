package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/upstream"
)

type configCommands struct {
	Check  configCheckCommand  `cmd:"" help:"Check a configuration file: print all problems and exit with status 78 if it is invalid."`
	Print  configPrintCommand  `cmd:"" help:"Print a configuration file with all defaults; of secrets only their places."`
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of configuration files."`
}

type configCheckCommand struct {
	File    string `arg:"" type:"path" help:"The configuration file."`
	Secrets bool   `help:"Also read the secrets and certificates."`
}

// Run checks a configuration file as serve does. Secrets and certificates are optional,
// as the machine may not have them.
func (c *configCheckCommand) Run(p *process) error {
	cfg, err := config.Load(c.File)
	if err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	secret := func(*configv1.Secret) (string, error) { return "unread", nil }
	var tlsErr error
	if c.Secrets {
		secret = config.Secrets{Dir: filepath.Dir(c.File), LookupEnv: p.lookupEnv}.Read
		tlsErr = certs.Check(cfg, filepath.Dir(c.File))
	}
	router, err := upstream.New(cfg.GetUpstreams(), upstream.Options{Secret: secret})
	if err == nil {
		router.Close(p.ctx)
	}
	if err := errors.Join(err, tlsErr); err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	fmt.Fprintf(p.stdout, "%s: ok\n", c.File)
	return nil
}

type configPrintCommand struct {
	File string `arg:"" type:"path" help:"The configuration file."`
}

// Run prints the effective configuration of a file.
func (c *configPrintCommand) Run(p *process) error {
	cfg, err := config.Load(c.File)
	if err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	text, err := config.Print(cfg)
	if err != nil {
		return err
	}
	_, err = p.stdout.Write(text)
	return err
}

type configSchemaCommand struct{}

// Run prints the JSON Schema.
func (configSchemaCommand) Run(p *process) error {
	_, err := io.WriteString(p.stdout, config.Schema())
	return err
}
