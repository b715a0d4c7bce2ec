package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Run prints the version, the Go release and the revision.
func (versionCommand) Run(p *process) error { //nolint:unparam // the form of a command
	fmt.Fprintln(p.stdout, versionLine())
	return nil
}

func versionLine() string { return fmt.Sprintf("connsvc %s %s", version(), runtime.Version()) }

// linkedVersion is set by the linker in a release: -X main.linkedVersion=v1.2.3.
var linkedVersion string

// version returns the release, else the revision it was built from.
func version() string {
	if linkedVersion != "" {
		return linkedVersion
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}
