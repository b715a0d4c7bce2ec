package contract_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/upstream"
	"github.com/connsvc/connsvc/internal/validation"
)

// trailerLimit is what clients of gRPC commonly read of headers and trailers.
const trailerLimit = 8 << 10

// baseConfig is the configuration of every stage; $DLI stands for the scripted
// DLI, $NOBODY for an address where nobody listens.
const baseConfig = `{
	"grpc": {"address": "127.0.0.1:0"}, "rest": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"},
	"upstreams": [{"endpoint": "$DLI", "token": {"env": "TOKEN"}}]
}`

var environment = map[string]string{"TOKEN": dliToken, "AK": "AccessKey", "SK": "SecretKey"}

// A stage is one connsvc, wired as the command wires it, before a scripted DLI.
type stage struct {
	dli  *dli
	grpc *grpc.ClientConn
	http *http.Client
	rest string // host:port
}

// stages are the stages by their configuration: cases share them.
type stages map[string]*stage

func (s stages) of(t *testing.T, c *contractCase) *stage {
	t.Helper()
	var base map[string]any
	if err := json.Unmarshal([]byte(baseConfig), &base); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(merge(base, c.Config))
	if err != nil {
		t.Fatal(err)
	}
	if s[string(text)] == nil {
		s[string(text)] = newStage(t, string(text))
	}
	return s[string(text)]
}

func newStage(t *testing.T, text string) *stage {
	t.Helper()
	d := newDLI(t)
	text = strings.NewReplacer("$DLI", d.URL, "$NOBODY", nobody(t)).Replace(text)
	file := filepath.Join(t.TempDir(), "connsvc.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	srv := serve(t, file)
	conn, err := grpc.NewClient(srv.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithMaxHeaderListSize(trailerLimit))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		_ = conn.Close()
		transport.CloseIdleConnections()
	})
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &stage{dli: d, grpc: conn, http: client, rest: srv.RESTAddr().String()}
}

// serve wires connsvc as cmd/connsvc does, and stops it when the test ends.
func serve(t *testing.T, file string) *server.Server {
	t.Helper()
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	tel, err := telemetry.New(io.Discard, slog.LevelError)
	if err != nil {
		t.Fatal(err)
	}
	observer, err := server.NewUpstreamObserver(tel)
	if err != nil {
		t.Fatal(err)
	}
	validator, err := validation.New()
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) { v, ok := environment[name]; return v, ok }
	router, err := upstream.New(cfg.GetUpstreams(), upstream.Options{
		Secret:           config.Secrets{LookupEnv: lookup}.Read,
		MaxResponseBytes: cfg.GetLimits().GetMaxResponseBytes(),
		Now:              time.Now,
		Observe:          observer.Observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(cfg, server.Options{
		Service: service.New(router), Validator: validator, Telemetry: tel, Version: "contract", CloseUpstream: router.Close,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- srv.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("stopping: %v", err)
		}
		if err := tel.Shutdown(context.Background()); err != nil {
			t.Errorf("stopping telemetry: %v", err)
		}
	})
	return srv
}

// nobody returns a URL of loopback where nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return "http://" + l.Addr().String()
}
