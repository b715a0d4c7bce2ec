package main

import (
	"errors"
	"fmt"
	"path/filepath"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/upstream"
)

type configCommands struct {
	Check configCheckCommand `cmd:"" help:"Check a configuration file: exit status 78 and all problems at once if it is not usable."`
}

type configCheckCommand struct {
	File    string `arg:"" type:"path" help:"The configuration file."`
	Secrets bool   `help:"Read the secrets that it names, too."`
}

// Run checks a configuration file as serve would, but for the secrets, which are
// often not where the file is written.
func (c *configCheckCommand) Run(p *process) error {
	cfg, err := config.Load(c.File)
	if err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	secret := func(*configv1.Secret) (string, error) { return "unread", nil }
	if c.Secrets {
		secret = config.Secrets{Dir: filepath.Dir(c.File), LookupEnv: p.lookupEnv}.Read
	}
	router, err := upstream.New(cfg.GetUpstreams(), upstream.Options{Secret: secret})
	if err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, errors.Join(err))
	}
	router.Close()
	fmt.Fprintf(p.stdout, "%s: ok\n", c.File)
	return nil
}
