package manifests_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// blocks returns the fenced blocks of a document in a language, "" for commands.
func blocks(t *testing.T, document, language string) []string {
	t.Helper()
	var found []string
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(string(readFile(t, repository+"/docs/"+document)), -1) {
		if m[1] == language {
			found = append(found, m[2])
		}
	}
	return found
}

// TestKubernetesCommands renders the chart as the commands of docs/kubernetes.md
// install it, asks helm for the flags, and wants every object that kubectl names.
func TestKubernetesCommands(t *testing.T) {
	values := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(values, []byte(blocks(t, "kubernetes.md", "yaml")[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	rendered := string(render(t, "-f", values))
	var objects []string
	for _, o := range decode(t, []byte(rendered)) {
		objects = append(objects, strings.ToLower(o.kind)+"/"+o.meta.GetName())
	}
	for _, line := range strings.Split(strings.Join(blocks(t, "kubernetes.md", ""), ""), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) < 2:
		case words[0] == "helm":
			t.Log(line)
			checkFlags(t, words)
			if words[1] == "install" || words[1] == "upgrade" {
				args := strings.Fields(strings.NewReplacer("values.yaml", values, "--wait", "", "--timeout 10m", "").Replace(line))
				renderRelease(t, words[2], args[4:]...)
			}
		case words[0] == "kubectl":
			t.Log(line)
			for _, name := range regexp.MustCompile(`\b(deployment|poddisruptionbudget|service)/\S+`).FindAllString(line, -1) {
				if !slices.Contains(objects, name) {
					t.Errorf("%s: the chart makes no %s", line, name)
				}
			}
		}
	}
	for _, key := range []string{"access_key_id", "secret_access_key"} {
		if !strings.Contains(rendered, "/etc/connsvc/secrets/dli/"+key) || !strings.Contains(rendered, "secretName: connsvc-dli") {
			t.Errorf("the values of the document do not use connsvc-dli/%s", key)
		}
	}
}

// checkFlags wants the flags of a helm command among those that it has.
func checkFlags(t *testing.T, words []string) {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), tool(t, "helm"), words[1], "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if flag, _, _ := strings.Cut(word, "="); strings.HasPrefix(flag, "--") && !strings.Contains(string(help), flag+" ") {
			t.Errorf("helm %s has no %s", words[1], flag)
		}
	}
}

// TestCompose wants the configuration to be valid, its secrets and ports to be those of
// the compose file, and the container to stop only after its calls.
func TestCompose(t *testing.T) {
	const folder = repository + "/deploy/compose/"
	out, err := exec.CommandContext(t.Context(), connsvc, "config", "check", folder+"config/connsvc.yaml").CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	var compose struct {
		Services map[string]struct {
			Ports, Secrets []string
			StopGrace      string `json:"stop_grace_period"`
		}
		Secrets map[string]any
	}
	if err := yaml.Unmarshal(readFile(t, folder+"compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	service := compose.Services["connsvc"]
	config := string(readFile(t, folder+"config/connsvc.yaml"))
	files, _ := sources(t, config)
	for _, file := range files {
		name, ok := strings.CutPrefix(file, "/run/secrets/")
		if _, declared := compose.Secrets[name]; !ok || !declared || !slices.Contains(service.Secrets, name) {
			t.Errorf("compose.yaml mounts no secret at %s", file)
		}
	}
	for _, port := range service.Ports {
		if !strings.HasPrefix(port, "127.0.0.1:") || !strings.Contains(config, "0.0.0.0"+port[strings.LastIndexByte(port, ':'):]) {
			t.Errorf("port %s is not one of the configuration, or published beyond loopback", port)
		}
	}
	if got, least := duration(t, service.StopGrace), effectiveStop(t, folder+"config/connsvc.yaml"); got < least {
		t.Errorf("it is killed after %v, connsvc may take %v", got, least)
	}
}

// TestUnit wants the configuration to be valid, its secrets to be credentials of the
// unit, and the rating of docs/deploy.md, where systemd can be asked for it.
func TestUnit(t *testing.T) {
	const folder = repository + "/deploy/systemd/"
	out, err := exec.CommandContext(t.Context(), connsvc, "config", "check", folder+"connsvc.yaml").CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
	unit := string(readFile(t, folder+"connsvc.service"))
	files, _ := sources(t, string(readFile(t, folder+"connsvc.yaml")))
	for _, file := range files {
		name, ok := strings.CutPrefix(file, "/run/credentials/connsvc.service/")
		if !ok || !strings.Contains(unit, "\nLoadCredential="+name+":") {
			t.Errorf("the unit loads no credential for %s", file)
		}
	}
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(unit)
	if stop == nil || duration(t, stop[1]+"s") < effectiveStop(t, folder+"connsvc.yaml") {
		t.Errorf("TimeoutStopSec %v is too short", stop)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Log("no systemd-analyze: the unit is not rated")
		return
	}
	rating, err := exec.CommandContext(t.Context(), analyze, "security", "--offline=true", "--no-pager", folder+"connsvc.service").CombinedOutput()
	if err != nil {
		t.Fatalf("%v:\n%s", err, rating)
	}
	t.Logf("%s", rating)
	level := regexp.MustCompile(`Overall exposure level for connsvc.service: [0-9.]+ \w+`).FindString(string(rating))
	if level == "" || !strings.Contains(string(readFile(t, repository+"/docs/deploy.md")), level) {
		t.Errorf("docs/deploy.md does not have %q", level)
	}
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
