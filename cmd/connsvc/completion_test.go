package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The shells, and how each completes the words of LINE, the last of which may be empty. In zsh
// functions stand for what only its line editor has.
var shells = map[string]string{
	"bash": `source <(connsvc completion bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _connsvc; printf '%s\n' "${COMPREPLY[@]}"`,
	"zsh": `compdef() { :; }; compadd() { shift; print -rl -- "$@"; }; _files() { :; }
eval "$(connsvc completion zsh)"
words=("$@"); CURRENT=$#; _connsvc`,
	"fish": `connsvc completion fish | source
complete -C (string join ' ' -- $argv)`,
}

// TestCompletion completes command lines in each shell. A machine may have bash alone;
// "make completion" installs the others, and wants them.
func TestCompletion(t *testing.T) {
	dir := t.TempDir()
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(test, filepath.Join(dir, "connsvc")); err != nil { // TestMain runs what it is called by
		t.Fatal(err)
	}
	contexts := filepath.Join(dir, "contexts.yaml")
	if err := os.WriteFile(contexts, []byte("contexts: [{name: staging}, {name: production}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for shell, script := range shells {
		if _, err := exec.LookPath(shell); err != nil {
			if os.Getenv("CONNSVC_TEST_SHELLS") != "" {
				t.Errorf("no %s on this machine", shell)
			}
			t.Logf("no %s on this machine", shell)
			continue
		}
		t.Run(shell, func(t *testing.T) {
			for _, tt := range []struct{ line, want string }{
				{"connsvc conn", "connections"},
				{"connsvc connections wa", "wait watch"},
				{"connsvc connections hosts ", "add export import remove"},
				{"connsvc connections list --out", "--output"},
				{"connsvc connections list --output=j", "--output=json"},
				{"connsvc connections list -o ", "id json name table yaml"},
				{"connsvc connections --project p1 hosts import orders f --format c", "csv"},
				{"connsvc connections list --context ", "production staging"},
				{"connsvc completion ", "bash fish zsh"},
				{"connsvc call Li", "ListEnhancedConnections ListHosts ListPrivileges ListPrivilegesByObject"},
				{"connsvc call --address 127.0.0.1:9090 Wai", "WaitEnhancedConnection"},
				{"connsvc help ca", "call"},
			} {
				words := strings.Split(tt.line, " ")
				if shell == "bash" { // it takes words apart at =
					words = strings.Split(strings.ReplaceAll(tt.line, "=", " = "), " ")
					tt.want = strings.ReplaceAll(tt.want, "--output=json", "json")
				}
				args := []string{"-c", script, "test"}
				if shell == "fish" {
					args = args[:2]
				}
				cmd := exec.CommandContext(t.Context(), shell, append(args, words...)...) //nolint:gosec // of this test
				cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "CONNSVC_CONTEXT_FILE="+contexts, "HOME="+dir)
				out, err := cmd.CombinedOutput()
				if got := strings.Join(strings.Fields(string(out)), " "); err != nil || got != tt.want {
					t.Errorf("%q: %q, want %q (%v)", tt.line, got, tt.want, err)
				}
			}
		})
	}
}
