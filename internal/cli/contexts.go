package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/watch"
)

// maxContextsBytes limits a file of contexts: 1 MiB.
const maxContextsBytes = 1 << 20

// context returns the context to use, an empty one for none, and the folder of its file.
func (f *Flags) context(p *Process) (context *configv1.Context, dir string, err error) {
	env := func(name string) string { value, _ := p.LookupEnv(name); return value }
	asked := cmp.Or(f.ContextFile, env("CONNSVC_CONTEXT_FILE"))
	name := cmp.Or(f.Context, env("CONNSVC_CONTEXT"))
	path := cmp.Or(asked, defaultContexts(env))
	data, err := watch.ReadFile(path, maxContextsBytes)
	switch {
	case errors.Is(err, fs.ErrNotExist) && asked == "" && name == "":
		return &configv1.Context{}, "", nil
	case err != nil:
		return nil, "", fmt.Errorf("reading the file of contexts: %w", err)
	}
	contexts := &configv1.Contexts{}
	if err := config.Unmarshal(path, data, contexts, noToken); err != nil {
		return nil, "", err
	}
	current := cmp.Or(name, contexts.GetCurrent())
	if current == "" {
		return &configv1.Context{}, "", nil
	}
	var names []string
	for _, c := range contexts.GetContexts() {
		if c.GetName() == current {
			return c, filepath.Dir(path), nil
		}
		names = append(names, c.GetName())
	}
	return nil, "", fmt.Errorf("%s: no context %q: there are %s", path, current, strings.Join(names, ", "))
}

// defaultContexts returns the path of the file of contexts, "" if there is no home.
func defaultContexts(env func(string) string) string {
	folder := env("XDG_CONFIG_HOME")
	if home := env("HOME"); folder == "" && home != "" {
		folder = filepath.Join(home, ".config")
	}
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, "connsvc", "contexts.yaml")
}

// Contexts returns the names of the contexts, for completion; none if the file cannot be
// read.
func (p *Process) Contexts() []string {
	env := func(name string) string { value, _ := p.LookupEnv(name); return value }
	path := cmp.Or(env("CONNSVC_CONTEXT_FILE"), defaultContexts(env))
	contexts := &configv1.Contexts{}
	data, err := watch.ReadFile(path, maxContextsBytes)
	if err != nil || config.Unmarshal(path, data, contexts, nil) != nil {
		return nil
	}
	var names []string
	for _, c := range contexts.GetContexts() {
		names = append(names, c.GetName())
	}
	return names
}

// noToken reports a token that is written into the file.
func noToken(m proto.Message, mapping *yaml.Node, report func(*yaml.Node, string)) {
	if _, ok := m.(*configv1.Context); !ok {
		return
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if key := mapping.Content[i]; key.Value == "token" || key.Value == "iam_token" {
			report(key, "a token must not be in this file: write it into a file of its own, and set "+key.Value+"_file")
		}
	}
}
