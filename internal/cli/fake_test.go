package cli_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alecthomas/kong"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

const (
	vpc     = "22094d8f-c310-4621-913d-4c4d655d8495"
	network = "78f2562a-36e4-4b39-95b9-f5aab22e1281"
	id1     = "00000000-0000-4000-8000-000000000001"
	id2     = "00000000-0000-4000-8000-000000000002"
)

// A fake is a connsvc that responds as a test says: to each call of an RPC the next of its
// responses, which are messages, streams of them (a []proto.Message) and errors. The last
// one stays.
type fake struct {
	address string

	mu        sync.Mutex
	responses map[string][]any
	requests  map[string][]proto.Message
	headers   []string // authorization and x-auth-token of all calls
}

// startFake starts a fake until the test ends.
func startFake(t *testing.T, options ...grpc.ServerOption) *fake {
	t.Helper()
	f := &fake{responses: make(map[string][]any), requests: make(map[string][]proto.Message)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.address = listener.Addr().String()
	server := grpc.NewServer(append(options, grpc.UnknownServiceHandler(f.handle), grpc.MaxRecvMsgSize(32<<20))...)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() { server.Stop(); <-served })
	return f
}

// on sets the responses of an RPC.
func (f *fake) on(rpc string, responses ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.responses[rpc] = responses
}

// calls returns the requests of an RPC so far.
func (f *fake) calls(rpc string) []proto.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[rpc]
}

func (f *fake) handle(_ any, stream grpc.ServerStream) error {
	path, _ := grpc.MethodFromServerStream(stream)
	rpc := path[strings.LastIndex(path, "/")+1:]
	method := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods().ByName(protoreflect.Name(rpc))
	input, err := protoregistry.GlobalTypes.FindMessageByName(method.Input().FullName())
	if err != nil {
		return err
	}
	request := input.New().Interface()
	if err := stream.RecvMsg(request); err != nil {
		return err
	}
	switch response := f.next(stream.Context(), rpc, request).(type) {
	case nil:
		return status.Errorf(codes.Unimplemented, "no response of %s is set", rpc)
	case proto.Message:
		return stream.SendMsg(response)
	case []any:
		for _, event := range response {
			if err, ok := event.(error); ok {
				return err
			}
			if err := stream.SendMsg(event); err != nil {
				return err
			}
		}
		return nil
	case error:
		return response
	default:
		return errors.New("the test sets a response of another type")
	}
}

func (f *fake) next(ctx context.Context, rpc string, request proto.Message) any {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests[rpc] = append(f.requests[rpc], request)
	md, _ := metadata.FromIncomingContext(ctx)
	f.headers = append(f.headers, strings.Join(append(md.Get("authorization"), md.Get("x-auth-token")...), " "))
	all := f.responses[rpc]
	if len(all) == 0 {
		return nil
	}
	if len(all) > 1 {
		f.responses[rpc] = all[1:]
	}
	return all[0]
}

// A result is what a command printed and returned.
type result struct {
	stdout, stderr string
	status         int
}

// A command runs commands with an environment.
type command struct {
	env      map[string]string
	stdin    string
	terminal bool
	full     bool // its standard output
	ctx      context.Context
}

// command returns a command that calls the fake for project p1.
func (f *fake) command(t *testing.T) *command {
	return &command{ctx: t.Context(), env: map[string]string{"CONNSVC_ADDRESS": f.address, "CONNSVC_PROJECT": "p1"}}
}

// full is a standard output without room.
type full struct{}

var errFull = errors.New("no space left on device")

func (full) Write([]byte) (int, error) { return 0, errFull }

// run runs "connsvc connections" with args.
func (c *command) run(t *testing.T, args ...string) result {
	t.Helper()
	var grammar struct {
		Connections cli.Connections `cmd:""`
	}
	var stdout, stderr bytes.Buffer
	process := &cli.Process{
		Ctx: c.ctx, Stdin: strings.NewReader(c.stdin), Stdout: &stdout, Stderr: &stderr, Terminal: c.terminal,
		LookupEnv: func(name string) (string, bool) { value, ok := c.env[name]; return value, ok },
	}
	if c.full {
		process.Stdout = full{}
	}
	parser, err := kong.New(&grammar, kong.Bind(process), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.Parse(append([]string{"connections"}, args...))
	if err != nil {
		return result{stderr: err.Error(), status: cli.ExitUsage}
	}
	err = parsed.Run()
	r := result{stdout: stdout.String(), stderr: stderr.String()}
	var exit *cli.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit):
		if r.status = exit.Status; exit.Err != nil {
			r.stderr += cli.Explain(err).Error()
		}
	default:
		r.status = 1
		r.stderr += cli.Explain(err).Error()
	}
	return r
}

// write writes a file into a folder of the test.
func write(t *testing.T, name, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// failure returns an error as connsvc sends it.
func failure(code codes.Code, reason connsvcv1.ErrorReason, text string, details ...protoadapt.MessageV1) error {
	return failureWith(code, reason, nil, text, details...)
}

// failureWith is failure with metadata.
func failureWith(code codes.Code, reason connsvcv1.ErrorReason, metadata map[string]string, text string, details ...protoadapt.MessageV1) error {
	st, err := status.New(code, text).WithDetails(append([]protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: reason.String(), Domain: "connsvc", Metadata: metadata}, &errdetails.RequestInfo{RequestId: "r1"},
	}, details...)...)
	if err != nil {
		return err
	}
	return st.Err()
}

// again returns an error that says when to call again.
func again(after int64) error {
	return failure(codes.Unavailable, connsvcv1.ErrorReason_OVERLOADED, "connsvc is shutting down: wait again",
		&errdetails.RetryInfo{RetryDelay: &durationpb.Duration{Nanos: int32(after)}})
}

// check compares with what is wanted, in order: each text of want must be in got.
func check(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
}
