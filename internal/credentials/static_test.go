package credentials_test

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/signing"
)

// verify checks the signature of r by the secret.
func verify(t testing.TB, r *http.Request, body []byte, id, secret string, now time.Time) {
	t.Helper()
	r.Host = r.URL.Host // as a server has it
	err := signing.Verify(r, body, func(got string) (string, bool) { return secret, got == id }, now)
	if err != nil {
		t.Errorf("the signature of %s: %v", id, err)
	}
}

func TestAccessKeySigns(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, temp := range map[string]*configv1.Secret{"permanent": nil, "temporary": env(canaryTemp)} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, withAccessKey(env(canaryID), env(canarySecret), temp), credentials.Options{Now: func() time.Time { return now }})
			r, body := request(t), []byte(`{"name":"n"}`)
			r.Header.Set("X-Security-Token", "stale")
			if err := p.Authorize(t.Context(), r, body, project, ""); err != nil {
				t.Fatal(err)
			}
			verify(t, r, body, canaryID, canarySecret, now)
			if got := r.Header.Get("X-Security-Token"); got != temp.GetEnv() {
				t.Errorf("X-Security-Token %q, want %q", got, temp.GetEnv())
			}
			if p.Refresh(t.Context(), r, project) || p.CallersOwn() {
				t.Error("there are other credentials, or they are the caller's")
			}
		})
	}
}

func TestTokenTravels(t *testing.T) {
	p := provider(t, withToken(env(canaryToken)), credentials.Options{})
	r := authorized(t, p, project)
	if diff := cmp.Diff(http.Header{"X-Auth-Token": {canaryToken}}, r.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if p.Refresh(t.Context(), r, project) || p.CallersOwn() {
		t.Error("there is another token, or it is the caller's")
	}
}

func TestEnvironmentIsReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads := 0
		p := provider(t, withToken(env("T")), credentials.Options{Secret: func(s *configv1.Secret) (string, error) {
			reads++
			return secrets(s)
		}})
		time.Sleep(time.Hour)
		p.Refresh(t.Context(), authorized(t, p, project), project)
		if reads != 1 {
			t.Errorf("read %d times, want once", reads)
		}
	})
}

func TestTokenFileIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told observed
		reads := 0
		path := written(t, "first")
		p := provider(t, withToken(file(path)), credentials.Options{Observe: told.observe, Secret: func(s *configv1.Secret) (string, error) {
			reads++
			return secrets(s)
		}})
		steps := []struct {
			name, text string
			wait       time.Duration
			want       string
			outcomes   []string
		}{
			{"within the second", "other", 0, "first", []string{}},
			{"after it", "other", time.Second, "other", []string{"ok"}},
			{"broken", "", time.Second, "other", []string{"ok", "unreadable"}},
			{"still broken", "a b", time.Second, "other", []string{"ok", "unreadable"}},
			{"mended as it was", "other", time.Second, "other", []string{"ok", "unreadable"}},
			{"broken again", "\x00", time.Second, "other", []string{"ok", "unreadable", "unreadable"}},
			{"new", "third", time.Second, "third", []string{"ok", "unreadable", "unreadable", "ok"}},
		}
		for _, step := range steps {
			write(t, path, step.text)
			time.Sleep(step.wait)
			if got := tokenOf(t, p, project); got != step.want {
				t.Errorf("%s: token %q, want %q", step.name, got, step.want)
			}
			if diff := cmp.Diff(step.outcomes, told.outcomes()); diff != "" {
				t.Errorf("%s: told (-want +got):\n%s", step.name, diff)
			}
		}
		before := reads
		for range 1000 {
			tokenOf(t, p, project)
		}
		if reads != before {
			t.Errorf("read %d times within a second", reads-before)
		}
	})
}

func TestRefusedTokenFileIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, "first")
		p := provider(t, withToken(file(path)), credentials.Options{})
		one, two := authorized(t, p, project), authorized(t, p, project)
		if p.Refresh(t.Context(), one, project) {
			t.Error("another token is said to be there while the file is as it was")
		}
		write(t, path, "second")
		for _, r := range []*http.Request{one, two} {
			if !p.Refresh(t.Context(), r, project) {
				t.Error("the file has another token, and that is not said")
			}
		}
		if got := tokenOf(t, p, project); got != "second" {
			t.Errorf("token %q", got)
		}
	})
}

// Kubernetes replaces the files of a secret at once, by a symlink of their folder.
// Whenever that happens, what is read is one key or the other.
func TestSymlinkSwapGivesNoMixture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		for _, version := range []string{"old", "new"} {
			if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"id", "secret", "token"} {
				write(t, filepath.Join(dir, version, name), version+name)
			}
		}
		point := func(version string) {
			next := filepath.Join(dir, "next")
			if err := os.Symlink(version, next); err != nil {
				t.Fatal(err)
			}
			if err := os.Rename(next, filepath.Join(dir, "data")); err != nil {
				t.Fatal(err)
			}
		}
		at := func(name string) *configv1.Secret { return file(filepath.Join(dir, "data", name)) }
		for swapAt := range 8 {
			point("old")
			reads, armed := 0, false
			p := provider(t, withAccessKey(at("id"), at("secret"), at("token")), credentials.Options{
				Secret: func(s *configv1.Secret) (string, error) {
					if armed && reads == swapAt {
						point("new")
					}
					reads++
					return secrets(s)
				},
			})
			reads, armed = 0, true
			time.Sleep(time.Second)
			for range 2 {
				r := authorized(t, p, project)
				version := r.Header.Get("X-Security-Token")[:3]
				verify(t, r, nil, version+"id", version+"secret", time.Now())
				time.Sleep(time.Second)
			}
			r := authorized(t, p, project)
			verify(t, r, nil, "newid", "newsecret", time.Now())
		}
	})
}

// The secret of a key may change while its ID does not.
func TestRefusedSecretIsReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, "oldsecret")
		p := provider(t, withAccessKey(env("id"), file(path), nil), credentials.Options{})
		one, two := authorized(t, p, project), authorized(t, p, project)
		time.Sleep(10 * time.Second)
		if p.Refresh(t.Context(), one, project) {
			t.Error("another secret is said to be there while the file is as it was")
		}
		write(t, path, "newsecret")
		for _, r := range []*http.Request{one, two} {
			if !p.Refresh(t.Context(), r, project) {
				t.Error("the file has another secret, and that is not said")
			}
		}
		time.Sleep(2 * time.Second)
		r := authorized(t, p, project)
		verify(t, r, nil, "id", "newsecret", time.Now())
		if p.Refresh(t.Context(), r, project) {
			t.Error("another secret is said to be there after the new one was refused")
		}
	})
}

// Where the clock was set back, what was signed before it counts as old.
func TestRefusedKeyAfterTheClockWasSetBack(t *testing.T) {
	path := written(t, "oldid")
	now := time.Now()
	p := provider(t, withAccessKey(file(path), env("secret"), nil), credentials.Options{Now: func() time.Time { return now }})
	r := authorized(t, p, project)
	now = now.Add(-time.Hour)
	write(t, path, "newid")
	if !p.Refresh(t.Context(), r, project) {
		t.Error("the file has another key, and that is not said")
	}
}

// One slow reader does not hold up the others.
func TestSlowFileHoldsUpOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := written(t, "first")
		slow := make(chan struct{})
		close(slow)
		p := provider(t, withToken(file(path)), credentials.Options{Secret: func(s *configv1.Secret) (string, error) {
			<-slow
			return secrets(s)
		}})
		slow = make(chan struct{})
		time.Sleep(time.Second)
		done := make(chan string)
		go func() { done <- tokenOf(t, p, project) }()
		synctest.Wait()
		if got := tokenOf(t, p, project); got != "first" {
			t.Errorf("token %q", got)
		}
		close(slow)
		<-done
	})
}

// A file that hangs delays the callers of the first reading, and no later one: the
// previous value serves. It is reported once.
func TestFileThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		var hangs atomic.Bool
		var told observed
		p := provider(t, withToken(file(written(t, "first"))), credentials.Options{Observe: told.observe, Secret: func(s *configv1.Secret) (string, error) {
			if hangs.Load() {
				<-hang
			}
			return secrets(s)
		}})
		hangs.Store(true)
		var rejected []*http.Request
		for range 20 {
			rejected = append(rejected, authorized(t, p, project))
		}
		for round := range 5 {
			start := time.Now()
			var running sync.WaitGroup
			for _, r := range rejected {
				running.Go(func() {
					if p.Refresh(t.Context(), r, project) {
						t.Error("another token is said to be there")
					}
				})
			}
			running.Wait()
			if took := time.Since(start); took > 250*time.Millisecond || round > 0 && took > 0 {
				t.Errorf("round %d: %v passed", round, took)
			}
			time.Sleep(time.Second)
			if got := tokenOf(t, p, project); got != "first" {
				t.Errorf("token %q", got)
			}
		}
		if got := told.outcomes(); len(got) != 1 || got[0] != "unreadable" {
			t.Errorf("told %v", got)
		}
		hangs.Store(false)
		close(hang)
		synctest.Wait()
		authorized(t, p, project)
	})
}

func TestAuthorizeAnew(t *testing.T) {
	p := provider(t, withAccessKey(env(canaryID), env(canarySecret), env(canaryTemp)), credentials.Options{})
	body := bytes.Repeat([]byte("x"), 1000)
	r := request(t)
	for range 2 {
		if err := p.Authorize(t.Context(), r, body, project, ""); err != nil {
			t.Fatal(err)
		}
	}
	verify(t, r, body, canaryID, canarySecret, time.Now())
	if n := len(r.Header.Values("Authorization")); n != 1 {
		t.Errorf("%d signatures", n)
	}
}
