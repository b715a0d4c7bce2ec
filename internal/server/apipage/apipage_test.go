package apipage_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server/apipage"
	"github.com/connsvc/connsvc/internal/server/browser"
)

// get asks the page for a path. A response of the API behind it has status 418.
func get(t *testing.T, method, path string, header http.Header) *http.Response {
	t.Helper()
	guard, err := browser.New(&configv1.Listener{Address: "127.0.0.1:8080"})
	if err != nil {
		t.Fatal(err)
	}
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	r := httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
	r.Host = "127.0.0.1:8080"
	for name, values := range header {
		r.Header[name] = values
	}
	if host := header.Get("Host"); host != "" {
		r.Host = host
	}
	w := httptest.NewRecorder()
	apipage.New(guard, api).ServeHTTP(w, r)
	return w.Result()
}

func TestWhatIsServed(t *testing.T) {
	browserAccept := http.Header{"Accept": {"text/html,application/xhtml+xml"}}
	for name, tt := range map[string]struct {
		method, path string
		header       http.Header
		status       int
		contentType  string
	}{
		"the page":                {http.MethodGet, "/docs", nil, http.StatusOK, "text/html; charset=utf-8"},
		"the page, with a slash":  {http.MethodGet, "/docs/", nil, http.StatusPermanentRedirect, ""},
		"HEAD":                    {http.MethodHead, "/docs", nil, http.StatusOK, "text/html; charset=utf-8"},
		"a script":                {http.MethodGet, "/docs/page.js", nil, http.StatusOK, "text/javascript; charset=utf-8"},
		"the document":            {http.MethodGet, "/docs/openapi.json", nil, http.StatusOK, "application/json"},
		"the root, for people":    {http.MethodGet, "/", browserAccept, http.StatusOK, "text/html; charset=utf-8"},
		"the root, for programs":  {http.MethodGet, "/", nil, http.StatusTeapot, ""},
		"another path":            {http.MethodGet, "/v2.0/p/datasource/enhanced-connections", browserAccept, http.StatusTeapot, ""},
		"no file":                 {http.MethodGet, "/docs/../go.mod", nil, http.StatusTeapot, ""},
		"a folder":                {http.MethodGet, "/docs/static/", nil, http.StatusTeapot, ""},
		"another method":          {http.MethodPost, "/docs", nil, http.StatusTeapot, ""},
		"a name that is not ours": {http.MethodGet, "/docs", http.Header{"Host": {"evil.example"}}, http.StatusTeapot, ""},
	} {
		t.Run(name, func(t *testing.T) {
			resp := get(t, tt.method, tt.path, tt.header)
			if resp.StatusCode != tt.status || resp.Header.Get("Content-Type") != tt.contentType {
				t.Errorf("got %d %q", resp.StatusCode, resp.Header.Get("Content-Type"))
			}
		})
	}
	etag := get(t, http.MethodGet, "/docs", nil).Header.Get("Etag")
	if resp := get(t, http.MethodGet, "/docs", http.Header{"If-None-Match": {etag}}); resp.StatusCode != http.StatusNotModified {
		t.Errorf("the same again: got %d", resp.StatusCode)
	}
}

// TestPolicy: no script, style or handler stands in the HTML, and every file that it names
// is served.
func TestPolicy(t *testing.T) {
	inline := regexp.MustCompile(`<style|<script[^>]*>[^<]|\son[a-z]+=|\sstyle=|javascript:`)
	link := regexp.MustCompile(`(?:src|href)="([^"#]+)"`)
	for _, path := range []string{"/", "/docs"} {
		resp := get(t, http.MethodGet, path, http.Header{"Accept": {"text/html"}})
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: the policy is %q", path, policy)
		}
		html := body(t, resp)
		if found := inline.FindString(html); found != "" {
			t.Errorf("%s has %q", path, found)
		}
		for _, m := range link.FindAllStringSubmatch(html, -1) {
			if linked := get(t, http.MethodGet, "/"+m[1], nil); linked.StatusCode != http.StatusOK {
				t.Errorf("%s links to %s, which is %d", path, m[1], linked.StatusCode)
			}
		}
	}
	for _, path := range []string{"/docs/page.js", "/docs/try.js", "/docs/schema.js", "/docs/dom.js"} {
		text := body(t, get(t, http.MethodGet, path, nil))
		for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "localStorage", "sessionStorage", "document.cookie", "http://", "https://"} {
			if strings.Contains(text, never) {
				t.Errorf("%s has %s", path, never)
			}
		}
	}
	if doc := body(t, get(t, http.MethodGet, "/docs/openapi.json", nil)); !json.Valid([]byte(doc)) {
		t.Error("the document is no JSON")
	}
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(b.String(), "\r\n\r\n")
	return text
}
