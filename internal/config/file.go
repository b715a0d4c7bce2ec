package config

import (
	"crypto/sha256"
	"fmt"
	"sync/atomic"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

// A File is a configuration file and the active configuration. Watch reloads it.
type File struct {
	path   string
	schema checker
	opened [sha256.Size]byte // hash of the content that Open read
	active atomic.Pointer[configv1.Config]
}

// Open loads the configuration file at path, as Load does.
func Open(path string) (*File, error) {
	f := &File{path: path}
	content := f.read()
	if content.Err != nil {
		return nil, content.Err
	}
	var err error
	if f.schema, err = newChecker(); err != nil {
		return nil, err
	}
	cfg, err := f.parse(content)
	if err != nil {
		return nil, err
	}
	f.opened = content.Sum
	f.active.Store(cfg)
	return f, nil
}

// Config returns the active configuration, which must not be modified. It is safe
// for concurrent use.
func (f *File) Config() *configv1.Config { return f.active.Load() }

func (f *File) read() watch.Content {
	content := watch.Read(maxFileBytes, f.path)
	if content.Err != nil {
		content.Err = fmt.Errorf("reading the configuration: %w", content.Err)
	}
	return content
}

// parse returns the configuration in content, with its defaults. While a
// configuration is active, changes that need a restart are errors.
func (f *File) parse(content watch.Content) (*configv1.Config, error) {
	if content.Err != nil {
		return nil, content.Err
	}
	cfg, problems := parse(content.Files[0], checker{f.schema.schema, f.Config()})
	if len(problems) > 0 {
		return nil, problems.in(f.path)
	}
	fillDefaults(cfg)
	return cfg, nil
}
