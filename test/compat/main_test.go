// Package compat_test runs DLI clients of others against a connsvc process and its
// embedded DLI: Huawei's Go SDK, and requests as Terraform and other clients were seen to
// send them. It is a module of its own, so that connsvc does not depend on the SDK, and
// imports no package of connsvc.
package compat_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Both are set once, before any test runs.
var (
	binary  string // connsvc, built for this run
	restURL string // REST API of connsvc dev
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run builds connsvc and runs the tests against connsvc dev. It also fails if connsvc
// logs an error, or does not exit with status 0 at the end.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "connsvc-compat-")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(dir)
	if binary, err = build(dir); err != nil {
		return fail(err)
	}
	// The SDK writes ~/.huaweicloud/application_id. Set after the build, whose cache is in
	// the real home.
	if err := os.Setenv("HOME", dir); err != nil {
		return fail(err)
	}
	dev, err := start(dir, "dev", "--peering-delay", "0s",
		"--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--emulator", "127.0.0.1:0")
	if err != nil {
		return fail(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	address, err := dev.stdout.await(ctx, dev.exited, `(?m)^  REST +(http://\S+)$`)
	if err != nil {
		return fail(fmt.Errorf("%w; connsvc dev wrote:\n%s", err, dev.stderr))
	}
	restURL = address
	code := m.Run()
	err = dev.stop()
	if err == nil && strings.Contains(dev.stderr.String(), `"level":"ERROR"`) {
		err = errors.New("connsvc logged an error")
	}
	if err != nil {
		return fail(fmt.Errorf("%w; connsvc dev wrote:\n%s", err, dev.stderr))
	}
	return code
}

func build(dir string) (string, error) {
	path := filepath.Join(dir, "connsvc")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/connsvc")
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building connsvc: %w\n%s", err, out)
	}
	return path, nil
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "compat:", err)
	return 1
}

// newProject returns the ID of a project that no other test uses.
func newProject() string { return rand.Text() }

const (
	startTimeout = time.Minute
	stopTimeout  = time.Minute
	callTimeout  = time.Minute
)
