package browser_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server/browser"
)

func guard(t *testing.T, cfg *configv1.Listener) *browser.Guard {
	t.Helper()
	g, err := browser.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestHosts(t *testing.T) {
	loopback := guard(t, &configv1.Listener{Address: "127.0.0.1:8080"})
	named := guard(t, &configv1.Listener{Address: "[::1]:8080", Hosts: []string{"Connsvc.example.com"}})
	beyond := guard(t, &configv1.Listener{Address: "0.0.0.0:8080", Hosts: []string{"connsvc.example.com"}})
	open := guard(t, &configv1.Listener{Address: ":8080"})
	for host, served := range map[string][4]bool{
		"":                         {true, true, true, true},
		"127.0.0.1:8080":           {true, true, true, true},
		"10.1.2.3":                 {true, true, true, true},
		"[::1]:8080":               {true, true, true, true},
		"[::1]":                    {true, true, true, true},
		"localhost":                {true, true, false, true},
		"LOCALHOST.:8080":          {true, true, false, true},
		"app.localhost:8080":       {true, true, false, true},
		"connsvc.example.com":      {false, true, true, true},
		"CONNSVC.example.com:8080": {false, true, true, true},
		"evil.example":             {false, false, false, true},
		"evil.example:8080":        {false, false, false, true},
		"127.0.0.1.evil.example":   {false, false, false, true},
		"localhost.evil.example":   {false, false, false, true},
		"notlocalhost":             {false, false, false, true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
		r.Host = host
		for i, g := range []*browser.Guard{loopback, named, beyond, open} {
			if got := g.Check(r) == nil; got != served[i] {
				t.Errorf("%q at listener %d: served %v", host, i, got)
			}
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	g := guard(t, &configv1.Listener{Address: "127.0.0.1:8080", Cors: &configv1.CORS{Origins: []string{"https://console.example.com"}}})
	for _, tt := range []struct {
		method, origin, site string
		served               bool
	}{
		{http.MethodPost, "", "", true},
		{http.MethodPost, "http://evil.example", "", false},
		{http.MethodPut, "null", "", false},
		{http.MethodDelete, "", "cross-site", false},
		{http.MethodPost, "", "same-site", false},
		{http.MethodPost, "", "same-origin", true},
		{http.MethodPost, "http://127.0.0.1:8080", "", true},
		{http.MethodPost, "https://console.example.com", "cross-site", true},
		{http.MethodPost, "https://console.example.com.evil.example", "", false},
		{http.MethodGet, "http://evil.example", "cross-site", true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), tt.method, "http://127.0.0.1:8080/", http.NoBody)
		if tt.origin != "" {
			r.Header.Set("Origin", tt.origin)
		}
		if tt.site != "" {
			r.Header.Set("Sec-Fetch-Site", tt.site)
		}
		if got := g.Check(r) == nil; got != tt.served {
			t.Errorf("%+v: served %v", tt, got)
		}
	}
}
