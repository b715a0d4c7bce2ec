package cli

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/endpoint"
)

// defaultAddress is where connsvc listens by default.
const defaultAddress = "127.0.0.1:9090"

// Flags say which connsvc to call, and how. Each is also an environment variable and a key
// of a context, in this order of precedence.
type Flags struct {
	Context      string        `placeholder:"NAME" group:"connsvc" help:"Context to use; CONNSVC_CONTEXT (the current one)."`
	ContextFile  string        `type:"path" placeholder:"FILE" group:"connsvc" help:"File of contexts; CONNSVC_CONTEXT_FILE ($$XDG_CONFIG_HOME/connsvc/contexts.yaml)."`
	Address      string        `placeholder:"ADDRESS" group:"connsvc" help:"Address of the gRPC listener; CONNSVC_ADDRESS (127.0.0.1:9090)."`
	Project      string        `placeholder:"ID" group:"connsvc" help:"ID of the DLI project; CONNSVC_PROJECT."`
	TokenFile    string        `type:"path" placeholder:"FILE" group:"connsvc" help:"File with the token that authenticates to connsvc; CONNSVC_TOKEN_FILE, or CONNSVC_TOKEN with the token."`
	IAMTokenFile string        `name:"iam-token-file" type:"path" placeholder:"FILE" group:"connsvc" help:"File with the IAM token for upstreams with pass_through; CONNSVC_IAM_TOKEN_FILE, or CONNSVC_IAM_TOKEN with the token."`
	CAFile       string        `name:"ca-file" type:"path" placeholder:"FILE" group:"connsvc" help:"PEM file with the CAs to trust; CONNSVC_CA_FILE (those of the system)."`
	CertFile     string        `type:"path" placeholder:"FILE" group:"connsvc" help:"Client certificate, if connsvc requires one; CONNSVC_CERT_FILE."`
	KeyFile      string        `type:"path" placeholder:"FILE" group:"connsvc" help:"Key of the client certificate; CONNSVC_KEY_FILE."`
	Plaintext    *bool         `negatable:"" group:"connsvc" help:"Without TLS; CONNSVC_PLAINTEXT (on loopback without --ca-file)."`
	Timeout      time.Duration `placeholder:"DURATION" group:"connsvc" help:"How long a call may take, wait waits and watch watches; CONNSVC_TIMEOUT (60s, wait 10m, watch without end)."`
}

// settings are the flags, the environment and the context, resolved.
type settings struct {
	address, project          string
	token, iamToken           string
	caFile, certFile, keyFile string
	plaintext                 bool
	timeout                   time.Duration // 0: the default of the command
}

// resolve resolves the settings. Files of tokens are read.
func (f *Flags) resolve(p *Process) (*settings, error) {
	context, dir, err := f.context(p)
	if err != nil {
		return nil, configError(err)
	}
	env := func(name string) string {
		value, _ := p.LookupEnv("CONNSVC_" + name)
		return value
	}
	file := func(path string) string { // of the context
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	s := &settings{
		project:  cmp.Or(f.Project, env("PROJECT"), context.GetProject()),
		caFile:   cmp.Or(f.CAFile, env("CA_FILE"), file(context.GetCaFile())),
		certFile: cmp.Or(f.CertFile, env("CERT_FILE"), file(context.GetCertFile())),
		keyFile:  cmp.Or(f.KeyFile, env("KEY_FILE"), file(context.GetKeyFile())),
		timeout:  context.GetTimeout().AsDuration(),
	}
	if text := env("TIMEOUT"); text != "" {
		if s.timeout, err = time.ParseDuration(text); err != nil {
			return nil, configError(errors.New("CONNSVC_TIMEOUT must be a duration, as in 30s"))
		}
	}
	if s.timeout = cmp.Or(f.Timeout, s.timeout); s.timeout < 0 {
		return nil, usageError("--timeout must be positive")
	}
	if s.address, err = ParseAddress(cmp.Or(f.Address, env("ADDRESS"), context.GetAddress(), defaultAddress)); err != nil {
		return nil, usageError("%w", err)
	}
	if err := s.setPlaintext(f.Plaintext, env("PLAINTEXT"), context); err != nil {
		return nil, configError(err)
	}
	s.token, err = token(f.TokenFile, "CONNSVC_TOKEN", env("TOKEN"), cmp.Or(env("TOKEN_FILE"), file(context.GetTokenFile())))
	if err == nil {
		s.iamToken, err = token(f.IAMTokenFile, "CONNSVC_IAM_TOKEN", env("IAM_TOKEN"), cmp.Or(env("IAM_TOKEN_FILE"), file(context.GetIamTokenFile())))
	}
	if err != nil {
		return nil, configError(err)
	}
	if s.plaintext && !s.loopback() && s.token+s.iamToken != "" {
		return nil, configError(fmt.Errorf("a token is not sent to %s without TLS: drop --plaintext", s.address))
	}
	return s, nil
}

func (s *settings) setPlaintext(flag *bool, env string, context *configv1.Context) error {
	switch {
	case flag != nil:
		s.plaintext = *flag
	case env != "":
		plaintext, err := strconv.ParseBool(env)
		if err != nil {
			return errors.New("CONNSVC_PLAINTEXT must be true or false")
		}
		s.plaintext = plaintext
	case context.Plaintext != nil:
		s.plaintext = context.GetPlaintext()
	default:
		s.plaintext = s.loopback() && s.caFile == ""
	}
	return nil
}

func (s *settings) loopback() bool {
	host, _, _ := net.SplitHostPort(s.address)
	return endpoint.Loopback(host)
}

// ParseAddress returns an address, host:port. It also accepts the URL of one, as dev prints it.
func ParseAddress(text string) (string, error) {
	address := strings.TrimPrefix(strings.TrimPrefix(text, "http://"), "https://")
	address = strings.TrimSuffix(address, "/")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("the address %q must be host:port, as in %s", text, defaultAddress)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("the address %q must have a port from 0 to 65535", text)
	}
	return address, nil
}

// token returns the content of file, else the value of the variable, else the content of
// fallback.
func token(file, variable, value, fallback string) (string, error) {
	from := variable
	if file != "" || value == "" {
		if from = cmp.Or(file, fallback); from == "" {
			return "", nil
		}
		text, err := os.ReadFile(from)
		if err != nil {
			return "", fmt.Errorf("reading a token: %w", err)
		}
		value = string(text)
	}
	value = strings.TrimSpace(value)
	if value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "", fmt.Errorf("%s must contain a token, in one line, of printable ASCII", from)
	}
	return value, nil
}
