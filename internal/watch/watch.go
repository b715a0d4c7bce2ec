// Package watch reads files, and again to report changed content. It compares content,
// not times and sizes: file systems have coarse times, and Kubernetes updates a
// mounted file by replacing a symlink. Between two readings it keeps a hash only, so
// that no secret stays in memory.
package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

const (
	// settleTime is how long changed content must stay the same before it is used.
	// A file may be half written, and a certificate may have come without its key.
	settleTime = time.Second
	// maxReadings limits how often Consistent reads.
	maxReadings = 4
)

// A Content is what files contained at one moment, or why it cannot be read.
type Content struct {
	Files [][]byte // in the order of the paths; nil for an empty path
	Err   error
	Sum   [sha256.Size]byte // hash of Files and Err
}

// Path returns the path of a file that a configuration names: a relative one starts at
// dir, and none stays empty.
func Path(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// Read reads files of at most limit bytes each. Err joins the errors of all.
func Read(limit int64, paths ...string) Content {
	c := Content{Files: make([][]byte, len(paths))}
	errs := make([]error, len(paths))
	sum := sha256.New()
	for i, path := range paths {
		if path != "" {
			c.Files[i], errs[i] = ReadFile(path, limit)
		}
		fmt.Fprintf(sum, "%d %v ", len(c.Files[i]), errs[i])
		sum.Write(c.Files[i])
	}
	sum.Sum(c.Sum[:0])
	c.Err = errors.Join(errs...)
	return c
}

// ReadFile reads a file of at most limit bytes.
func ReadFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readAll(file, path, limit)
}

func readAll(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: larger than %d bytes", name, limit)
	}
	return data, nil
}

// ArgumentName returns the name of a file of the command line in messages: "-" is standard
// input.
func ArgumentName(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}

// ReadArgument reads a file of the command line, or standard input, of at most limit bytes.
func ReadArgument(path string, stdin io.Reader, limit int64) ([]byte, error) {
	if path == "-" {
		return readAll(stdin, ArgumentName(path), limit)
	}
	return ReadFile(path, limit)
}

// Consistent reads until two readings in a row agree, four times at most, so that
// files which are replaced between two of the reads do not give half of each. It is
// for those who cannot wait for content to settle.
func Consistent[T comparable](read func() (T, error)) (T, error) {
	last, err := read()
	for range maxReadings - 1 {
		next, nextErr := read()
		if nextErr == nil && err == nil && next == last {
			break
		}
		last, err = next, nextErr
	}
	return last, err
}

// A Watcher reads files again until their content changes. Signals may be nil.
type Watcher struct {
	Read func() Content
	// Interval returns the time until the next reading; 0: not before a signal.
	Interval func() time.Duration
	// Signals has the files read and Changed called at once.
	Signals <-chan os.Signal
	// Changed gets content that is new and has settled. If it returns true, it gets
	// the content after the next reading again, even if it is the same.
	Changed func(c Content, signalled bool) (again bool)
}

// Run watches until ctx ends, even if a reading hangs. known is the hash of the content in
// use.
func (w Watcher) Run(ctx context.Context, known [sha256.Size]byte) {
	seen, again := known, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.Signals:
			c, ok := w.read(ctx)
			if !ok {
				return
			}
			known, seen = c.Sum, c.Sum
			again = w.Changed(c, true)
		case <-w.next(seen != known):
			c, ok := w.read(ctx)
			if !ok {
				return
			}
			settled := c.Sum == seen
			seen = c.Sum
			if settled && (seen != known || again) {
				known = seen
				again = w.Changed(c, false)
			}
		}
	}
}

// read reads the files on a goroutine of its own. It returns false when ctx ends first.
func (w Watcher) read(ctx context.Context) (Content, bool) {
	read := make(chan Content, 1)
	go func() { read <- w.Read() }()
	select {
	case c := <-read:
		return c, true
	case <-ctx.Done():
		return Content{}, false
	}
}

// next returns a channel for the time of the next reading, nil for never.
func (w Watcher) next(unsettled bool) <-chan time.Time {
	interval := w.Interval()
	switch {
	case interval <= 0:
		return nil
	case unsettled:
		return time.After(min(interval, settleTime))
	default:
		return time.After(interval)
	}
}
