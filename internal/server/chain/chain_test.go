package chain_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/validation"
)

// A faultyTransport cannot even send an error.
type faultyTransport struct{}

func (faultyTransport) Credentials() auth.Credentials               { return auth.Credentials{} }
func (faultyTransport) Exchange(context.Context, *chain.Call) error { return errors.New("a fault") }
func (faultyTransport) Complete(proto.Message) error                { return nil }
func (faultyTransport) Reject(*chain.Call)                          { panic("cannot send") }

// TestPanicOutsideTheExchange: it is logged, the process goes on, and the call is in flight
// no more.
func TestPanicOutsideTheExchange(t *testing.T) {
	var log bytes.Buffer
	tel, err := telemetry.New(&log, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tel.Shutdown(t.Context()) }()
	validator, err := validation.New()
	if err != nil {
		t.Fatal(err)
	}
	ch, err := chain.New(chain.Options{
		Service: connsvcv1.UnimplementedConnectionServiceServer{}, Validator: validator, Telemetry: tel,
	}, config.Default().GetLimits())
	if err != nil {
		t.Fatal(err)
	}
	ch.Serve(t.Context(), &chain.Call{API: chain.GRPC, Method: "m", ID: "id-1", Transport: faultyTransport{}})
	if !strings.Contains(log.String(), "cannot send") || !strings.Contains(log.String(), "id-1") {
		t.Errorf("logged %s", log.String())
	}
	scrape := httptest.NewRecorder()
	tel.Metrics.ServeHTTP(scrape, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if !strings.Contains(scrape.Body.String(), `connsvc_calls_in_flight{api="grpc"} 0`) {
		t.Errorf("metrics %s", scrape.Body)
	}
}
