package main

import (
	"crypto/tls"
	"fmt"
	"net"
	"strings"

	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/cli"
)

// An address is host:port, as a flag.
type address string

// UnmarshalText also accepts the URL of an address, as dev prints it.
func (a *address) UnmarshalText(text []byte) error { //nolint:unparam // of encoding.TextUnmarshaler
	s := strings.TrimPrefix(strings.TrimPrefix(string(text), "http://"), "https://")
	*a = address(strings.TrimSuffix(s, "/"))
	return nil
}

// Validate rejects an address without a port.
func (a address) Validate() error {
	if _, _, err := net.SplitHostPort(string(a)); err != nil {
		return fmt.Errorf("%q must be host:port, as in 127.0.0.1:9090", string(a))
	}
	return nil
}

// tlsFlags are the flags of commands that call a running connsvc.
type tlsFlags struct {
	CAFile string `name:"ca-file" type:"existingfile" placeholder:"FILE" help:"Use TLS and trust the CAs in this PEM file."`
	Cert   string `name:"cert-file" type:"existingfile" and:"client" placeholder:"FILE" help:"Client certificate, if the server requires one."`
	Key    string `name:"key-file" type:"existingfile" and:"client" placeholder:"FILE" help:"Key of the client certificate."`
}

// config returns nil for plaintext.
func (f tlsFlags) config() (*tls.Config, error) {
	if f.CAFile == "" {
		if f.Cert != "" {
			return nil, fmt.Errorf("%w: --cert-file requires --ca-file", app.ErrConfig)
		}
		return nil, nil
	}
	config, err := cli.TLS(f.CAFile, f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", app.ErrConfig, err)
	}
	return config, nil
}
