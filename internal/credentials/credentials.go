// Package credentials puts credentials on requests to DLI, one Provider for each
// upstream: access keys, static tokens, tokens from IAM, keys of the machine, or the
// caller's own token. It knows neither DLI's operations nor how a call is sent or
// retried. Nothing is logged; no error and no printed value contains a secret.
//
// Credentials are used as long as they are valid. If a file cannot be read or IAM is
// down, Observe gets a report; callers notice only when the old credentials expire.
package credentials

import (
	"context"
	"errors"
	"net/http"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/egress"
)

// A Provider puts credentials on requests to one upstream. It is safe for
// concurrent use, and prints as [redacted].
type Provider interface {
	// Ready waits for the credentials of a project, if they must be fetched: a few
	// seconds, and at most as long as ctx allows. caller tells callers apart, who share
	// IAM by it; empty if unknown. Errors are *Error.
	Ready(ctx context.Context, project, caller string) error
	// Authorize sets the headers that authenticate r, with this body, for a call to
	// project. It must be last, as AK/SK sign all other headers. callerToken is the
	// caller's X-Auth-Token; only pass_through uses it, and it may be empty. Authorize
	// waits only if the credentials have expired since Ready. Errors are *Error.
	Authorize(ctx context.Context, r *http.Request, body []byte, project, callerToken string) error
	// Refresh replaces the credentials of r, which Authorize set and DLI answered by
	// 401. It reports whether there are other credentials now, so that one more attempt
	// makes sense. It may wait for IAM, as long as ctx allows.
	Refresh(ctx context.Context, r *http.Request, project string) bool
	// CallersOwn reports whether the credentials are the caller's. DLI's 401 and 403
	// are then the caller's too, and only callers with the same token share a response.
	CallersOwn() bool
	// Close stops renewals and waits for them to end. Authorize then uses the last
	// credentials while they are valid.
	Close()
}

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads a secret. Files are read again, at most once a second.
	Secret func(*configv1.Secret) (string, error)
	// Now is the clock for signatures and expiry; nil: time.Now.
	Now func() time.Time
	// Transport sends requests to IAM and the metadata service; nil: one per Provider.
	Transport http.RoundTripper
	// MaxWaiting limits the calls of one caller that wait for credentials, and those of all
	// callers to a third more; 0: no limit.
	MaxWaiting int
	// Route is the way to IAM; nil: direct, and the CAs of the system.
	Route *egress.Route
	// Observe gets every renewal, for logs and metrics. It must not block, and must be
	// safe for concurrent use. May be nil.
	Observe func(Renewal)
}

// A Renewal is one attempt to get new credentials. Files are reported only when they
// changed, and once when they become unusable.
type Renewal struct {
	Source   string        // the field of the configuration, as in iam_password
	Project  string        // of an IAM token; empty for credentials of all projects
	Duration time.Duration // of the request to IAM or the metadata service; 0 for files
	Expires  time.Time     // when the new credentials expire; zero if unknown
	Err      error         // nil or *Error; the previous credentials stay in use
}

// The sources of credentials, by the names of their fields in the configuration.
const (
	sourceAccessKey   = "access_key"
	sourceToken       = "token"
	sourcePassword    = "iam_password"
	sourceAgency      = "iam_agency"
	sourceECS         = "ecs_metadata"
	sourcePassThrough = "pass_through"
)

// New returns the Provider of an upstream. It reads the secrets but does not connect
// to anything. The error joins all problems, each with its field, as in
// "access_key.id: must not contain a comma".
func New(cfg *configv1.Upstream, o Options) (Provider, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(Renewal) {}
	}
	if o.Secret == nil {
		o.Secret = func(*configv1.Secret) (string, error) {
			return "", errors.New("no reader of secrets is configured")
		}
	}
	switch c := cfg.GetCredentials().(type) {
	case *configv1.Upstream_AccessKey:
		return newAccessKey(c.AccessKey, o)
	case *configv1.Upstream_Token:
		return newToken(c.Token, o)
	case *configv1.Upstream_IamPassword:
		return newPassword(c.IamPassword, cfg.GetAllowPlaintext(), o)
	case *configv1.Upstream_IamAgency:
		return newAgency(c.IamAgency, cfg.GetAllowPlaintext(), o)
	case *configv1.Upstream_EcsMetadata:
		return newMetadata(c.EcsMetadata, cfg.GetAllowPlaintext(), o)
	case *configv1.Upstream_PassThrough:
		return passThrough{}, nil
	default:
		return nil, errors.New("credentials: must be set")
	}
}
