package attack_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
)

// childOf makes the test's binary a connsvc.
var childOf = flag.String("child-of", "", "serve in front of the DLI of this URL")

// containerBytes is the memory limit of the chart; nine tenths of it are GOMEMLIMIT.
const containerBytes = 2 << 30

// A child is a connsvc in a process of its own, whose memory is measured: with the limits
// and the memory of the chart's defaults, both divided by the scale.
type child struct {
	rest, grpc, admin string
	input             io.WriteCloser
	output            *bufio.Reader
}

func newChild(t *testing.T, dli string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-scale", strconv.Itoa(*scale), "-child-of", dli)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	c := &child{input: input, output: bufio.NewReader(output)}
	if _, err := fmt.Fscanln(c.output, &c.rest, &c.grpc, &c.admin); err != nil {
		t.Fatal(err)
	}
	return c
}

// peak returns the most memory that the child had so far, in bytes, as Go's limit counts it.
func (c *child) peak(t *testing.T) int64 {
	t.Helper()
	return c.ask(t, "peak")
}

// idle returns the memory that the child has when its garbage is collected.
func (c *child) idle(t *testing.T) int64 {
	t.Helper()
	return c.ask(t, "idle")
}

func (c *child) ask(t *testing.T, what string) (bytes int64) {
	t.Helper()
	if _, err := fmt.Fprintln(c.input, what); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanln(c.output, &bytes); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// serveAsChild serves until the input ends.
func serveAsChild(dli string) int {
	debug.SetMemoryLimit(containerBytes * 9 / 10 / int64(*scale))
	var peak atomic.Int64
	go func() {
		for range time.Tick(time.Millisecond) {
			peak.Store(max(peak.Load(), memoryInUse()))
		}
	}()
	err := serveChild(dli, func(a *app.App) {
		fmt.Println(a.RESTAddr(), a.GRPCAddr(), a.AdminAddr())
		asked := bufio.NewScanner(os.Stdin)
		for asked.Scan() {
			if asked.Text() == "idle" {
				debug.FreeOSMemory()
				fmt.Println(memoryInUse())
				continue
			}
			fmt.Println(peak.Load())
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveChild(dli string, serving func(*app.App)) error {
	cfg := config.Default(&configv1.Upstream{Endpoint: dli, Credentials: &configv1.Upstream_Token{Token: secret("UPSTREAM")}})
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Log.Level = configv1.Log_ERROR
	cfg.Limits.MaxRequestBytes /= int64(*scale)
	cfg.Limits.MaxResponseBytes /= int64(*scale)
	cfg.Limits.MaxCallsBytes /= int64(*scale)
	cfg.Auth = &configv1.Auth{Tokens: []*configv1.CallerToken{{Name: "attacker", Sha256: secret("attacker")}, {Name: "bystander", Sha256: secret("bystander")}}}
	a, err := app.New(cfg, app.Options{Log: os.Stderr, Version: "attack", Secret: func(s *configv1.Secret) (string, error) {
		if canary := canaries[s.GetEnv()]; canary != "" {
			return canary, nil
		}
		sum := sha256.Sum256([]byte(tokenOf(s.GetEnv())))
		return hex.EncodeToString(sum[:]), nil
	}})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		serving(a)
	}()
	// Not gracefully: attackers hold calls and connections open.
	go func() {
		<-ctx.Done()
		os.Exit(0)
	}()
	return a.Run(ctx)
}

// tokenOf returns the token of a caller.
func tokenOf(caller string) string { return strings.Repeat(caller+"-", 5) }

// memoryInUse returns the memory that GOMEMLIMIT limits.
func memoryInUse() int64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64() - samples[1].Value.Uint64())
}
