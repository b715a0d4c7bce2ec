package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A process is a child whose processor time is measured.
type process struct{ cmd *exec.Cmd }

// startProcess starts cmd and waits until ready accepts a line of its standard error.
// Later lines are discarded.
func startProcess(cmd *exec.Cmd, ready func(line string) bool) (*process, error) {
	cmd.Env = append(os.Environ(), "BENCH_ID=bench", "BENCH_SECRET=bench")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stderr)
	var seen strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			cmd.Process.Kill()
			return nil, fmt.Errorf("%s did not start: %s", cmd.Path, seen.String())
		}
		if ready(line) {
			break
		}
		seen.WriteString(line)
	}
	go io.Copy(io.Discard, lines)
	return &process{cmd}, nil
}

func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	p.cmd.Wait()
}

// cpu returns the processor time of all threads so far, to the nanosecond.
func (p *process) cpu() (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no scheduler statistics of process %d: bench needs Linux", p.cmd.Process.Pid)
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}
