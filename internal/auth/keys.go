package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

const (
	maxKeySetBytes  = 1 << 20
	keySetTimeout   = 5 * time.Second
	keySetInterval  = 5 * time.Minute  // between two readings
	unknownInterval = 30 * time.Second // for unknown keys
)

var (
	errNoKeys     = errors.New("the keys of the issuer could not be read yet")
	errUnknownKey = errors.New("no such key")
	errNoKeySet   = errors.New("no JSON Web Key Set")
)

// A keySource finds the keys of one issuer.
type keySource interface {
	find(ctx context.Context) jwt.Keyfunc
	wait()
}

func newKeySource(ctx context.Context, cfg *configv1.JWT, o Options, m *metrics) (keySource, error) {
	if at := cfg.GetJwksUrl(); at != "" {
		return newRemoteKeys(ctx, cfg.GetName(), at, o, m)
	}
	return newFileKeys(ctx, cfg, o, m)
}

// fileKeys are those of a file.
type fileKeys struct{ *secrets[keyfunc.Keyfunc] }

func newFileKeys(ctx context.Context, cfg *configv1.JWT, o Options, m *metrics) (keySource, error) {
	o.Secret = func(*configv1.Secret) (string, error) { return readKeySet(cfg, o.Dir) }
	s, err := newSecrets("jwt", func(read readSecret, previous keyfunc.Keyfunc) (keyfunc.Keyfunc, error) {
		text, err := read(nil)
		if err != nil {
			return previous, err
		}
		keys, err := parseKeySet(text)
		if err != nil {
			return previous, err
		}
		return keys, nil
	}, o, m)
	if err != nil {
		return nil, err
	}
	s.watch(ctx)
	return fileKeys{s}, nil
}

func readKeySet(cfg *configv1.JWT, dir string) (string, error) {
	text, err := watch.ReadFile(watch.Path(dir, cfg.GetJwksFile()), maxKeySetBytes)
	return string(text), err
}

func parseKeySet(text string) (keyfunc.Keyfunc, error) {
	keys, err := keyfunc.NewJWKSetJSON(json.RawMessage(text))
	if err != nil {
		return nil, errNoKeySet // the library's error may quote the file
	}
	if held, err := keys.Storage().KeyReadAll(context.Background()); err != nil || len(held) == 0 {
		return nil, errNoKeySet
	}
	return keys, nil
}

func (f fileKeys) find(ctx context.Context) jwt.Keyfunc { return found(f.value().KeyfuncCtx(ctx)) }

// found replaces the error of an unknown key.
func found(find jwt.Keyfunc) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		key, err := find(t)
		if err != nil {
			return nil, errUnknownKey
		}
		return key, nil
	}
}

// remoteKeys are those of a URL.
type remoteKeys struct{ keyfunc.Keyfunc }

func newRemoteKeys(ctx context.Context, name, at string, o Options, m *metrics) (keySource, error) {
	m.start("jwt")
	failed := func(string) func(context.Context, error) {
		return func(ctx context.Context, err error) {
			m.reloaded(ctx, "jwt", false)
			o.Log.WarnContext(ctx, "the keys of an issuer cannot be read; the previous ones stay in use",
				slog.String("issuer", name), slog.String("error", withoutQuery(err, at)))
		}
	}
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{at}, keyfunc.Override{
		Client: &http.Client{
			Transport:     &keySetTransport{cmp.Or(o.Transport, directly())},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it might leave https
		},
		HTTPTimeout:             keySetTimeout,
		RateLimitWaitMax:        keySetTimeout,
		RefreshInterval:         keySetInterval,
		RefreshErrorHandlerFunc: failed,
		RefreshUnknownKID:       rate.NewLimiter(rate.Every(unknownInterval), 1),
	})
	if err != nil {
		return nil, errors.New("reading the keys of an issuer: " + withoutQuery(err, at))
	}
	return remoteKeys{keys}, nil
}

// withoutQuery returns the text of an error without the query of a URL, which may have a secret.
func withoutQuery(err error, of string) string {
	var e *url.Error
	text := err.Error()
	if errors.As(err, &e) { // it quotes the URL, so that the query may not be in it as it is
		address, _, _ := strings.Cut(e.URL, "?")
		text = fmt.Sprintf("%s %s: %v", e.Op, address, e.Err)
	}
	if _, query, _ := strings.Cut(of, "?"); query != "" {
		text = strings.ReplaceAll(text, query, "[redacted]")
	}
	return text
}

func (r remoteKeys) find(ctx context.Context) jwt.Keyfunc {
	find := found(r.KeyfuncCtx(ctx))
	return func(t *jwt.Token) (any, error) {
		key, err := find(t)
		set, all := key.(jwt.VerificationKeySet)
		if err != nil || all && len(set.Keys) == 0 {
			if held, _ := r.Storage().KeyReadAll(ctx); len(held) == 0 {
				return nil, errNoKeys
			}
		}
		return key, err
	}
}

func (remoteKeys) wait() {}

// directly returns a transport that takes no proxy from the environment.
func directly() http.RoundTripper {
	return &http.Transport{
		ForceAttemptHTTP2: true, TLSHandshakeTimeout: keySetTimeout, ResponseHeaderTimeout: keySetTimeout,
		DisableKeepAlives: true, // one request in five minutes
	}
}

// keySetTransport limits the size of key sets.
type keySetTransport struct{ http.RoundTripper }

// RoundTrip sends a request.
func (t *keySetTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxKeySetBytes), resp.Body}
	return resp, nil
}
