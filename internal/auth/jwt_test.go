package auth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/config"
)

const issuer = "https://login.example.com"

// keys are one of each algorithm that is accepted, and one that nobody publishes.
var keys = map[string]crypto.Signer{
	"RS256": must(rsa.GenerateKey(rand.Reader, 2048)), "ES256": must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
	"ES384": must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), "EdDSA": ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, 32)),
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// keySet returns the JSON Web Key Set of keys, by their IDs.
func keySet(t *testing.T, of map[string]crypto.Signer) string {
	t.Helper()
	set := jwkset.NewMemoryStorage()
	for id, key := range of {
		jwk, err := jwkset.NewJWKFromKey(key.Public(), jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: id}})
		if err != nil {
			t.Fatal(err)
		}
		if err := set.KeyWrite(t.Context(), jwk); err != nil {
			t.Fatal(err)
		}
	}
	text, err := set.JSONPublic(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// claims are valid ones, changed.
func claims(change jwt.MapClaims) jwt.MapClaims {
	all := jwt.MapClaims{
		"iss": issuer, "aud": "connsvc", "sub": "alice", "exp": time.Now().Add(time.Hour).Unix(),
		"groups": []string{"finance", "sre"}, "realm": map[string]any{"roles": "a b"}, "level": 3, "admin": true, "department": "x",
	}
	for name, value := range change {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

func signedBy(t *testing.T, algorithm, kid string, key any, c jwt.MapClaims, header ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	for _, name := range header {
		token.Header[name] = []string{"exp"}
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// jwtConfig is that of the issuer, with defaults.
func jwtConfig(change func(*configv1.JWT)) *configv1.Auth {
	cfg := config.Default()
	cfg.Auth = &configv1.Auth{Jwt: []*configv1.JWT{{
		Name: "corp", Issuer: issuer, Audiences: []string{"other", "connsvc"}, GroupsClaim: "groups",
		AttributeClaims: []string{"level", "admin", "department", "absent"}, IdClaim: "sub",
	}}}
	change(cfg.GetAuth().GetJwt()[0])
	return cfg.GetAuth()
}

func inFile(path string) func(*configv1.JWT) {
	return func(c *configv1.JWT) { c.Jwks = &configv1.JWT_JwksFile{JwksFile: path} }
}

func atURL(c *configv1.JWT) { c.Jwks = &configv1.JWT_JwksUrl{JwksUrl: issuer + "/keys"} }

func TestJWT(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(keySet(t, keys)), 0o600); err != nil {
		t.Fatal(err)
	}
	o := options(&vault{}, &bytes.Buffer{})
	o.Dir = filepath.Dir(path)
	a, err := auth.New(jwtConfig(inFile("keys.json")), o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for algorithm, key := range keys {
		for _, kid := range []string{algorithm, ""} {
			token := signedBy(t, algorithm, kid, key, claims(nil))
			for range 2 { // verified, then remembered
				p, _, err := a.Authenticate(t.Context(), sent(token))
				if err != nil || p.Name != "jwt:corp/alice" || !p.In("finance") || !p.In("sre") || len(p.Attributes) != 3 ||
					p.Attributes["level"] != "3" || p.Attributes["admin"] != "true" || p.Attributes["department"] != "x" {
					t.Errorf("%s: got %+v, %v", algorithm, p, err)
				}
			}
		}
	}
}

// TestJWTClaims: which claims are accepted, and what becomes of them.
func TestJWTClaims(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(keySet(t, keys)), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for _, tt := range []struct {
		name   string
		claims jwt.MapClaims
		want   string
	}{
		{"of one of the audiences", jwt.MapClaims{"aud": []string{"a", "connsvc"}}, "jwt:corp/alice"},
		{"within the leeway", jwt.MapClaims{"exp": now.Add(-20 * time.Second).Unix(), "nbf": now.Add(20 * time.Second).Unix()}, "jwt:corp/alice"},
		{"expired", jwt.MapClaims{"exp": now.Add(-40 * time.Second).Unix()}, "expired"},
		{"not valid yet", jwt.MapClaims{"nbf": now.Add(time.Minute).Unix()}, "expired"},
		{"never expires", jwt.MapClaims{"exp": nil}, "invalid"},
		{"of no audience", jwt.MapClaims{"aud": nil}, "invalid"},
		{"of another audience", jwt.MapClaims{"aud": "connsvc2"}, "invalid"},
		{"of another issuer", jwt.MapClaims{"iss": issuer + "/"}, "unknown"},
		{"of no issuer", jwt.MapClaims{"iss": nil}, "unknown"},
		{"of nobody", jwt.MapClaims{"sub": nil}, "invalid"},
		{"of a blank", jwt.MapClaims{"sub": " "}, "invalid"},
		{"of a number", jwt.MapClaims{"sub": 7}, "malformed"},
	} {
		o := options(&vault{}, &bytes.Buffer{})
		a, err := auth.New(jwtConfig(func(c *configv1.JWT) {
			inFile(path)(c)
			c.Leeway = config.Default().GetReload().GetInterval()
			c.Leeway.Seconds = 30
		}), o)
		if err != nil {
			t.Fatal(err)
		}
		token := signedBy(t, "ES256", "ES256", keys["ES256"], claims(tt.claims))
		if got := principal(a, token); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
		a.Close()
	}
}

// TestGroups: of a list, of words, inside of an object, or of nothing.
func TestGroups(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(keySet(t, keys)), 0o600); err != nil {
		t.Fatal(err)
	}
	for claim, want := range map[string]string{"groups": "finance sre", "realm.roles": "a b", "department": "x", "": "", "absent": "", "realm.absent": "", "level": ""} {
		a, err := auth.New(jwtConfig(func(c *configv1.JWT) { inFile(path)(c); c.GroupsClaim = claim }), options(&vault{}, &bytes.Buffer{}))
		if err != nil {
			t.Fatal(err)
		}
		p, _, err := a.Authenticate(t.Context(), sent(signedBy(t, "EdDSA", "EdDSA", keys["EdDSA"], claims(nil))))
		if err != nil || strings.Join(p.Groups, " ") != want {
			t.Errorf("%q: got %+v, %v", claim, p, err)
		}
		a.Close()
	}
}

// TestKeySetFiles of no use are found at the start.
func TestKeySetFiles(t *testing.T) {
	for content, want := range map[string]string{"": "no JSON Web Key Set", "CANARY": "no JSON Web Key Set", `{"keys":[]}`: "no JSON Web Key Set", "absent": "no such file"} {
		path := filepath.Join(t.TempDir(), "keys.json")
		if content != "absent" {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, err := auth.New(jwtConfig(inFile(path)), options(&vault{}, &bytes.Buffer{}))
		if err == nil {
			a.Close()
			t.Errorf("%q is taken", content)
		} else if !strings.HasPrefix(err.Error(), "auth.jwt[0].jwks_file: ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: %v", content, err)
		}
	}
}

// An endpoint is the key set of an issuer, as its HTTP transport.
type endpoint struct {
	set      atomic.Pointer[string] // nil: it is down
	requests atomic.Int64
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	e.requests.Add(1)
	set := e.set.Load()
	if set == nil {
		return nil, errors.New("down")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(*set)), Request: r}, nil
}

// TestKeysOfAnIssuer: they are kept while the issuer is down, an unknown key is looked for
// at a bounded rate, and a new one is found.
func TestKeysOfAnIssuer(t *testing.T) {
	first, second := map[string]crypto.Signer{"1": keys["ES256"]}, map[string]crypto.Signer{"2": keys["ES384"]}
	one, two := keySet(t, first), keySet(t, second)
	synctest.Test(t, func(t *testing.T) {
		var e endpoint
		o := options(&vault{}, &bytes.Buffer{})
		o.Transport = &e
		a, err := auth.New(jwtConfig(atURL), o)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		day := claims(jwt.MapClaims{"exp": time.Now().Add(24 * time.Hour).Unix()})
		of := func(kid, algorithm string) string { return signedBy(t, algorithm, kid, keys[algorithm], day) }
		expect := func(what, token, want string) {
			t.Helper()
			if got := principal(a, token); got != want {
				t.Errorf("%s: got %s, want %s", what, got, want)
			}
		}
		expect("the issuer was never there", of("1", "ES256"), "unavailable")
		e.set.Store(&one)
		time.Sleep(time.Minute)
		expect("it is there", of("1", "ES256"), "jwt:corp/alice")
		expect("a key that it does not have yet", of("2", "ES384"), "invalid")
		before := e.requests.Load()
		for range 1000 {
			expect("a flood", of("3", "ES384"), "invalid")
		}
		if n := e.requests.Load() - before; n > 1 {
			t.Errorf("%d requests for 1000 unknown keys", n)
		}
		e.set.Store(&two)
		time.Sleep(time.Minute)
		expect("a new key", of("2", "ES384"), "jwt:corp/alice")
		e.set.Store(nil)
		time.Sleep(time.Hour)
		synctest.Wait()
		expect("the issuer is down", of("2", "ES384"), "jwt:corp/alice")
		expect("the key was withdrawn, and nothing is remembered", of("1", "ES256"), "invalid")
	})
}

// TestQueryOfKeySetIsNotLogged: it may have a secret, and the errors of net/http quote it.
func TestQueryOfKeySetIsNotLogged(t *testing.T) {
	for _, url := range []string{issuer + "/keys?key=CANARY", issuer + `/keys?key="CANARY"&a=b`} {
		synctest.Test(t, func(t *testing.T) {
			log := &bytes.Buffer{}
			o := options(&vault{}, log)
			o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				return nil, fmt.Errorf("down, as is %s", r.URL.RawQuery)
			})
			a, err := auth.New(jwtConfig(func(c *configv1.JWT) { c.Jwks = &configv1.JWT_JwksUrl{JwksUrl: url} }), o)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			a.Close()
			synctest.Wait()
			if text := log.String(); strings.Contains(text, "CANARY") || !strings.Contains(text, "cannot be read") || !strings.Contains(text, issuer+"/keys") {
				t.Errorf("logged %.1000s", text)
			}
		})
	}
}

// TestRememberedToken needs no key any more, until it expires.
func TestRememberedToken(t *testing.T) {
	one, none := keySet(t, map[string]crypto.Signer{"1": keys["ES256"]}), keySet(t, map[string]crypto.Signer{"2": keys["ES384"]})
	synctest.Test(t, func(t *testing.T) {
		var e endpoint
		e.set.Store(&one)
		o := options(&vault{}, &bytes.Buffer{})
		o.Transport = &e
		a, err := auth.New(jwtConfig(atURL), o)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		short := signedBy(t, "ES256", "1", keys["ES256"], claims(jwt.MapClaims{"exp": time.Now().Add(6 * time.Minute).Unix()}))
		long := signedBy(t, "ES256", "1", keys["ES256"], claims(jwt.MapClaims{"exp": time.Now().Add(24 * time.Hour).Unix()}))
		for _, token := range []string{short, long} {
			if got := principal(a, token); got != "jwt:corp/alice" {
				t.Fatal(got)
			}
		}
		e.set.Store(&none)
		for _, tt := range []struct {
			wait        time.Duration
			short, long string
		}{{5 * time.Minute, "jwt:corp/alice", "jwt:corp/alice"}, {2 * time.Minute, "invalid", "jwt:corp/alice"}, {4 * time.Minute, "invalid", "invalid"}} {
			time.Sleep(tt.wait)
			synctest.Wait()
			if got := principal(a, short); got != tt.short {
				t.Errorf("after %v: %s, want %s", tt.wait, got, tt.short)
			}
			if got := principal(a, long); got != tt.long {
				t.Errorf("after %v: %s, want %s", tt.wait, got, tt.long)
			}
		}
	})
}

// TestReloadKeepsIssuers: while an issuer is down, a reload keeps its keys where its
// configuration is the same, and remembers no token of one whose configuration is not.
func TestReloadKeepsIssuers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		up := true
		o := options(&vault{}, &bytes.Buffer{})
		o.Transport = roundTrip(func(*http.Request) (*http.Response, error) {
			if !up {
				return nil, errors.New("down")
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(keySet(t, keys)))}, nil
		})
		a := must(auth.New(jwtConfig(atURL), o))
		first := signedBy(t, "ES256", "ES256", keys["ES256"], claims(nil))
		if got := principal(a, first); got != "jwt:corp/alice" {
			t.Fatal(got)
		}
		up = false
		reload := func(cfg *configv1.Auth) {
			o.Previous = a
			next := must(auth.New(cfg, o))
			a.Close()
			a = next
		}
		reload(jwtConfig(atURL))
		second := signedBy(t, "ES256", "ES256", keys["ES256"], claims(map[string]any{"sub": "bob"}))
		if got := principal(a, second); got != "jwt:corp/bob" {
			t.Errorf("after a reload a token is %s", got)
		}
		reload(jwtConfig(func(c *configv1.JWT) { atURL(c); c.Audiences = []string{"another"} }))
		if got := principal(a, first); got != "unavailable" {
			t.Errorf("after a change of the issuer a remembered token is %s", got)
		}
		a.Close()
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
