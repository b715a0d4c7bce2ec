package manifests_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"sigs.k8s.io/yaml"
)

// TestCompose loads the compose file by the library of Docker Compose, wants its secrets
// and ports to be those of the configuration, and runs what the container would.
func TestCompose(t *testing.T) {
	const folder = repository + "/deploy/compose/"
	options, err := cli.NewProjectOptions([]string{folder + "compose.yaml"}, cli.WithName("connsvc"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	service, err := project.GetService("connsvc")
	if err != nil {
		t.Fatal(err)
	}
	config := string(readFile(t, folder+"config/connsvc.yaml"))
	for _, file := range filesOf(t, config) {
		name, ok := strings.CutPrefix(file, "/run/secrets/")
		if !ok || !slices.ContainsFunc(service.Secrets, func(s types.ServiceSecretConfig) bool { return s.Source == name }) {
			t.Errorf("compose.yaml mounts no secret at %s", file)
		}
	}
	for _, port := range service.Ports {
		if port.HostIP != "127.0.0.1" || !strings.Contains(config, fmt.Sprint("0.0.0.0:", port.Target)) {
			t.Errorf("port %v is not one of the configuration, or published beyond loopback", port)
		}
	}
	if got, least := time.Duration(*service.StopGracePeriod), effectiveStop(t, folder+"config/connsvc.yaml"); got < least {
		t.Errorf("it is killed after %v, connsvc may take %v", got, least)
	}
	if got := service.HealthCheck.Test; !slices.Equal(got, []string{"CMD", "/connsvc", "healthcheck"}) {
		t.Errorf("the health check is %v", got)
	}
	// The image's command, as compose.yaml has none.
	command := regexp.MustCompile(`(?m)^CMD (\[.*\])$`).FindSubmatch(readFile(t, repository+"/Dockerfile"))
	var args []string
	if err := json.Unmarshal(command[1], &args); err != nil || len(service.Command)+len(service.Entrypoint) > 0 {
		t.Fatalf("%v: %s", err, command)
	}
	if volume := service.Volumes[0]; filepath.Base(volume.Source) != "config" || !strings.HasPrefix(args[1], "--config="+volume.Target+"/") || !volume.ReadOnly {
		t.Errorf("%v is not mounted from %s", args, volume.Source)
	}
	runAsPrinted(t, args, config, "/run/secrets/")
}

// TestUnit has systemd check the unit, wants its credentials to be those of the
// configuration, runs its commands, and compares its rating with docs/deploy.md.
func TestUnit(t *testing.T) {
	const folder = repository + "/deploy/systemd/"
	unit := string(readFile(t, folder+"connsvc.service"))
	config := string(readFile(t, folder+"connsvc.yaml"))
	for _, file := range filesOf(t, config) {
		name, ok := strings.CutPrefix(file, "/run/credentials/connsvc.service/")
		if !ok || !strings.Contains(unit, "\nLoadCredential="+name+":") {
			t.Errorf("the unit loads no credential for %s", file)
		}
	}
	if stop := duration(t, setting(t, unit, "TimeoutStopSec")+"s"); stop < effectiveStop(t, folder+"connsvc.yaml") {
		t.Errorf("TimeoutStopSec %v is too short", stop)
	}
	start := strings.Fields(setting(t, unit, "ExecStart"))
	if start[0] != "/usr/local/bin/connsvc" || start[2] != "--config=/etc/connsvc/connsvc.yaml" {
		t.Errorf("ExecStart is %v", start)
	}
	p := runAsPrinted(t, start[1:], config, "/run/credentials/connsvc.service/")
	reload := exec.CommandContext(t.Context(), "sh", "-c", strings.ReplaceAll(setting(t, unit, "ExecReload"), "$MAINPID", strconv.Itoa(p.pid)))
	if out, err := reload.CombinedOutput(); err != nil {
		t.Errorf("%v: %v\n%s", reload, err, out)
	}
	p.awaitLine(t, "nothing changed")
	if status := setting(t, unit, "RestartPreventExitStatus"); status != strconv.Itoa(exitStatus(t, start[1], "--config="+folder+"connsvc.service")) {
		t.Errorf("an invalid configuration does not end with %s", status)
	}
	analyzeUnit(t, unit)
}

// analyzeUnit has systemd verify and rate a unit.
func analyzeUnit(t *testing.T, unit string) {
	t.Helper()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Error("no systemd-analyze")
		}
		t.Log("no systemd-analyze: the unit is not rated")
		return
	}
	file := filepath.Join(t.TempDir(), "connsvc.service")
	installed := strings.Replace(unit, "ExecStart=/usr/local/bin/connsvc", "ExecStart="+connsvc, 1)
	if err := os.WriteFile(file, []byte(installed), 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := run("verify", "--man=no", file); out != "" {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	rating := run("security", "--offline=true", "--no-pager", file)
	t.Logf("%s", rating)
	level := regexp.MustCompile(`Overall exposure level for connsvc.service: ([0-9.]+) (\w+)`).FindStringSubmatch(rating)
	page := string(readFile(t, repository+"/docs/deploy.md"))
	version, _, _ := strings.Cut(run("--version"), " (")
	switch {
	case level == nil:
		t.Errorf("no rating:\n%s", rating)
	case level[2] != "OK":
		t.Errorf("%s", level[0])
	case strings.Contains(page, version) && !strings.Contains(page, level[0]):
		t.Errorf("docs/deploy.md does not have %q of %s", level[0], version)
	}
}

func setting(t *testing.T, unit, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + `=(.+)$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatalf("the unit has no %s", name)
	}
	return m[1]
}

// A running is a connsvc that serves, and its log.
type running struct {
	pid   int
	lines *bufio.Scanner
}

// awaitLine reads the log up to a line with text.
func (r running) awaitLine(t *testing.T, text string) string {
	t.Helper()
	var log []string
	for r.lines.Scan() {
		if strings.Contains(r.lines.Text(), text) {
			return r.lines.Text()
		}
		log = append(log, r.lines.Text())
	}
	t.Fatalf("no %q in the log:\n%s", text, strings.Join(log, "\n"))
	return ""
}

// runAsPrinted runs connsvc with the arguments of a unit or a container: its
// configuration and secrets are in a folder of the test, and its ports are free ones of
// loopback. The health check says that it is ready, and at the end of the test SIGTERM
// ends it with status 0.
func runAsPrinted(t *testing.T, args []string, config, secrets string) running {
	t.Helper()
	folder := t.TempDir()
	for _, file := range filesOf(t, config) {
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(file)), []byte("secret"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config = strings.ReplaceAll(config, secrets, folder+"/")
	config = regexp.MustCompile(`"0\.0\.0\.0:\d+"`).ReplaceAllString(config, `"127.0.0.1:0"`)
	for _, port := range []string{"grpc", "rest", "admin"} {
		if !strings.Contains(config, "\n"+port+":") {
			config += port + `: {address: "127.0.0.1:0"}` + "\n"
		}
	}
	name := filepath.Join(folder, file)
	if err := os.WriteFile(name, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	args = slices.Clone(args)
	for i, arg := range args {
		if strings.HasPrefix(arg, "--config=") {
			args[i] = "--config=" + name
		}
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), connsvc, args...) // until it is stopped
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	p := running{command.Process.Pid, bufio.NewScanner(log)}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_, _ = io.Copy(io.Discard, log)
		if err := command.Wait(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	})
	var listening struct{ Admin string }
	if err := json.Unmarshal([]byte(p.awaitLine(t, `"msg":"listening"`)), &listening); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), connsvc, "healthcheck", "--admin="+listening.Admin).CombinedOutput(); err != nil {
		t.Errorf("healthcheck: %v\n%s", err, out)
	}
	return p
}

func exitStatus(t *testing.T, args ...string) int {
	t.Helper()
	err := exec.CommandContext(t.Context(), connsvc, args...).Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode()
	}
	return 0
}

// filesOf returns the files that a configuration names.
func filesOf(t *testing.T, config string) []string {
	t.Helper()
	files, _ := sources(t, config)
	return files
}

// effectiveStop returns how long connsvc may take to stop with a configuration.
func effectiveStop(t *testing.T, file string) time.Duration {
	t.Helper()
	printed, err := exec.CommandContext(t.Context(), connsvc, "config", "print", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Shutdown struct {
			DrainDelay string `json:"drain_delay"`
			Timeout    string `json:"timeout"`
		} `json:"shutdown"`
	}
	if err := yaml.Unmarshal(printed, &config); err != nil {
		t.Fatal(err)
	}
	// Telemetry is flushed last, within 5 seconds.
	return duration(t, config.Shutdown.DrainDelay) + duration(t, config.Shutdown.Timeout) + 5*time.Second
}
