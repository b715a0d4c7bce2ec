package credentials_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/credentials"
)

func TestPassThrough(t *testing.T) {
	longest := strings.Repeat("x", 64<<10)
	p := provider(t, passThrough(), credentials.Options{})
	if !p.CallersOwn() {
		t.Error("the credentials are not said to be the caller's")
	}
	for name, test := range map[string]struct {
		ctx  context.Context
		want string // "" for an error
	}{
		"a token":       {credentials.WithCallerToken(t.Context(), canaryToken), canaryToken},
		"the last one":  {credentials.WithCallerToken(credentials.WithCallerToken(t.Context(), "first"), "last"), "last"},
		"the longest":   {credentials.WithCallerToken(t.Context(), longest), longest},
		"none":          {t.Context(), ""},
		"empty":         {credentials.WithCallerToken(t.Context(), ""), ""},
		"taken away":    {credentials.WithCallerToken(credentials.WithCallerToken(t.Context(), "first"), ""), ""},
		"a space":       {credentials.WithCallerToken(t.Context(), "a b"), ""},
		"a line end":    {credentials.WithCallerToken(t.Context(), "a\r\nX-Evil: b"), ""},
		"not ASCII":     {credentials.WithCallerToken(t.Context(), "tök"), ""},
		"over the most": {credentials.WithCallerToken(t.Context(), longest+"x"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t)
			err := p.Authorize(test.ctx, r, nil, project)
			if test.want == "" {
				if e := failure(t, err, r); e.Kind != credentials.CallerToken {
					t.Errorf("kind %v", e.Kind)
				}
				return
			}
			if err != nil || r.Header.Get("X-Auth-Token") != test.want {
				t.Errorf("header %v, error %v", r.Header, err)
			}
			if p.Refused(test.ctx, r, project) {
				t.Error("the caller is said to have another token")
			}
		})
	}
}

// No other Provider takes the caller's token in the place of its own.
func TestCallersTokenIsNotTaken(t *testing.T) {
	ctx := credentials.WithCallerToken(t.Context(), "caller")
	r := request(t)
	p := provider(t, withToken(env(canaryToken)), credentials.Options{})
	if err := p.Authorize(ctx, r, nil, project); err != nil || r.Header.Get("X-Auth-Token") != canaryToken {
		t.Errorf("header %v, error %v", r.Header, err)
	}
}

func TestCallerKey(t *testing.T) {
	key := func(token string) string {
		return credentials.CallerKey(credentials.WithCallerToken(t.Context(), token))
	}
	first, again := key("a"), key("a")
	switch {
	case key("") != "" || credentials.CallerKey(t.Context()) != "":
		t.Error("there is a key without a token")
	case first != again:
		t.Error("a token has two keys")
	case key("a") == key("b"):
		t.Error("two tokens have one key")
	case strings.Contains(key(canaryToken), canaryToken):
		t.Error("the key reveals the token")
	}
}

func TestContextPrintsNoToken(t *testing.T) {
	ctx, cancel := context.WithCancel(credentials.WithCallerToken(t.Context(), canaryToken))
	defer cancel()
	if got := fmt.Sprintf("%v %+v %#v %s", ctx, ctx, ctx, ctx); strings.Contains(got, "CANARY") {
		t.Errorf("the context prints the token: %s", got)
	}
}
