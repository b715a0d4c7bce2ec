package credentials_test

import (
	"errors"
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
		token, want string // "" for an error
	}{
		"a token":       {canaryToken, canaryToken},
		"the longest":   {longest, longest},
		"none":          {"", ""},
		"a space":       {"a b", ""},
		"a line end":    {"a\r\nX-Evil: b", ""},
		"not ASCII":     {"tök", ""},
		"over the most": {longest + "x", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := request(t)
			err := p.Authorize(t.Context(), r, nil, project, test.token)
			if test.want == "" {
				if e := failure(t, err, r); e.Kind != credentials.CallerToken || errors.Is(e, credentials.ErrNoToken) != (test.token == "") {
					t.Errorf("kind %v: %v", e.Kind, e)
				}
				return
			}
			if err != nil || r.Header.Get("X-Auth-Token") != test.want {
				t.Errorf("header %v, error %v", r.Header, err)
			}
			if p.Refresh(t.Context(), r, project) {
				t.Error("the caller is said to have another token")
			}
		})
	}
}

// No other Provider takes the caller's token in the place of its own.
func TestCallersTokenIsNotTaken(t *testing.T) {
	r := request(t)
	p := provider(t, withToken(env(canaryToken)), credentials.Options{})
	if err := p.Authorize(t.Context(), r, nil, project, "caller"); err != nil || r.Header.Get("X-Auth-Token") != canaryToken {
		t.Errorf("header %v, error %v", r.Header, err)
	}
}
