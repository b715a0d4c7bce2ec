package image_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// A builder runs the steps of a stage in a folder, which stands for the root.
type builder struct {
	t    *testing.T
	root string
	work string            // WORKDIR, as the stage sees it
	args map[string]string // build arguments that are given
	env  []string          // of the steps
}

// build runs all steps and returns the root folder of the image.
func build(t *testing.T, args map[string]string) string {
	t.Helper()
	file := parse(t)
	first := &builder{t: t, root: t.TempDir(), work: "/", args: args, env: os.Environ()}
	for _, step := range file.build.Commands {
		first.step(step, nil)
	}
	final := &builder{t: t, root: t.TempDir(), work: "/", args: args}
	for _, step := range file.final.Commands {
		final.step(step, first)
	}
	return final.root
}

// step runs one step; from is the stage that COPY --from names.
func (b *builder) step(step instructions.Command, from *builder) {
	b.t.Helper()
	switch s := step.(type) {
	case *instructions.WorkdirCommand:
		b.work = path.Join(b.work, s.Path)
		b.makeDir(b.path("."))
	case *instructions.ArgCommand:
		for _, arg := range s.Args {
			b.env = append(b.env, arg.Key+"="+b.arg(arg))
		}
	case *instructions.CopyCommand:
		b.copy(s, from)
	case *instructions.RunCommand:
		b.run(s)
	case *instructions.LabelCommand, *instructions.UserCommand, *instructions.ExposeCommand,
		*instructions.HealthCheckCommand, *instructions.EntrypointCommand, *instructions.CmdCommand:
		// Of the image's configuration: they change no file.
	default:
		b.t.Fatalf("%s: this test does not know that step", step.Name())
	}
}

func (b *builder) arg(a instructions.KeyValuePairOptional) string {
	value, given := b.args[a.Key]
	if !given && a.Value != nil {
		value = *a.Value
	}
	return value
}

// path returns where a path of the stage is on this machine.
func (b *builder) path(name string) string {
	if !path.IsAbs(name) {
		name = path.Join(b.work, name)
	}
	return filepath.Join(b.root, filepath.FromSlash(name))
}

func (b *builder) run(s *instructions.RunCommand) {
	b.t.Helper()
	if !s.PrependShell || len(s.CmdLine) != 1 {
		b.t.Fatalf("RUN %v: this test knows the shell form", s.CmdLine)
	}
	command := exec.Command("sh", "-c", s.CmdLine[0])
	command.Dir, command.Env = b.path("."), b.env
	if out, err := command.CombinedOutput(); err != nil {
		b.t.Fatalf("RUN %s: %v\n%s", s.CmdLine[0], err, out)
	}
}

func (b *builder) copy(s *instructions.CopyCommand, from *builder) {
	b.t.Helper()
	for _, source := range s.SourcePaths {
		if s.From == "" {
			copied := b.copyContext(source, b.path(s.DestPath))
			if copied == 0 {
				b.t.Fatalf("COPY %s: nothing is there, or .dockerignore leaves it out", source)
			}
			continue
		}
		name := from.path(source)
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			name = source // of the base image, for which this machine stands
		}
		b.copyFile(name, b.path(s.DestPath))
	}
}

// copyContext copies what .dockerignore lets through, and returns how many files.
func (b *builder) copyContext(source, to string) int {
	b.t.Helper()
	ignored := ignore(b.t)
	base, copied := filepath.Join(repository, source), 0
	err := filepath.WalkDir(base, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			if err == nil && slices.Contains([]string{".git", ".bin", "third_party", "node_modules"}, entry.Name()) {
				return filepath.SkipDir // large, and ignored in any case
			}
			return err
		}
		inContext, err := filepath.Rel(repository, name)
		if err != nil {
			return err
		}
		skip, err := ignored.MatchesOrParentMatches(inContext)
		if err != nil || skip {
			return err
		}
		inSource, err := filepath.Rel(base, name)
		if err != nil {
			return err
		}
		if inSource == "." { // a file
			inSource = filepath.Base(name)
		}
		copied++
		b.copyFile(name, filepath.Join(to, inSource))
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return copied
}

func ignore(t *testing.T) *patternmatcher.PatternMatcher {
	t.Helper()
	file, err := os.Open(filepath.Join(repository, ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return matcher
}

func (b *builder) copyFile(from, to string) {
	b.t.Helper()
	b.makeDir(filepath.Dir(to))
	content, err := os.ReadFile(from)
	if err != nil {
		b.t.Fatal(err)
	}
	info, err := os.Stat(from)
	if err != nil {
		b.t.Fatal(err)
	}
	if strings.HasSuffix(to, "/") {
		to = filepath.Join(to, filepath.Base(from))
	}
	if err := os.WriteFile(to, content, info.Mode().Perm()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *builder) makeDir(name string) {
	b.t.Helper()
	if err := os.MkdirAll(name, 0o755); err != nil {
		b.t.Fatal(err)
	}
}
