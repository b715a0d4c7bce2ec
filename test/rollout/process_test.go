package rollout_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	startTimeout = 30 * time.Second
	// stopTimeout is longer than any drain delay and shutdown.timeout here.
	stopTimeout = 30 * time.Second
	keptLines   = 20
)

// A process is a running connsvc.
type process struct {
	name    string
	cmd     *exec.Cmd
	started time.Time // before exec
	exited  chan struct{}
	err     error    // the exit status; read after exited
	last    []string // the last warnings and errors; read after exited
}

// start starts connsvc and waits for a line of its output that ready accepts.
func start(name string, ready func(line string) bool, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(binary, args...), exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "DLI_TOKEN=a-token")
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	p.started = time.Now()
	err = p.cmd.Start()
	writer.Close()
	if err != nil {
		reader.Close()
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	listening := make(chan struct{})
	go p.follow(reader, ready, listening)
	select {
	case <-listening:
		return p, nil
	case <-p.exited:
		return nil, fmt.Errorf("%s ended before it listened: %w\n%s", name, p.err, strings.Join(p.last, "\n"))
	case <-time.After(startTimeout):
		return nil, errors.Join(fmt.Errorf("%s did not listen within %v", name, startTimeout), p.kill())
	}
}

// follow reads the output of the process until it ends.
func (p *process) follow(output io.ReadCloser, ready func(line string) bool, listening chan struct{}) {
	defer close(p.exited)
	defer output.Close()
	lines, seen := bufio.NewReader(output), false
	for {
		line, err := lines.ReadString('\n')
		switch {
		case err != nil:
			p.err = p.cmd.Wait()
			return
		case !seen && ready(line):
			seen = true
			close(listening)
		case !strings.Contains(line, `"level":"INFO"`):
			p.last = append(p.last[max(0, len(p.last)-keptLines+1):], strings.TrimSpace(line))
		}
	}
}

// stop sends SIGTERM and returns the time until the process has ended. An exit status
// other than 0 is an error.
func (p *process) stop() (time.Duration, error) {
	asked := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, fmt.Errorf("stopping %s: %w", p.name, err)
	}
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		return 0, errors.Join(fmt.Errorf("%s did not stop within %v of SIGTERM", p.name, stopTimeout), p.kill())
	}
	if p.err != nil {
		return 0, fmt.Errorf("%s ended with %w\n%s", p.name, p.err, strings.Join(p.last, "\n"))
	}
	return time.Since(asked), nil
}

func (p *process) kill() error {
	err := p.cmd.Process.Kill()
	<-p.exited
	return err
}
