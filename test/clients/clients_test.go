// Package clients_test plays the same scenes with a client in each language: the stubs of
// gen/, on the runtimes that "make clients" installs. It is a module of its own, and imports
// no package of the service.
package clients_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// every scene has to be played by each client.
var every = []string{"lifecycle", "waiting", "hosts", "violations", "deadline", "retry", "outcome", "tls"}

// sceneTimeout ends a client that hangs.
const sceneTimeout = 5 * time.Minute

// The programs are built by the Makefile. A runtime that is missing fails its client.
var clients = []struct {
	name, dir string
	command   []string
	more      []string // scenes of this language alone
}{
	{name: "Go", dir: "go", command: []string{"go", "run", "."}, more: []string{"watch"}},
	{name: "Python", dir: "python", command: []string{"../../../.bin/clients/python/bin/python", "scenes.py"}, more: []string{"watch", "asyncio"}},
	{name: "TypeScript gRPC", dir: "ts", command: []string{"node", "out/scenes.js", "grpc"}, more: []string{"watch"}},
	{name: "TypeScript REST", dir: "ts", command: []string{"node", "out/scenes.js", "rest"}},
	{name: "grpc-js", dir: "grpcjs", command: []string{"node", "scenes.js"}},
	{name: "Java", dir: "java", command: []string{"java", "-Djava.library.path=" + javaClasses, "-cp", javaClasses + ":/usr/share/java/*", "Scenes"}},
}

const javaClasses = "../../../.bin/clients/java"

func TestClients(t *testing.T) {
	secured := serveTLS(t)
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dev := startDev(t)
			ctx, cancel := context.WithTimeout(t.Context(), sceneTimeout)
			defer cancel()
			cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
			cmd.Dir = c.dir
			cmd.Env = slices.Concat(os.Environ(), dev.env(), secured.env(t))
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var played []string
			for line := range strings.Lines(stdout.String()) {
				if name, ok := strings.CutPrefix(strings.TrimSpace(line), "ok "); ok {
					played = append(played, name)
				}
			}
			if err != nil {
				t.Fatalf("%v after %v\n%s", err, played, stderr.String())
			}
			if wanted := slices.Concat(every, c.more); !slices.Equal(played, wanted) {
				t.Errorf("it played %v, wanted %v", played, wanted)
			}
			t.Logf("%d scenes: %s", len(played), strings.Join(played, ", "))
		})
	}
}
