package main

import (
	"fmt"

	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/auth/cases"
	"github.com/connsvc/connsvc/internal/config"
)

type policyCommands struct {
	Test policyTestCommand `cmd:"" help:"Play a table of cases against a policy: exit status 0 if all pass, 1 if not."`
}

type policyTestCommand struct {
	File string `arg:"" type:"path" help:"YAML file with the cases, and policy or config, the name of a configuration; - is standard input."`
}

// Run plays the cases and prints a line for each.
func (c *policyTestCommand) Run(p *process) error {
	data, err := config.Read(c.File, p.stdin)
	if err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	table, err := cases.Parse(c.File, data)
	if err != nil {
		return fmt.Errorf("%w:\n%w", app.ErrConfig, err)
	}
	if failed := table.Play(p.ctx, p.stdout); failed > 0 {
		return fmt.Errorf("%d cases failed", failed)
	}
	return nil
}
