package main

import (
	"crypto/tls"
	"fmt"

	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/cli"
)

// An address is host:port, as a flag.
type address string

// UnmarshalText accepts what the commands for people do.
func (a *address) UnmarshalText(text []byte) error {
	parsed, err := cli.ParseAddress(string(text))
	*a = address(parsed)
	return err
}

// tlsFlags are the flags of commands that call a running connsvc.
type tlsFlags struct {
	CAFile string `name:"ca-file" type:"path" placeholder:"FILE" help:"Use TLS and trust the CAs in this PEM file."`
	Cert   string `name:"cert-file" type:"path" and:"client" placeholder:"FILE" help:"Client certificate, if the server requires one."`
	Key    string `name:"key-file" type:"path" and:"client" placeholder:"FILE" help:"Key of the client certificate."`
}

// config returns nil for plaintext.
func (f tlsFlags) config() (*tls.Config, error) {
	if f.CAFile == "" {
		if f.Cert != "" {
			return nil, fmt.Errorf("%w: --cert-file requires --ca-file", errUsage)
		}
		return nil, nil
	}
	config, err := cli.TLS(f.CAFile, f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", app.ErrConfig, err)
	}
	return config, nil
}
