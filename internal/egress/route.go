// Package egress is the way from connsvc to DLI and IAM: the proxy, the CAs that are
// trusted, and the client certificate, of one upstream. It makes connections, not
// requests. It reads nothing from the environment, and the metadata service, which is on
// the machine itself, is never called through it.
//
// Files are read again while connections are made, so that a renewed certificate needs no
// restart. No error and no log line contains the proxy's credentials.
package egress

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/endpoint"
	"github.com/connsvc/connsvc/internal/watch"
)

const (
	// checkInterval is the shortest time between two readings of the files.
	checkInterval = time.Second
	// patience is how long a connection waits for a reading. A file system may hang.
	patience = time.Second
	// maxFileBytes limits a file of certificates or a key: 1 MiB.
	maxFileBytes = 1 << 20
)

var errUnread = errors.New("they were not read in time")

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads the proxy's credentials.
	Secret func(*configv1.Secret) (string, error)
	// Dir is where relative paths of files start.
	Dir string
	// Log gets the changes of files, and a file that became unusable; nil: none.
	Log *slog.Logger
}

// A Route is the way to one upstream and its IAM. It is safe for concurrent use.
type Route struct {
	proxy       *url.URL // nil: direct
	credentials *configv1.Secret
	ca          string // paths; empty: not configured
	cert, key   string
	options     Options

	current atomic.Pointer[settings]

	mu       sync.Mutex
	reading  chan struct{} // closed at the end of the reading in progress; nil: none
	checked  time.Time     // the begin of the last reading
	rejected string        // the error that was logged last; empty after a good reading
}

// settings are what the files and the secret contained at one moment.
type settings struct {
	read
	tls *tls.Config
}

// A read is what tells one reading from another.
type read struct {
	files         [sha256.Size]byte
	authorization string // Proxy-Authorization; empty: none
}

// New returns the Route of an upstream, or nil if it is direct and trusts the CAs of the
// system. It connects to nothing. The error joins all problems, each with its field, as
// in "tls.ca_file".
func New(u *configv1.Upstream, o Options) (*Route, error) {
	if u.GetProxyUrl() == "" && u.GetProxyCredentials() == nil && u.GetTls() == nil {
		return nil, nil //nolint:nilnil // direct
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Route{
		options: o, credentials: u.GetProxyCredentials(), checked: time.Now(),
		ca: watch.Path(o.Dir, u.GetTls().GetCaFile()), cert: watch.Path(o.Dir, u.GetTls().GetCertFile()), key: watch.Path(o.Dir, u.GetTls().GetKeyFile()),
	}
	var proxyErr error
	if u.GetProxyUrl() != "" {
		if r.proxy, proxyErr = endpoint.ParseProxy(u.GetProxyUrl()); proxyErr != nil {
			proxyErr = fmt.Errorf("proxy_url: %w", proxyErr)
		}
	}
	s, err := r.read()
	if err := errors.Join(proxyErr, err); err != nil {
		return nil, err
	}
	r.current.Store(s)
	return r, nil
}

// TLS returns the configuration of new TLS connections to the upstream and its IAM,
// without the name of the server. It is the caller's.
func (r *Route) TLS() *tls.Config { return r.settings().tls.Clone() }

// CertificateExpiry returns when the client certificate expires; zero without one. It has the
// files read again, as a new connection would, but does not wait for that. r may be nil.
func (r *Route) CertificateExpiry() time.Time {
	if r == nil {
		return time.Time{}
	}
	r.startReading()
	if pairs := r.current.Load().tls.Certificates; len(pairs) > 0 {
		return pairs[0].Leaf.NotAfter
	}
	return time.Time{}
}

// settings returns what the files contain, at most a second old. The caller that starts a
// reading waits for it for a while; the others do not.
func (r *Route) settings() *settings {
	if reading := r.startReading(); reading != nil {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-reading:
		case <-timer.C:
			r.reject(errUnread)
		}
	}
	return r.current.Load()
}

// startReading starts a reading if one is due and none is in progress, and returns the
// channel that is closed at its end; else nil.
func (r *Route) startReading() chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.reading != nil || now.Sub(r.checked) < checkInterval {
		return nil
	}
	reading := make(chan struct{})
	r.reading, r.checked = reading, now
	go func() {
		defer close(reading)
		next, err := r.read()
		r.mu.Lock()
		r.reading = nil
		r.mu.Unlock()
		if err != nil {
			r.reject(err)
			return
		}
		r.use(next)
	}()
	return reading
}

// use puts new settings to use.
func (r *Route) use(next *settings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rejected = ""
	if next.read != r.current.Load().read {
		r.current.Store(next)
		r.options.Log.Info("TLS files or proxy credentials of the upstream reloaded")
	}
}

// reject logs why a reading gave nothing, once. What was read before stays in use.
func (r *Route) reject(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if text := err.Error(); text != r.rejected {
		r.rejected = text
		r.options.Log.Error("TLS files or proxy credentials of the upstream rejected; the previous ones stay in use", "error", text)
	}
}

// read reads the files and the secret.
func (r *Route) read() (*settings, error) {
	var content watch.Content
	var secret string
	var secretErr error
	now, _ := watch.Consistent(func() (read, error) {
		content = watch.Read(maxFileBytes, r.ca, r.cert, r.key)
		if r.credentials != nil {
			secret, secretErr = r.options.Secret(r.credentials)
		}
		return read{content.Sum, secret}, errors.Join(content.Err, secretErr)
	})
	s := &settings{read: now}
	if r.credentials != nil {
		if secretErr == nil && !strings.Contains(secret, ":") {
			secretErr = errors.New("the secret must be USER:PASSWORD")
		}
		if secretErr != nil {
			secretErr = fmt.Errorf("proxy_credentials: %w", secretErr)
		}
		s.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(secret))
	}
	var tlsErr error
	s.tls, tlsErr = r.parse(content)
	if err := errors.Join(secretErr, tlsErr); err != nil {
		return nil, err
	}
	return s, nil
}

// parse returns the TLS configuration that the files contain.
func (r *Route) parse(content watch.Content) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if content.Err != nil {
		return nil, unreadable(content.Err)
	}
	var caErr, pairErr error
	if r.ca != "" {
		if config.RootCAs, _, caErr = certs.ParsePool(content.Files[0]); caErr != nil {
			caErr = fmt.Errorf("tls.ca_file: %s: %w", r.ca, caErr)
		}
	}
	if r.cert != "" {
		var pair tls.Certificate
		if pair, pairErr = certs.ParsePair(content.Files[1], content.Files[2], time.Now()); pairErr != nil {
			pairErr = fmt.Errorf("tls.cert_file: %s, %s: %w", r.cert, r.key, pairErr)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, errors.Join(caErr, pairErr)
}

// unreadable returns the errors of files that cannot be read, each with its field.
func unreadable(err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("tls: %w", err)
	}
	var all []error
	for _, e := range joined.Unwrap() {
		all = append(all, fmt.Errorf("tls: %w", e))
	}
	return errors.Join(all...)
}
