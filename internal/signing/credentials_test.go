package signing_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/signing"
)

func TestCredentialsNeverPrint(t *testing.T) {
	c := signing.Credentials{AccessKeyID: "canary1", SecretAccessKey: "canary2", SecurityToken: "canary3"}
	holder := struct {
		C signing.Credentials
		P *signing.Credentials
	}{c, &c}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		for _, value := range []any{c, &c, holder, []signing.Credentials{c}, map[string]signing.Credentials{"k": c}} {
			args := []any{value}
			if verb == "%T %v" {
				args = []any{value, value}
			}
			if got := fmt.Sprintf(verb, args...); strings.Contains(got, "canary") || strings.Contains(got, fmt.Sprintf("%x", "canary")) {
				t.Errorf("%s of a %T prints %s", verb, value, got)
			}
		}
	}
	if got := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); got != strings.TrimSpace(strings.Repeat("[redacted] ", 4)) {
		t.Errorf("printed as %s", got)
	}
	if c.String() != "[redacted]" || c.GoString() != "[redacted]" {
		t.Errorf("String %q, GoString %q", c.String(), c.GoString())
	}
	text, err := json.Marshal(holder)
	if err != nil || !strings.Contains(string(text), "[redacted]") || strings.Contains(string(text), "canary") {
		t.Errorf("marshalled as %s, %v", text, err)
	}
	for _, handler := range []func(*bytes.Buffer) slog.Handler{
		func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("x", "c", c, "p", &c, "holder", holder)
		if got := b.String(); !strings.Contains(got, "[redacted]") || strings.Contains(got, "canary") {
			t.Errorf("logged as %s", got)
		}
	}
}
