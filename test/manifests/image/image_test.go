package image_test

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

var (
	version = flag.String("version", "v0.0.0-test", "version of the image")
	out     = flag.String("out", "", "folder to leave the binary in")
)

// maxSize is the most bytes that the files of an image may have: 33 MB. Authentication of
// callers, proxies toward DLI and the page of the API took it over 30; apply, watches and the
// command line over 31.
const maxSize = 33_000_000

func arguments(arch string) map[string]string {
	return map[string]string{
		"TARGETOS": "linux", "TARGETARCH": arch, "BUILDPLATFORM": "linux/" + runtime.GOARCH,
		"VERSION": *version, "REVISION": "0123456789abcdef",
	}
}

func TestImage(t *testing.T) {
	root := build(t, arguments(runtime.GOARCH))
	binary := readFile(t, filepath.Join(root, "connsvc"))
	t.Run("Files", func(t *testing.T) { checkFiles(t, root) })
	t.Run("Static", func(t *testing.T) { checkStatic(t, filepath.Join(root, "connsvc"), elfMachine(runtime.GOARCH)) })
	t.Run("Settings", func(t *testing.T) { checkSettings(t, filepath.Join(root, "connsvc")) })
	t.Run("Reproducible", func(t *testing.T) {
		t.Setenv("GOCACHE", t.TempDir()) // else only the linker would work again
		again := build(t, arguments(runtime.GOARCH))
		if !bytes.Equal(binary, readFile(t, filepath.Join(again, "connsvc"))) {
			t.Error("building twice gave two binaries")
		}
	})
	t.Run("Run", func(t *testing.T) { checkRun(t, root) })
	if *out != "" {
		if err := os.MkdirAll(*out, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*out, "connsvc"), binary, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOtherArchitecture builds for the architecture that this machine is not.
func TestOtherArchitecture(t *testing.T) {
	arch := "arm64"
	if runtime.GOARCH == arch {
		arch = "amd64"
	}
	root := build(t, arguments(arch))
	checkStatic(t, filepath.Join(root, "connsvc"), elfMachine(arch))
	checkFiles(t, root)
}

func elfMachine(arch string) elf.Machine {
	return map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[arch]
}

// checkFiles checks that the image has the binary, the certificates, and nothing else.
func checkFiles(t *testing.T, root string) {
	t.Helper()
	want := map[string]bool{"connsvc": true, "etc/ssl/certs/ca-certificates.crt": true}
	size := int64(0)
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, _ := filepath.Rel(root, name)
		if !want[relative] {
			t.Errorf("%s is in the image", relative)
		}
		delete(want, relative)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o022 != 0 {
			t.Errorf("%s may be written by others: %v", relative, info.Mode())
		}
		size += info.Size()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		t.Errorf("%s is not in the image", name)
	}
	t.Logf("size: %.1f MB", float64(size)/1e6)
	if size > maxSize {
		t.Errorf("%d bytes: more than %d", size, maxSize)
	}
}

// checkStatic checks that the binary is statically linked.
func checkStatic(t *testing.T, name string, machine elf.Machine) {
	t.Helper()
	file, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if file.Machine != machine {
		t.Errorf("built for %v, not %v", file.Machine, machine)
	}
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the binary needs a loader")
		}
	}
	if libraries, err := file.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("the binary needs %v", libraries)
	}
}

// checkSettings wants a binary that tells its modules (an SBOM is made from them),
// and nothing of the machine that it was built on.
func checkSettings(t *testing.T, name string) {
	t.Helper()
	info, err := buildinfo.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Deps) == 0 {
		t.Error("the binary does not tell its modules")
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["-trimpath"] != "true" || settings["CGO_ENABLED"] != "0" {
		t.Errorf("built with %v", settings)
	}
	if home := os.Getenv("GOMODCACHE"); home != "" && bytes.Contains(readFile(t, name), []byte(home)) {
		t.Errorf("the binary names %s", home)
	}
}

// TestConfiguration holds what an engine takes from the Dockerfile beside files.
func TestConfiguration(t *testing.T) {
	labels, found := map[string]string{}, map[string]string{}
	for _, step := range parse(t).final.Commands {
		switch s := step.(type) {
		case *instructions.LabelCommand:
			for _, l := range s.Labels {
				labels[l.Key] = l.Value
			}
		case *instructions.UserCommand:
			found["user"] = s.User
		case *instructions.ExposeCommand:
			found["ports"] = strings.Join(s.Ports, " ")
		case *instructions.HealthCheckCommand:
			found["health"] = strings.Join(s.Health.Test, " ")
		case *instructions.EntrypointCommand:
			found["entrypoint"] = strings.Join(s.CmdLine, " ")
		}
	}
	for key, want := range map[string]string{
		"user": "65532:65532", "ports": "8080 9090 9091", "health": "CMD /connsvc healthcheck", "entrypoint": "/connsvc",
	} {
		if found[key] != want {
			t.Errorf("%s is %q, not %q", key, found[key], want)
		}
	}
	for key, want := range map[string]string{
		"version": "$VERSION", "revision": "$REVISION", "source": "https://github.com/connsvc/connsvc", "licenses": "Apache-2.0",
	} {
		if got := strings.Trim(labels["org.opencontainers.image."+key], `"`); got != want {
			t.Errorf("label %s is %q, not %q", key, got, want)
		}
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
