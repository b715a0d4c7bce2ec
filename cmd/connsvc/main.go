// Command connsvc is a gRPC and REST gateway for DLI enhanced datasource connections:
// the network links between DLI queues and a VPC.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kong"

	"github.com/connsvc/connsvc/internal/app"
)

// Exit statuses beside 0 and 1.
const (
	exitUsage  = 2
	exitConfig = 78 // EX_CONFIG of sysexits: the configuration is wrong
)

// memoryRatio is the share of the container's memory for Go's heap and stacks.
const memoryRatio = 0.9

// collectAt is the growth of the heap, in percent, that starts a collection, unless
// GOGC is set. The live heap is small and limited, so four times of it is too; near
// the memory limit collections start earlier.
const collectAt = 400

// process is a command's access to the process it runs in.
type process struct {
	ctx       context.Context // ends at SIGINT and SIGTERM
	stdout    io.Writer
	stderr    io.Writer
	lookupEnv func(string) (string, bool)
	// hangups returns a channel of SIGHUPs. Before that, and after forget, SIGHUP ends
	// the process.
	hangups func() (c <-chan os.Signal, forget func())
}

type commands struct {
	Dev         devCommand         `cmd:"" help:"Run the service with an embedded DLI, on loopback only, to try it."`
	Serve       serveCommand       `cmd:"" help:"Run the service with a configuration file."`
	Emulator    emulatorCommand    `cmd:"" help:"Run the embedded DLI alone."`
	Config      configCommands     `cmd:"" help:"Work with the configuration."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running connsvc whether it is ready: exit status 0 if so, 1 if not."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

func main() {
	// net/http writes bytes of an upstream's response to the standard logger, without
	// an alternative.
	log.SetOutput(io.Discard)
	// Near the container's limit the collector works harder, so that the kernel does not
	// kill the process. GOMEMLIMIT takes precedence.
	_, _ = memlimit.Set(memlimit.WithRatio(memoryRatio))
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(collectAt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(os.Args[1:], &process{
		ctx: ctx, stdout: os.Stdout, stderr: os.Stderr, lookupEnv: os.LookupEnv, hangups: hangups,
	}))
}

// hangups handles SIGHUP. Commands that do not call it end when their terminal closes.
func hangups() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1) // two pending signals are one
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// run runs the command that args name and returns the exit status.
func run(args []string, p *process) int {
	exited := -1
	parser, err := kong.New(&commands{},
		kong.Name("connsvc"),
		kong.Description("A gRPC and REST gateway for DLI enhanced datasource connections."),
		kong.UsageOnError(),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(status int) { exited = status }),
		kong.Bind(p),
	)
	if err != nil {
		fmt.Fprintln(p.stderr, "connsvc:", err)
		return 1
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help
		return exited
	}
	if err != nil {
		fmt.Fprintf(p.stderr, "connsvc: %v\nRun \"connsvc --help\" for the commands.\n", err)
		return exitUsage
	}
	switch err := command.Run(); {
	case err == nil:
		return 0
	case errors.Is(err, app.ErrConfig):
		fmt.Fprintln(p.stderr, "connsvc:", err)
		return exitConfig
	default:
		fmt.Fprintln(p.stderr, "connsvc:", err)
		return 1
	}
}
