package server

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/connsvc/connsvc/internal/server/browser"
	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// An adminPort serves the operator's port: metrics, probes, the version, the log level
// and, if configured, profiles. No probe depends on DLI.
type adminPort struct {
	telemetry *telemetry.Telemetry
	version   string
	pprof     bool
	loopback  bool                // it listens on loopback
	guard     func() *chain.Guard // the active one
	browsers  *browser.Guard
	ready     atomic.Bool // it accepts calls, and is not about to stop
	started   atomic.Bool // it was ready once
}

func (a *adminPort) setReady(ready bool) {
	if ready {
		a.started.Store(true)
	}
	a.ready.Store(ready)
}

func (a *adminPort) handler() http.Handler {
	mux := http.NewServeMux()
	read := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, a.guarded(h, false)) }
	operate := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, a.guarded(h, true)) }
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /startupz", func(w http.ResponseWriter, _ *http.Request) { writeProbe(w, a.started.Load(), "started\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { writeProbe(w, a.ready.Load(), "ready\n") })
	read("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { writeText(w, http.StatusOK, a.index()) })
	read("GET /metrics", a.telemetry.Metrics.ServeHTTP)
	read("GET /version", a.serveVersion)
	read("GET /loglevel", a.serveLevel)
	operate("PUT /loglevel", a.setLevel)
	if a.pprof {
		operate("GET /debug/pprof/", pprof.Index)
		operate("GET /debug/pprof/cmdline", pprof.Cmdline)
		operate("GET /debug/pprof/profile", pprof.Profile)
		operate("GET /debug/pprof/trace", pprof.Trace)
		operate("GET /debug/pprof/symbol", pprof.Symbol)
		operate("POST /debug/pprof/symbol", pprof.Symbol)
	}
	return mux
}

// index names what the port serves.
func (a *adminPort) index() string {
	text := "connsvc's admin port: /metrics, /livez, /startupz, /readyz, /version, /loglevel"
	if a.pprof {
		text += ", /debug/pprof/"
	}
	return text + "\n"
}

func writeProbe(w http.ResponseWriter, holds bool, word string) {
	if !holds {
		writeText(w, http.StatusServiceUnavailable, "not "+word)
		return
	}
	writeText(w, http.StatusOK, word)
}

func (a *adminPort) serveVersion(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// It fails only where the caller is gone.
	_ = json.NewEncoder(w).Encode(map[string]string{"version": a.version, "go": runtime.Version()})
}

func (a *adminPort) serveLevel(w http.ResponseWriter, _ *http.Request) {
	writeText(w, http.StatusOK, strings.ToLower(a.telemetry.Level.Level().String())+"\n")
}

// setLevel sets the log level until the configuration is reloaded, or the process ends.
func (a *adminPort) setLevel(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64))
	level, ok := levels()[strings.ToLower(strings.TrimSpace(string(text)))]
	if err != nil || !ok {
		writeText(w, http.StatusBadRequest, "the body must be one of: debug, info, warn, error\n")
		return
	}
	before := a.telemetry.Level.Level()
	a.telemetry.Level.Set(level)
	a.telemetry.Log.WarnContext(r.Context(), "log level changed", "from", before.String(), "to", level.String())
	a.serveLevel(w, r)
}

func levels() map[string]slog.Level {
	return map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
}

func writeText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text))
}
