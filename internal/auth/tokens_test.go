package auth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/goleak"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/call"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A vault is the secrets of a test, by the name of their variable.
type vault struct {
	mu   sync.Mutex
	held map[string]string
}

func (v *vault) set(name, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.held[name] = text
}

func (v *vault) read(s *configv1.Secret) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if text := v.held[s.GetEnv()]; text != "" {
		return text, nil
	}
	return "", errors.New("no " + s.GetEnv())
}

func secret(name string) *configv1.Secret {
	return &configv1.Secret{Source: &configv1.Secret_Env{Env: name}}
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func options(v *vault, log *bytes.Buffer) auth.Options {
	return auth.Options{Secret: v.read, Log: slog.New(slog.NewTextHandler(log, nil)), Meter: noop.NewMeterProvider().Meter("")}
}

func sent(token string) auth.Credentials {
	return auth.Credentials{Authorization: []string{"Bearer " + token}}
}

// principal returns who token belongs to, or the failure.
func principal(a *auth.Authenticator, token string) string {
	p, _, err := a.Authenticate(context.Background(), sent(token))
	var failed *auth.Error
	if errors.As(err, &failed) {
		return string(failed.Kind)
	}
	return p.Name
}

func TestTokens(t *testing.T) {
	v := &vault{held: map[string]string{"A": hashOf("a-old"), "A2": strings.ToUpper(hashOf("a-new")), "B": hashOf("b")}}
	a, err := auth.New(&configv1.Auth{Tokens: []*configv1.CallerToken{
		{Name: "a", Sha256: secret("A"), Groups: []string{"one", "two"}, Attributes: []*configv1.Attribute{{Name: "team", Value: "x"}}},
		{Name: "a", Sha256: secret("A2")},
		{Name: "b", Sha256: secret("B")},
	}}, options(v, &bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for token, want := range map[string]string{"a-old": "token:a", "a-new": "token:a", "b": "token:b", "c": "unknown", hashOf("b"): "unknown", "": "malformed"} {
		if got := principal(a, token); got != want {
			t.Errorf("%q is %s, want %s", token, got, want)
		}
	}
	p, _, err := a.Authenticate(t.Context(), sent("a-old"))
	if err != nil || !p.In("two") || p.In("three") || p.Attributes["team"] != "x" || p.Kind != call.Token || p.ID != "a" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// TestTokensOfNoUse: all problems at once, and none shows the secret.
func TestTokensOfNoUse(t *testing.T) {
	v := &vault{held: map[string]string{"SHORT": "abcd", "TOKEN": strings.Repeat("CANARY!!", 8)}}
	_, err := auth.New(&configv1.Auth{Tokens: []*configv1.CallerToken{
		{Name: "a", Sha256: secret("NONE")}, {Name: "b", Sha256: secret("SHORT")}, {Name: "c", Sha256: secret("TOKEN")},
	}}, options(v, &bytes.Buffer{}))
	want := "auth.tokens[0].sha256: no NONE\n" +
		"auth.tokens[1].sha256: must be the SHA-256 of the token: 64 hexadecimal digits\n" +
		"auth.tokens[2].sha256: must be hexadecimal"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestTokensOfOneHash: the order of entries does not decide who calls. Entries of one principal
// may have one hash, as before the first rotation.
func TestTokensOfOneHash(t *testing.T) {
	v := &vault{held: map[string]string{"A": hashOf("a"), "SAME": strings.ToUpper(hashOf("a"))}}
	both := func(other *configv1.CallerToken) error {
		other.Sha256 = secret("SAME")
		cfg := &configv1.Auth{Tokens: []*configv1.CallerToken{{Name: "a", Groups: []string{"one"}, Sha256: secret("A")}, other}}
		if err := auth.Check(cfg, v.read, ""); err != nil {
			return err
		}
		a, err := auth.New(cfg, options(v, &bytes.Buffer{}))
		a.Close()
		return err
	}
	const want = "auth.tokens[1].sha256: is that of auth.tokens[0], whose name, groups or attributes differ"
	for _, other := range []*configv1.CallerToken{
		{Name: "b", Groups: []string{"one"}}, {Name: "a"}, {Name: "a", Groups: []string{"one"}, Attributes: []*configv1.Attribute{{Name: "x", Value: "y"}}},
	} {
		if err := both(other); err == nil || err.Error() != want {
			t.Errorf("%v: got %v, want %s", other, err, want)
		}
	}
	if err := both(&configv1.CallerToken{Name: "a", Groups: []string{"one"}}); err != nil {
		t.Error(err)
	}
}

// TestTokensChange: a changed secret replaces the previous one, an unusable one does not.
func TestTokensChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, log := &vault{held: map[string]string{"A": hashOf("old")}}, &bytes.Buffer{}
		a, err := auth.New(&configv1.Auth{Tokens: []*configv1.CallerToken{{Name: "a", Sha256: secret("A")}}}, options(v, log))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		expect := func(token, want string) {
			t.Helper()
			time.Sleep(10 * time.Second)
			synctest.Wait()
			if got := principal(a, token); got != want {
				t.Errorf("%s is %s, want %s", token, got, want)
			}
		}
		expect("old", "token:a")
		v.set("A", "")
		expect("old", "token:a")
		v.set("A", "CANARY")
		expect("old", "token:a")
		v.set("A", hashOf("new"))
		expect("new", "token:a")
		expect("old", "unknown")
		if text := log.String(); strings.Count(text, "rejected") != 2 || strings.Count(text, "reloaded") != 1 || strings.Contains(text, "CANARY") || strings.Contains(text, hashOf("new")) {
			t.Errorf("logged %s", text)
		}
	})
}

// TestBrokenSecretStopsNoOther: a secret that cannot be read keeps its value, and another
// is revoked all the same.
func TestBrokenSecretStopsNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{held: map[string]string{"A": hashOf("a"), "B": hashOf("leaked"), "SK": secretKey, "SK2": secretKey}}
		a, err := auth.New(&configv1.Auth{
			Tokens:     []*configv1.CallerToken{{Name: "a", Sha256: secret("A")}, {Name: "b", Sha256: secret("B")}},
			AccessKeys: []*configv1.CallerKey{{Name: "terraform", Id: "AK", Secret: secret("SK")}, {Name: "other", Id: "OTHER", Secret: secret("SK2")}},
		}, options(v, &bytes.Buffer{}))
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		v.set("A", "")
		v.set("B", hashOf("b"))
		v.set("SK", "short")
		v.set("SK2", strings.Repeat("x", 32))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for token, want := range map[string]string{"a": "token:a", "b": "token:b", "leaked": "unknown"} {
			if got := principal(a, token); got != want {
				t.Errorf("%s is %s, want %s", token, got, want)
			}
		}
		if got := verify(a, signedRequest(t, "GET", ""), ""); got != "access_key:terraform" {
			t.Errorf("the broken key's is %s", got)
		}
		if got := verify(a, signedAs(t, "OTHER", "GET", ""), ""); got != "invalid" {
			t.Errorf("the old secret of the other is %s", got)
		}
	})
}
