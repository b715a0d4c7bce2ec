package compat_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"
)

// A process is a running connsvc.
type process struct {
	cmd            *exec.Cmd
	stdout, stderr *output
	exited         chan struct{}
	err            error // the exit status; read after exited
}

// start starts connsvc in dir.
func start(dir string, args ...string) (*process, error) {
	p := &process{
		cmd:    exec.Command(binary, args...),
		stdout: &output{changed: make(chan struct{})},
		stderr: &output{changed: make(chan struct{})},
		exited: make(chan struct{}),
	}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p.stdout, p.stderr
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting connsvc: %w", err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// stop sends SIGTERM. An exit status other than 0 is an error.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stopping connsvc: %w", err)
	}
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		killed := p.cmd.Process.Kill()
		<-p.exited
		return errors.Join(fmt.Errorf("connsvc did not stop within %v of SIGTERM", stopTimeout), killed)
	}
	if p.err != nil {
		return fmt.Errorf("connsvc ended with %w", p.err)
	}
	return nil
}

// An output collects the output of a process.
type output struct {
	mu      sync.Mutex
	text    []byte
	changed chan struct{} // closed when text grows
}

// Write appends output of the process.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, p...)
	close(o.changed)
	o.changed = make(chan struct{})
	return len(p), nil
}

// String returns the output so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.text)
}

// await waits until the output matches, and returns the first group.
func (o *output) await(ctx context.Context, exited <-chan struct{}, pattern string) (string, error) {
	re := regexp.MustCompile(pattern)
	for {
		o.mu.Lock()
		found, changed := re.FindSubmatch(o.text), o.changed
		o.mu.Unlock()
		if found != nil {
			return string(found[1]), nil
		}
		select {
		case <-changed:
		case <-exited:
			return "", fmt.Errorf("connsvc ended before it wrote %s", pattern)
		case <-ctx.Done():
			return "", fmt.Errorf("waiting for connsvc to write %s: %w", pattern, ctx.Err())
		}
	}
}
