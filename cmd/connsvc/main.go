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
	"slices"
	"strings"
	"syscall"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kong"

	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/cli"
	"github.com/connsvc/connsvc/internal/cli/completion"
)

// exitFailure is the exit status beside 0 and those of cli; exitHelp documents them all.
const exitFailure = 1

const exitHelp = `Exit status: 0 success; 1 failure at run time, as a port in use, a call that failed or not ready;
64 wrong command line; 78 wrong configuration: its file, a secret, a certificate, fault rules or OTEL_*.
"connections" has two more: 2 diff found a difference; 3 wait or test did not reach what was asked for.`

// errUsage marks errors of the command line that are found after it was parsed.
var errUsage = errors.New("wrong command line")

// memoryRatio is the share of the container's memory for Go's heap and stacks.
const memoryRatio = 0.9

// collectAt is the growth of the heap, in percent, that starts a collection, unless
// GOGC is set. The live heap is small and limited, so twice of it is too; near the memory
// limit collections start earlier.
const collectAt = 200

// process is a command's access to the process it runs in.
type process struct {
	name      string          // how the user calls this command
	ctx       context.Context // ends at SIGINT and SIGTERM
	stdin     io.Reader
	stdout    io.Writer
	stderr    io.Writer
	lookupEnv func(string) (string, bool)
	// hangups returns a channel of SIGHUPs. Before that, and after forget, SIGHUP ends
	// the process.
	hangups func() (c <-chan os.Signal, forget func())
	// terminal reports whether stderr is a terminal.
	terminal bool
}

// people returns what the commands for people use of p.
func (p *process) people() *cli.Process {
	return &cli.Process{Ctx: p.ctx, Stdin: p.stdin, Stdout: p.stdout, Stderr: p.stderr, LookupEnv: p.lookupEnv, Terminal: p.terminal}
}

type commands struct {
	Dev         devCommand         `cmd:"" help:"Run the service with an embedded DLI, on loopback only, to try it."`
	Serve       serveCommand       `cmd:"" help:"Run the service with a configuration file."`
	Emulator    emulatorCommand    `cmd:"" help:"Run the embedded DLI alone."`
	Connections cli.Connections    `cmd:"" help:"Work with connections through a running connsvc: tables, files, waiting."`
	Call        callCommand        `cmd:"" help:"Send one gRPC call to a running connsvc."`
	Config      configCommands     `cmd:"" help:"Work with the configuration."`
	Policy      policyCommands     `cmd:"" help:"Work with the policy."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running connsvc whether it is ready: exit status 0 if so, 1 if not."`
	Completion  completion.Command `cmd:"" help:"Complete command lines in bash, zsh and fish."`
	Version     versionCommand     `cmd:"" help:"Print the version."`

	PrintVersion kong.VersionFlag `name:"version" help:"Print the version."`
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
		ctx: ctx, name: commandName(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookupEnv: os.LookupEnv, hangups: hangups,
		terminal: isTerminal(os.Stderr),
	}))
}

// isTerminal also takes another character device for one, as /dev/null.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// commandName returns what starts this program again: dev prints it.
func commandName() string {
	if strings.Contains(os.Args[0], "/go-build") {
		return "go run ./cmd/connsvc"
	}
	return os.Args[0]
}

// hangups handles SIGHUP. Commands that do not call it end when their terminal closes.
func hangups() (<-chan os.Signal, func()) {
	c := make(chan os.Signal, 1) // two pending signals are one
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}

// run runs the command that args name and returns the exit status.
func run(args []string, p *process) int {
	bare, help := len(args) == 0, p.stdout
	if bare {
		help = p.stderr
	} else if args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	exited := -1
	parser, err := kong.New(&commands{},
		kong.Name("connsvc"),
		kong.Description("A gRPC and REST gateway for DLI enhanced datasource connections.\n\n"+exitHelp),
		kong.Vars{"version": versionLine()},
		kong.Writers(help, p.stderr),
		kong.Exit(func(status int) { exited = status }),
		kong.ExplicitGroups([]kong.Group{{Key: "connsvc", Title: "Which connsvc, and how:"}}),
		kong.Bind(p, p.people()),
	)
	if err != nil {
		fmt.Fprintln(p.stderr, "connsvc:", err)
		return exitFailure
	}
	command, err := parser.Parse(args)
	if exited >= 0 { // --help or --version
		return exited
	}
	if err != nil {
		var parse *kong.ParseError
		if errors.As(err, &parse) && bare {
			_ = parse.Context.PrintUsage(false)
		}
		fmt.Fprintf(p.stderr, "connsvc: %v\n%s\n", err, whereHelp(parse))
		return cli.ExitUsage
	}
	if err = command.Run(); err == nil {
		return 0
	}
	var exit *cli.ExitError
	if exited := errors.As(err, &exit); exited && exit.Err == nil {
		return exit.Status
	}
	fmt.Fprintln(p.stderr, "connsvc:", cli.Explain(err))
	switch {
	case exit != nil:
		return exit.Status
	case errors.Is(err, app.ErrConfig):
		return cli.ExitConfig
	case errors.Is(err, errUsage):
		return cli.ExitUsage
	default:
		return exitFailure
	}
}

// whereHelp says where the help for an error of the command line is; err can be nil.
func whereHelp(err *kong.ParseError) string {
	command, about := "connsvc", "the commands"
	if err != nil {
		for _, element := range err.Context.Path {
			if element.Command != nil {
				command, about = command+" "+element.Command.Name, "its usage"
			}
		}
	}
	return fmt.Sprintf("Run \"%s --help\" for %s.", command, about)
}
