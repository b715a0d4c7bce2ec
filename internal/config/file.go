package config

import (
	"crypto/sha256"
	"fmt"
	"sync/atomic"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// A File is a configuration file whose configuration runs. Watch reads it again.
type File struct {
	path    string
	check   checker
	opened  mark
	running atomic.Pointer[configv1.Config]
}

// Open loads the configuration file at path, as Load does.
func Open(path string) (*File, error) {
	content := look(path)
	if content.err != nil {
		return nil, content.err
	}
	check, err := newChecker()
	if err != nil {
		return nil, err
	}
	f := &File{path: path, check: check, opened: content.mark()}
	cfg, err := f.parse(content)
	if err != nil {
		return nil, err
	}
	f.running.Store(cfg)
	return f, nil
}

// Config returns the configuration that runs: it is only to be read. It is safe
// for concurrent use.
func (f *File) Config() *configv1.Config { return f.running.Load() }

// parse returns the configuration that content is, with its defaults. Once there is
// one that runs, what needs a restart is among the problems.
func (f *File) parse(content content) (*configv1.Config, error) {
	if content.err != nil {
		return nil, content.err
	}
	cfg, problems := parse(content.data, checker{f.check.schema, f.Config()})
	if len(problems) > 0 {
		return nil, problems.in(f.path)
	}
	fillDefaults(cfg)
	return cfg, nil
}

// A content is what a look at the file found.
type content struct {
	data []byte
	err  error
}

func look(path string) content {
	data, err := readFile(path, maxFileBytes)
	if err != nil {
		return content{err: fmt.Errorf("reading the configuration: %w", err)}
	}
	return content{data: data}
}

// A mark tells one content from another. Times and sizes would not: they miss a
// symlink that is swapped, and file systems have coarse times.
type mark struct {
	hash [sha256.Size]byte
	err  string
}

func (c content) mark() mark {
	if c.err != nil {
		return mark{err: c.err.Error()}
	}
	return mark{hash: sha256.Sum256(c.data)}
}
