package contract_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
)

// trailerLimit is the size of headers and trailers that gRPC clients commonly accept.
const trailerLimit = 8 << 10

// baseConfig is the configuration of every stage. $DLI stands for the scripted DLI,
// $NOBODY for an address without a listener.
const baseConfig = `{
	"grpc": {"address": "127.0.0.1:0"}, "rest": {"address": "127.0.0.1:0"}, "admin": {"address": "127.0.0.1:0"},
	"upstreams": [{
		"endpoint": "$DLI", "token": {"env": "TOKEN"},
		"retry": {"max_attempts": 1}, "protection": {"breaker_failures": 1000000000}, "idempotency": {"reconcile_timeout": "0.05s"}
	}]
}`

var environment = map[string]string{"TOKEN": dliToken, "AK": "AccessKey", "SK": "SecretKey"}

// A stage is a connsvc, wired as the command wires it, and a scripted DLI.
type stage struct {
	dli  *scriptedDLI
	grpc *grpc.ClientConn
	http *http.Client
	rest string // host:port

	document *apiDocument
}

// stages has a stage for each configuration; cases share it.
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
	d := newScriptedDLI(t)
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

// serve runs connsvc with a configuration file until the test ends.
func serve(t *testing.T, file string) *app.App {
	t.Helper()
	cfg, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) { v, ok := environment[name]; return v, ok }
	srv, err := app.New(cfg, app.Options{
		Secret: config.Secrets{LookupEnv: lookup}.Read, Log: io.Discard, Version: "contract",
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
	})
	return srv
}

// nobody returns a loopback URL without a listener.
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
