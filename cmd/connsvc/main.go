// Command connsvc is the front door to DLI enhanced datasource connections: a
// gRPC and REST service that checks every request and translates it into Data
// Lake Insight's REST API.
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

// memoryRatio is how much of the container's memory Go may take: the rest is for
// what Go does not count.
const memoryRatio = 0.9

// collectAt is how much the heap grows, in percent of what is in use, until it is
// collected; GOGC wins. What is in use is little and bounded, so that four times as
// much is too, and near the memory limit it is collected earlier.
const collectAt = 400

// process is what a command takes from the process it runs in.
type process struct {
	ctx       context.Context // ends at SIGINT and SIGTERM
	stdout    io.Writer
	stderr    io.Writer
	lookupEnv func(string) (string, bool)
	// hangups returns a channel of SIGHUPs, which end the process until it is called
	// and after forget is.
	hangups func() (c <-chan os.Signal, forget func())
}

type commands struct {
	Dev         devCommand         `cmd:"" help:"Run the service on its own embedded DLI, all on loopback: the way to try it."`
	Serve       serveCommand       `cmd:"" help:"Run the service as a configuration file says."`
	Emulator    emulatorCommand    `cmd:"" help:"Run the embedded DLI alone."`
	Config      configCommands     `cmd:"" help:"Work with the configuration."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running connsvc whether it is ready: exit status 0 if so, 1 if not."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

func main() {
	// net/http writes bytes of an upstream's answer to the standard logger, and
	// offers no other place for them.
	log.SetOutput(io.Discard)
	// The collector works harder near the limit of the container, instead of being
	// killed at it; GOMEMLIMIT wins. Where there is no limit, none is set.
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

// hangups takes SIGHUP from the terminal for the command that wants it: the others
// should end when their terminal closes.
func hangups() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1) // two that are not handled yet are one
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// run runs the command that args name and returns the exit status.
func run(args []string, p *process) int {
	exited := -1
	parser, err := kong.New(&commands{},
		kong.Name("connsvc"),
		kong.Description("The front door to DLI enhanced datasource connections."),
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
