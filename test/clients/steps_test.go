package clients_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var (
	block   = regexp.MustCompile("(?ms)^( *)```(\\w+)\n(.*?)^ *```$")
	program = regexp.MustCompile(`\[program\]\((\S+)\), as`)
	file    = regexp.MustCompile("as `(\\w+\\.\\w+)`")
)

// TestSteps runs the three steps of docs/clients.md for each language: the printed commands,
// in a new folder beside the repository, and the program of the package's README.
func TestSteps(t *testing.T) {
	page := read(t, root+"/docs/clients.md")
	_, steps, _ := strings.Cut(page, "\n## Three steps\n")
	languages := sectionsOf(steps)
	if len(languages) != 5 {
		t.Fatalf("%d languages", len(languages))
	}
	wanted := block.FindStringSubmatch(steps)[3]
	for name, text := range languages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dev := startDev(t)
			dir := folderBesideClone(t)
			source := blocksOf(text, "js")
			if m := program.FindStringSubmatch(text); m != nil {
				source = firstProgram(read(t, filepath.Join(root, "docs", m[1])))
			}
			source = strings.ReplaceAll(source, "127.0.0.1:9090", dev.grpc)
			write(t, filepath.Join(dir, file.FindStringSubmatch(text)[1]), source)
			output := runIn(t, dir, blocksOf(text, "bash"))
			from := regexp.MustCompile(`from_\w+`).FindString(source)
			if want := strings.ReplaceAll(wanted, "from_python", from); !strings.HasSuffix(output, want) {
				t.Errorf("it prints\n%s\nwanted\n%s", output, want)
			}
		})
	}
}

func sectionsOf(steps string) map[string]string {
	steps, _, _ = strings.Cut(steps, "\n## ")
	all := map[string]string{}
	for _, part := range strings.Split(steps, "\n### ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		all[name] = text
	}
	return all
}

// blocksOf returns the code blocks of a language, without their indentation.
func blocksOf(text, language string) string {
	var all strings.Builder
	for _, m := range block.FindAllStringSubmatch(text, -1) {
		if m[2] == language {
			all.WriteString(strings.ReplaceAll("\n"+m[3], "\n"+m[1], "\n"))
		}
	}
	return all.String()
}

// firstProgram returns the first code block of a README.
func firstProgram(readme string) string { return block.FindStringSubmatch(readme)[3] }

// folderBesideClone returns a new folder, from which the repository is ../connsvc.
func folderBesideClone(t *testing.T) string {
	t.Helper()
	parent := t.TempDir()
	clone, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(clone, filepath.Join(parent, "connsvc")); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "app")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runIn runs commands in bash. pip may ask no index, as the page says.
func runIn(t *testing.T, dir, commands string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euc", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PIP_NO_INDEX=1")
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", commands, err, output)
	}
	return string(output)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
