package server_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// logs are the lines that a server wrote.
type logs struct {
	mu      sync.Mutex
	text    bytes.Buffer
	written chan struct{} // closed and made anew with each write
}

func newLogs() *logs { return &logs{written: make(chan struct{})} }

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.written)
	l.written = make(chan struct{})
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A line is a log line.
type line map[string]any

func (l *logs) lines(t *testing.T) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(l.String()) {
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatalf("log line %q: %v", text, err)
		}
		all = append(all, one)
	}
	return all
}

// await returns the one line with this message and request ID.
func (l *logs) await(t *testing.T, message, requestID string) line {
	t.Helper()
	deadline := time.After(patience)
	for {
		l.mu.Lock()
		written := l.written
		l.mu.Unlock()
		for _, one := range l.lines(t) {
			if one["msg"] == message && one["request_id"] == requestID {
				return one
			}
		}
		select {
		case <-written:
		case <-deadline:
			t.Fatalf("no %q line of request %q in:\n%s", message, requestID, l)
		}
	}
}
