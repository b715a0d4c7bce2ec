package image_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

const (
	user = 65532
	// patience is how long a test waits for an expected event.
	patience = 30 * time.Second
)

// mounted is the configuration that the image's default command reads.
const mounted = `
grpc: {address: "127.0.0.1:0"}
rest: {address: "127.0.0.1:0"}
admin: {address: "127.0.0.1:0"}
upstreams:
  - endpoint: http://127.0.0.1:9
    token: {env: TOKEN}
`

// checkRun runs the image's own command in its root, as its user, with nothing
// else of this machine to be seen.
func checkRun(t *testing.T, root string) {
	t.Helper()
	writeMounted(t, root)
	before := treeSum(t, root)
	server := inside(t, root, defaultCommand(t)...)
	server.Env = []string{"TOKEN=none"}
	logs, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill() })
	admin := adminAddress(t, logs)
	check := func() ([]byte, error) {
		return inside(t, root, "/connsvc", "healthcheck", "--admin="+admin).CombinedOutput()
	}
	awaitReady(t, check)
	t.Logf("ready %v after exec, asked by healthcheck", time.Since(began).Round(time.Millisecond))
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, logs)
	if err := server.Wait(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if out, err := check(); err == nil {
		t.Errorf("healthcheck of nothing: %s", out)
	}
	if treeSum(t, root) != before {
		t.Error("connsvc wrote into the image: it cannot where the root is read-only")
	}
}

func writeMounted(t *testing.T, root string) {
	t.Helper()
	folder := filepath.Join(root, "etc/connsvc/config")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "connsvc.yaml"), []byte(mounted), 0o644); err != nil {
		t.Fatal(err)
	}
}

// defaultCommand is ENTRYPOINT and CMD.
func defaultCommand(t *testing.T) []string {
	t.Helper()
	var entrypoint, command []string
	for _, step := range parse(t).final.Commands {
		switch s := step.(type) {
		case *instructions.EntrypointCommand:
			entrypoint = s.CmdLine
		case *instructions.CmdCommand:
			command = s.CmdLine
		}
	}
	return append(entrypoint, command...)
}

// inside makes a command whose root is the image's and whose user is the image's.
// Who is not root here becomes that user in a namespace.
func inside(t *testing.T, root string, args ...string) *exec.Cmd {
	command := exec.CommandContext(t.Context(), args[0], args[1:]...)
	command.Err = nil // args[0] is looked up in root
	command.Dir, command.Env = "/", []string{}
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
	if os.Geteuid() == 0 {
		command.SysProcAttr.Credential = &syscall.Credential{Uid: user, Gid: user}
		return command
	}
	command.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
	command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Geteuid(), Size: 1}}
	command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: user, HostID: os.Getegid(), Size: 1}}
	return command
}

// adminAddress reads the log up to the line that tells the addresses.
func adminAddress(t *testing.T, logs io.Reader) string {
	t.Helper()
	lines := bufio.NewScanner(logs)
	var all []string
	for lines.Scan() {
		var line struct{ Msg, Admin string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			return line.Admin
		}
		all = append(all, lines.Text())
	}
	t.Fatalf("it does not listen:\n%s", strings.Join(all, "\n"))
	return ""
}

func awaitReady(t *testing.T, check func() ([]byte, error)) {
	t.Helper()
	var out []byte
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if out, err = check(); err == nil {
			return
		}
	}
	t.Fatalf("not ready: %v: %s", err, out)
}

// treeSum returns a hash of a folder's content.
func treeSum(t *testing.T, root string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(sum, name, info.Mode(), info.Size(), info.ModTime().UnixNano())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(sum.Sum(nil))
}
