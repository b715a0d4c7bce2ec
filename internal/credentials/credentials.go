// Package credentials puts credentials on requests to DLI, one Provider for each
// upstream: access keys, tokens, tokens that IAM gives, the keys of the machine,
// or the caller's own token. It knows neither DLI's operations nor how a call is
// sent or repeated. Nothing is logged; no error and no printed value holds a secret.
//
// What is in hand serves as long as it is valid, whatever happens to the place
// that new credentials come from: a file that cannot be read or an IAM that is
// down is reported to Observe and felt by callers only when the old ones end.
package credentials

import (
	"context"
	"errors"
	"net/http"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// A Provider puts credentials on requests to one upstream. It is safe for
// concurrent use, and prints as [redacted].
type Provider interface {
	// Authorize puts credentials on r, whose body is body, for a call to project.
	// callerToken is the X-Auth-Token of the caller, which only pass_through uses; it
	// may be empty.
	// It sets headers, the last ones to be set: AK/SK sign those that are there.
	// It may wait for IAM, as long as ctx allows. Errors are *Error; nothing was
	// sent to DLI then.
	Authorize(ctx context.Context, r *http.Request, body []byte, project, callerToken string) error
	// Refused tells that DLI answered 401 to r, which Authorize was given. It
	// reports whether there are other credentials now, so that one more attempt,
	// authorized anew, makes sense. It may wait for IAM, as long as ctx allows.
	Refused(ctx context.Context, r *http.Request, project string) bool
	// CallersOwn reports whether the credentials are the caller's: DLI's 401 and
	// 403 are then the caller's too, and callers must not share a response unless
	// their tokens are the same.
	CallersOwn() bool
	// Close ends what runs in the background and returns when it has ended.
	// Authorize then serves what is in hand, and gets no more.
	Close()
}

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads a secret. Those of files are read again, at most once a second.
	Secret func(*configv1.Secret) (string, error)
	// Now is the clock of signatures and of the ends of tokens; nil: time.Now.
	Now func() time.Time
	// Transport reaches IAM and the metadata service; nil: one of the Provider's own.
	Transport http.RoundTripper
	// Observe is told of every attempt to get new credentials: for logs and
	// metrics. It must not block, and may be called by several goroutines at once.
	// Nil: nobody is told.
	Observe func(Renewal)
}

// A Renewal is one attempt to get new credentials. Files that are read again are
// told of only when they brought a change, and once when they ceased to be usable.
type Renewal struct {
	Source   string        // the field of the configuration, as in iam_password
	Project  string        // of an IAM token; empty for what serves all projects
	Duration time.Duration // how long IAM or the metadata service took; 0 for files
	Expires  time.Time     // when the new credentials end; zero where that is not known
	Err      error         // nil or *Error; what was in hand goes on to serve then
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

// New makes the Provider of an upstream. It reads the secrets, and connects to
// nothing. The error joins all problems, each with its field, as in
// "access_key.id: must not hold a comma".
func New(cfg *configv1.Upstream, o Options) (Provider, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observe == nil {
		o.Observe = func(Renewal) {}
	}
	if o.Secret == nil {
		o.Secret = func(*configv1.Secret) (string, error) {
			return "", errors.New("there is nothing to read secrets with")
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
