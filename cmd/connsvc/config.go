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
	Check  configCheckCommand  `cmd:"" help:"Check a configuration file: exit status 78 and all problems at once if it is not usable."`
	Print  configPrintCommand  `cmd:"" help:"Print a configuration file with its defaults, as serve would run it; secrets by where they are."`
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of configuration files."`
}

type configCheckCommand struct {
	File    string `arg:"" type:"path" help:"The configuration file."`
	Secrets bool   `help:"Read the secrets and certificates that it names, too."`
}

// Run checks a configuration file as serve would, but for the secrets and the
// certificates, which are often not where the file is written.
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

// Run prints the configuration that is in effect with a file.
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
