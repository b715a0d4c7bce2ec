package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"
)

type healthcheckCommand struct {
	Admin   string        `default:"127.0.0.1:9091" placeholder:"ADDRESS" help:"Address of the admin port (${default})."`
	Timeout time.Duration `default:"3s" help:"How long to wait (${default})."`
	CAFile  string        `name:"ca-file" type:"existingfile" placeholder:"FILE" help:"Use TLS and trust the CAs in this PEM file."`
	Cert    string        `name:"cert-file" type:"existingfile" and:"client" placeholder:"FILE" help:"Client certificate, if the port requires one."`
	Key     string        `name:"key-file" type:"existingfile" and:"client" placeholder:"FILE" help:"Key of the client certificate."`
}

// Run asks /readyz.
func (c *healthcheckCommand) Run(p *process) error {
	ctx, cancel := context.WithTimeout(p.ctx, c.Timeout)
	defer cancel()
	scheme, transport := "http", &http.Transport{DisableKeepAlives: true} // no proxy, as it is this machine
	if c.CAFile != "" {
		var err error
		if transport.TLSClientConfig, err = c.tls(); err != nil {
			return err
		}
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+c.Admin+"/readyz", nil)
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

func (c *healthcheckCommand) tls() (*tls.Config, error) {
	ca, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	if !config.RootCAs.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s contains no certificate in PEM form", c.CAFile)
	}
	if c.Cert == "" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	config.Certificates = []tls.Certificate{pair}
	return config, err
}
