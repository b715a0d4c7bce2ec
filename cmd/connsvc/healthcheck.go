package main

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

type healthcheckCommand struct {
	Admin   address       `default:"127.0.0.1:9091" placeholder:"ADDRESS" help:"Address of the admin port (${default})."`
	Timeout time.Duration `default:"3s" help:"How long to wait (${default})."`
	tlsFlags
}

// Run asks /readyz.
func (c *healthcheckCommand) Run(p *process) error {
	ctx, cancel := context.WithTimeout(p.ctx, c.Timeout)
	defer cancel()
	security, err := c.config()
	if err != nil {
		return err
	}
	scheme := "http"
	if security != nil {
		scheme = "https"
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: security} // no proxy, as it is this machine
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+string(c.Admin)+"/readyz", nil)
	if err != nil {
		return err
	}
	client := http.Client{Transport: transport}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("checking readiness: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusBadRequest && c.CAFile == "" {
		return fmt.Errorf("not ready: %s; if the admin port uses TLS, set --ca-file", resp.Status)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	fmt.Fprintln(p.stdout, "ready")
	return nil
}
