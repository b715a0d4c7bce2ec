package manifests_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/shlex"
	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/kubectl/pkg/cmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"
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

// A shown is a command of a page: its words, and the line.
type shown struct {
	words []string
	line  string
}

// commands returns the commands of a page that a tool runs, in blocks and within the text.
// A pipe ends a command.
func commands(t *testing.T, page, tool string) []shown {
	t.Helper()
	text := strings.ReplaceAll(string(readFile(t, repository+"/docs/"+page)), "\\\n", "")
	// What runs in a substitution stays one word.
	text = regexp.MustCompile(`\$\([^)\n]*\)`).ReplaceAllString(text, "substituted")
	var found []shown
	for _, m := range regexp.MustCompile("(?m)(?:^|`|\\| )("+tool+" [^`\n]+?)(?:`| \\| |$)").FindAllStringSubmatch(text, -1) {
		words, err := shlex.Split(m[1])
		if err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		found = append(found, shown{words[1:], m[1]})
	}
	return found
}

// valuesOfPage writes the values of docs/kubernetes.md, and returns the file.
func valuesOfPage(t *testing.T) string {
	t.Helper()
	values := filepath.Join(t.TempDir(), "values.yaml")
	if err := os.WriteFile(values, []byte(blocks(t, "kubernetes.md", "yaml")[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	return values
}

// TestHelmCommands runs the commands of docs/kubernetes.md that need no cluster, installs
// included, and asks helm for the flags of the others. connsvc checks what they render.
func TestHelmCommands(t *testing.T) {
	values := valuesOfPage(t)
	ran := 0
	for _, c := range commands(t, "kubernetes.md", "helm") {
		if len(c.words) == 1 {
			continue // named in the text
		}
		checkFlags(t, c.words)
		args := slices.Clone(c.words)
		for i, word := range args {
			switch word {
			case "deploy/helm/connsvc":
				args[i] = chart
			case "values.yaml":
				args[i] = values
			}
		}
		switch args[0] {
		case "install", "template":
			args = append(args, "--dry-run=client")
		case "upgrade": // of a release that a cluster has
			args = append([]string{"template"}, strings.Fields(strings.NewReplacer("--wait", "", "--timeout 10m", "").Replace(strings.Join(args[1:], " ")))...)
		default:
			continue
		}
		ran++
		out, err := exec.CommandContext(t.Context(), tool(t, "helm"), args...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "connsvc.yaml: |") {
			t.Errorf("%s: %v\n%s", c.line, err, out)
		}
		t.Log(c.line)
	}
	if ran < 4 {
		t.Errorf("%d commands ran", ran)
	}
	checkConfiguration(t, decode(t, render(t, "-f", values)))
}

// TestKubectlCommands has kubectl itself read each command of the pages. Those that make
// Secrets are run, and the Secrets have what the values of docs/kubernetes.md mount. All
// others name kinds that Kubernetes has and objects that the chart makes.
func TestKubectlCommands(t *testing.T) {
	rendered := render(t, "-f", valuesOfPage(t))
	made := make(map[string]bool)
	for _, o := range decode(t, rendered) {
		made[strings.ToLower(o.kind)+"/"+o.meta.GetName()] = true
	}
	secrets := make(map[string][]string)
	for _, page := range []string{"kubernetes.md", "runbook.md"} {
		for _, c := range commands(t, page, "kubectl") {
			t.Log(c.line)
			if c.words[0] == "create" {
				created := createSecret(t, c)
				secrets[created.Name] = slices.Sorted(maps.Keys(created.Data))
				continue
			}
			command, rest, err := kubectl().Find(c.words)
			if err == nil {
				err = command.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: %v", c.line, err)
				continue
			}
			checkObjects(t, c.line, command, made)
		}
	}
	for _, file := range filesOf(t, configuration(t, decode(t, rendered))) {
		parts := strings.Split(file, "/") // /etc/connsvc/secrets/NAME/KEY
		if !slices.Contains(secrets["connsvc-"+parts[4]], parts[5]) {
			t.Errorf("no command makes a Secret for %s: %v", file, secrets)
		}
	}
}

func kubectl() *cobra.Command {
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	return cmd.NewKubectlCommand(cmd.KubectlOptions{IOStreams: streams, ConfigFlags: genericclioptions.NewConfigFlags(true)})
}

// createSecret runs a "kubectl create secret", short of sending it to a cluster.
func createSecret(t *testing.T, c shown) *corev1.Secret {
	t.Helper()
	folder := filepath.Dir(withTLS(t))
	var args []string
	for _, word := range c.words {
		// The files of the page are those of the test.
		args = append(args, regexp.MustCompile(`^--(cert|key)=`).ReplaceAllString(word, "--$1="+folder+"/"))
	}
	if !slices.Contains(args, "--dry-run=client") {
		args = append(args, "--dry-run=client", "-o", "yaml")
	}
	streams, _, out, errOut := genericiooptions.NewTestIOStreams()
	root := cmd.NewKubectlCommand(cmd.KubectlOptions{IOStreams: streams, ConfigFlags: genericclioptions.NewConfigFlags(true)})
	root.SetArgs(args)
	cmdutil.BehaviorOnFatal(func(text string, _ int) { t.Errorf("%s: %s", c.line, text) })
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Errorf("%s: %v\n%s", c.line, err, errOut)
	}
	secret := &corev1.Secret{}
	if err := yaml.UnmarshalStrict(out.Bytes(), secret); err != nil || secret.Kind != "Secret" {
		t.Errorf("%s: %v\n%s", c.line, err, out)
	}
	return secret
}

// checkObjects checks the arguments of a kubectl command that has parsed its flags.
func checkObjects(t *testing.T, line string, command *cobra.Command, made map[string]bool) {
	t.Helper()
	known := map[string]bool{"certificate": true} // of cert-manager
	for kind := range scheme.Scheme.AllKnownTypes() {
		plural, singular := meta.UnsafeGuessKindToResource(kind)
		known[plural.Resource], known[singular.Resource] = true, true
	}
	args := command.Flags().Args()
	for i, arg := range args {
		kind, name, named := strings.Cut(arg, "/")
		switch {
		case named && !known[kind], !named && i == 0 && (command.Name() == "get" || command.Name() == "describe") && !known[kind]:
			t.Errorf("%s: Kubernetes has no %s", line, kind)
		case named && name != "NAME" && !made[arg]:
			t.Errorf("%s: the chart makes no %s", line, arg)
		}
	}
	if selector := command.Flag("selector"); selector != nil && selector.Value.String() != "" && selector.Value.String() != "app.kubernetes.io/name=connsvc" {
		t.Errorf("%s: the pods have no such label", line)
	}
}

// checkFlags wants the flags of a helm command among those that it has.
func checkFlags(t *testing.T, words []string) {
	t.Helper()
	help, err := exec.CommandContext(t.Context(), tool(t, "helm"), words[0], "--help").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range words {
		if flag, _, _ := strings.Cut(word, "="); strings.HasPrefix(flag, "--") && !strings.Contains(string(help), flag+" ") {
			t.Errorf("helm %s has no %s", words[0], flag)
		}
	}
}
