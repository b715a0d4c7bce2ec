package main

import (
	"strings"
	"sync"
	"testing"
)

// lines is what a command wrote so far.
type lines struct {
	mu      sync.Mutex
	written *sync.Cond
	text    strings.Builder
}

func newLines() *lines {
	l := &lines{}
	l.written = sync.NewCond(&l.mu)
	return l
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.written.Broadcast()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// waitFor returns once text was written; the test's own time limit bounds it.
func (l *lines) waitFor(t *testing.T, text string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for !strings.Contains(l.text.String(), text) {
		l.written.Wait()
	}
}
