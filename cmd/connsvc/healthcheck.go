package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type healthcheckCommand struct {
	Admin   string        `default:"127.0.0.1:9091" placeholder:"ADDRESS" help:"Address of the admin port (${default})."`
	Timeout time.Duration `default:"3s" help:"How long to wait (${default})."`
}

// Run asks /readyz.
func (c *healthcheckCommand) Run(p *process) error {
	ctx, cancel := context.WithTimeout(p.ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Admin+"/readyz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: it is this machine
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("asking whether connsvc is ready: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	fmt.Fprintln(p.stdout, "ready")
	return nil
}
