// Package cli has the commands for people: connsvc connections. They call a connsvc over
// gRPC, take a connection's name where an ID is, and print tables, or JSON and YAML for
// programs. Standard output is data, standard error is messages. The package does not touch
// the process: it gets a Process, and returns errors with an exit status.
package cli

import (
	"context"
	"fmt"
	"io"
)

// The exit statuses beside 0 and 1.
const (
	// ExitDifferent is for a diff that found a difference.
	ExitDifferent = 2
	// ExitNotReached is for a wait that did not end with READY, and a test whose address is
	// not reachable.
	ExitNotReached = 3
	// ExitUsage is EX_USAGE of sysexits: a wrong command line.
	ExitUsage = 64
	// ExitConfig is EX_CONFIG of sysexits: a wrong file of contexts, or a file that it names.
	ExitConfig = 78
)

// ExitHelp documents the exit statuses.
const ExitHelp = `Exit status: 0 success; 1 failure; 2 diff found a difference; 3 wait or test did not reach what was
asked for; 64 wrong command line; 78 wrong file of contexts, or a file that it names cannot be used.`

// A Process is what the commands use of the process they run in.
type Process struct {
	Ctx            context.Context // ends when the user interrupts the command
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Terminal       bool // Stderr is a terminal
}

// An ExitError is an error with an exit status. Err is nil if all was printed.
type ExitError struct {
	Status int
	Err    error
}

// Error returns the text of Err.
func (e *ExitError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit status %d", e.Status)
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

func usageError(format string, args ...any) error {
	return &ExitError{ExitUsage, fmt.Errorf(format, args...)}
}

func configError(err error) error { return &ExitError{ExitConfig, err} }

// Connections is the command "connections" with the flags of all its commands.
type Connections struct {
	Flags

	List   listCommand   `cmd:"" help:"List the connections of a project."`
	Get    getCommand    `cmd:"" help:"Show a connection."`
	Create createCommand `cmd:"" help:"Create a connection."`
	Apply  applyCommand  `cmd:"" help:"Make connections as a file wants them."`
	Diff   diffCommand   `cmd:"" help:"Show how connections differ from a file."`
	Wait   waitCommand   `cmd:"" help:"Wait until a connection can be used."`
	Watch  watchCommand  `cmd:"" help:"Print the connections of a project and their changes."`
	Test   testCommand   `cmd:"" help:"Test whether a queue reaches an address."`
	Hosts  hostsCommands `cmd:"" help:"Work with the hosts of a connection."`
	Delete deleteCommand `cmd:"" help:"Delete connections."`
}

// Help documents what all commands share.
func (*Connections) Help() string {
	return "A connection is given by its name or its ID. Flags precede the environment, which precedes the context.\n\n" + ExitHelp
}
