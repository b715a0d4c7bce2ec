package app_test

import (
	"io"
	"net"
	"testing"

	"go.uber.org/goleak"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
)

// TestCloseUndoesNew: an App that is not run leaves neither a goroutine nor a
// listener, with an exporter of traces to end as well.
func TestCloseUndoesNew(t *testing.T) {
	before := goleak.IgnoreCurrent()
	cfg := config.Default(&configv1.Upstream{
		Endpoint:    "http://127.0.0.1:1",
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
	})
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	environment := map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
	a, err := app.New(cfg, app.Options{
		Secret:    func(*configv1.Secret) (string, error) { return "token", nil },
		Log:       io.Discard,
		LookupEnv: func(key string) (string, bool) { v, ok := environment[key]; return v, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	if goleak.Find(before) == nil {
		t.Error("there is nothing to leak: this test cannot fail")
	}
	a.Close()
	goleak.VerifyNone(t, before)
	for _, address := range []net.Addr{a.GRPCAddr(), a.RESTAddr(), a.AdminAddr()} {
		listener, err := net.Listen("tcp", address.String())
		if err != nil {
			t.Errorf("still in use: %v", err)
			continue
		}
		listener.Close()
	}
}
