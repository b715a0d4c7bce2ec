// Package apipage serves a page that shows the REST API and sends requests to it, and the
// OpenAPI document that it is made of. All of it is in the binary: the page loads nothing
// from elsewhere, has no script or style inside of its HTML, and contains no credentials.
package apipage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/connsvc/connsvc/gen/openapi"
	"github.com/connsvc/connsvc/internal/server/browser"
)

// Path is where the page is.
const Path = "/docs"

var (
	//go:embed static/*.js static/*.css static/*.svg
	assets embed.FS
	//go:embed static/index.html
	index []byte
	//go:embed static/home.html
	home []byte
)

// policy allows what is the service's own, and text that is set as text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".json": "application/json", ".svg": "image/svg+xml",
}

// A page serves files by path, and leaves the rest to the REST API.
type page struct {
	files map[string]file
	guard *browser.Guard
	api   http.Handler
}

type file struct {
	content           []byte
	contentType, etag string
	location          string // instead of content
}

// New makes the handler of the page and, for all other paths, of the REST API. The page
// is open to everyone whose requests the guard lets pass.
func New(guard *browser.Guard, api http.Handler) http.Handler {
	p := &page{files: map[string]file{}, guard: guard, api: api}
	p.add(Path+"/openapi.json", openapi.Document)
	p.add("/", home)
	p.add(Path, index)
	p.files[Path+"/"] = file{location: "../docs"}

	for _, name := range []string{"dom.js", "icon.svg", "page.css", "page.js", "schema.js", "try.js"} {
		content, err := assets.ReadFile("static/" + name)
		if err != nil {
			panic("a file that is embedded cannot be read: " + err.Error())
		}
		p.add(Path+"/"+name, content)
	}
	return p
}

func (p *page) add(path string, content []byte) {
	sum := sha256.Sum256(content)
	extension := ".html"
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		extension = path[i:]
	}
	p.files[path] = file{content: content, contentType: contentTypes[extension], etag: `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// ServeHTTP serves a file to GET and HEAD. "/" is a page for people alone: programs get the
// error of a path that is none of DLI's.
func (p *page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[r.URL.Path]
	if r.URL.Path == "/" {
		ok = strings.Contains(r.Header.Get("Accept"), "text/html")
	}
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead || p.guard.Check(r) != nil {
		p.api.ServeHTTP(w, r)
		return
	}
	h := w.Header()
	browser.SetHeaders(h)
	p.guard.AllowOrigin(h, r)
	if f.location != "" {
		h.Set("Location", f.location)
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	h.Set("Cache-Control", "no-cache") // by ETag
	h.Set("Content-Security-Policy", policy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Content-Type", f.contentType)
	h.Set("Etag", f.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}
