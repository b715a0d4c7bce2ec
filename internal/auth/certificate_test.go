package auth_test

import (
	"bytes"
	"crypto/x509"
	"net/url"
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/call"
)

// TestCertificates: only a valid SPIFFE ID passes for one, and a DNS name never does.
func TestCertificates(t *testing.T) {
	a, err := auth.New(&configv1.Auth{Mtls: &configv1.MTLS{}}, options(&vault{}, &bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, tt := range []struct{ uris, dns, want string }{
		{"spiffe://x/deploy/orders", "", "mtls:spiffe://x/deploy/orders"},
		{"spiffe://x/deploy", "a.example", "mtls:spiffe://x/deploy"},
		{"spiffe://x/deploy/../orders", "a.example", "invalid"},
		{"spiffe://x/deploy/./orders", "", "invalid"},
		{"spiffe://x/deploy//orders", "", "invalid"},
		{"spiffe://x/deploy/", "", "invalid"},
		{"spiffe://x/deploy?x=1#f", "", "invalid"},
		{"spiffe://x/deploy#f", "", "invalid"},
		{"spiffe://x/deploy%2Forders", "", "invalid"},
		{"spiffe://user@x/deploy", "", "invalid"},
		{"spiffe://x:1/deploy", "", "invalid"},
		{"spiffe:///deploy", "", "invalid"},
		{"spiffe:x/deploy", "", "invalid"},
		{"spiffe://x/a spiffe://x/b", "a.example", "invalid"},
		{"https://x/a", "a.example", "mtls:a.example"},
		{"https://x/a", "", "invalid"},
		{"", "A.example", "mtls:a.example"},
		{"", "a.example b.example", "mtls:a.example"},
		{"", "spiffe://x/deploy/orders", "invalid"},
		{"", "*.example", "invalid"},
		{"", "a_b.example", "invalid"},
		{"", "-a.example", "invalid"},
		{"", "a..example", "invalid"},
		{"", strings.Repeat("a", 64) + ".example", "invalid"},
		{"", strings.Repeat("a.", 127) + "a", "invalid"},
		{"", "", "invalid"},
	} {
		c := &x509.Certificate{DNSNames: strings.Fields(tt.dns)}
		for _, text := range strings.Fields(tt.uris) {
			uri, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			c.URIs = append(c.URIs, uri)
		}
		var got string
		if p, _, err := a.Authenticate(t.Context(), auth.Credentials{Certificate: c}); err != nil {
			got = kindOf(err)
		} else {
			got = p.Name
		}
		if got != tt.want {
			t.Errorf("URIs %q, DNS names %q: %s, want %s", tt.uris, tt.dns, got, tt.want)
		}
	}
}

// TestOperatorGroups: a group of a JWT is an operators' one only with its issuer's name.
func TestOperatorGroups(t *testing.T) {
	v := &vault{held: map[string]string{"A": hashOf("a")}}
	a, err := auth.New(&configv1.Auth{
		Tokens:    []*configv1.CallerToken{{Name: "a", Sha256: secret("A")}},
		Operators: []string{"group:sre", "group:corp/admins"},
	}, options(v, &bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for _, tt := range []struct {
		kind      call.Kind
		id, group string
		want      bool
	}{
		{call.Token, "a", "sre", true},
		{call.Token, "a", "admins", false},
		{call.JWT, "corp/alice", "admins", true},
		{call.JWT, "corp/alice", "sre", false},
		{call.JWT, "partner/eve", "sre", false},
		{call.JWT, "partner/eve", "admins", false},
		{call.JWT, "partner/eve", "corp/admins", false},
	} {
		if got := a.Operates(call.NewPrincipal(tt.kind, tt.id, []string{tt.group}, nil)); got != tt.want {
			t.Errorf("%s:%s in %s: %t", tt.kind, tt.id, tt.group, got)
		}
	}
}
