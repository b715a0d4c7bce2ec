package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/upstream"
	"github.com/connsvc/connsvc/internal/watch"
)

type configCommands struct {
	Check  configCheckCommand  `cmd:"" help:"Check configuration files: print all problems and exit with status 78 if one is invalid."`
	Print  configPrintCommand  `cmd:"" help:"Print a configuration file with all defaults; of secrets only their places."`
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of configuration files."`
}

type configCheckCommand struct {
	Files   []string `arg:"" type:"path" help:"The configuration files; - is standard input."`
	Secrets bool     `help:"Also read the secrets and certificates."`
}

// Run checks configuration files as serve does. Secrets and certificates are optional,
// as the machine may not have them.
func (c *configCheckCommand) Run(p *process) error {
	var errs []error
	for _, file := range c.Files {
		errs = append(errs, c.check(p, file))
	}
	return errors.Join(errs...)
}

func (c *configCheckCommand) check(p *process, file string) error {
	name, data, cfg, err := loadArgument(p, file)
	if err != nil {
		return err
	}
	// A colon, as in a proxy's credentials.
	secret := func(*configv1.Secret) (string, error) { return "un:read", nil }
	var tlsErr, authErr error
	if c.Secrets {
		secret = config.Secrets{Dir: filepath.Dir(file), LookupEnv: p.lookupEnv}.Read
		tlsErr = certs.Check(cfg, filepath.Dir(file))
		authErr = auth.Check(cfg.GetAuth(), secret, filepath.Dir(file))
	} else {
		for _, u := range cfg.GetUpstreams() {
			u.Tls = nil
		}
	}
	router, err := upstream.New(cfg.GetUpstreams(), upstream.Options{Secret: secret, Dir: filepath.Dir(file)})
	if err == nil {
		router.Close(p.ctx)
	}
	if err := config.Locate(name, data, errors.Join(err, tlsErr, authErr)); err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	fmt.Fprintf(p.stdout, "%s: ok\n", name)
	return nil
}

// loadArgument loads a configuration from a file or standard input. name stands for it in
// messages.
func loadArgument(p *process, path string) (name string, data []byte, cfg *configv1.Config, err error) {
	name = watch.ArgumentName(path)
	if data, err = config.Read(path, p.stdin); err == nil {
		cfg, err = config.Parse(name, data)
	}
	if err != nil {
		err = fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	return name, data, cfg, err
}

type configPrintCommand struct {
	File string `arg:"" type:"path" help:"The configuration file; - is standard input."`
}

// Run prints the effective configuration of a file.
func (c *configPrintCommand) Run(p *process) error {
	_, _, cfg, err := loadArgument(p, c.File)
	if err != nil {
		return err
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
