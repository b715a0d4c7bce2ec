package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

type callCommand struct {
	Method  string `arg:"" complete:"rpc" help:"The RPC, as in ListEnhancedConnections."`
	Request string `arg:"" optional:"" name:"json" default:"{}" help:"The request as JSON; - reads it from standard input. Without a project_id it is for that of --project."`
	cli.Flags
}

// Help lists the RPCs.
func (*callCommand) Help() string {
	var help strings.Builder
	help.WriteString("RPCs:\n")
	for m := range methods() {
		fmt.Fprintf(&help, "  %s\n", m.Name())
	}
	return help.String()
}

// Run sends one call and prints the response as JSON, or each response of a stream.
func (c *callCommand) Run(p *process) error {
	method, request, err := c.parse(p)
	if err != nil {
		return err
	}
	target, err := c.Dial(p.people())
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	setProject(request, target.Project)
	ctx, cancel := context.WithTimeout(p.ctx, target.Timeout)
	defer cancel()
	response, err := newMessage(method.Output())
	if err != nil {
		return err
	}
	path := fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
	if method.IsStreamingServer() {
		return printStream(ctx, target, path, request, response, p.stdout)
	}
	if err := target.Invoke(ctx, path, request, response); err != nil {
		return err // printed with its details
	}
	return cli.PrintJSON(p.stdout, response)
}

// setProject sets the project of a request that names none.
func setProject(request proto.Message, project string) {
	m := request.ProtoReflect()
	if field := m.Descriptor().Fields().ByName("project_id"); project != "" && field != nil && !m.Has(field) {
		m.Set(field, protoreflect.ValueOfString(project))
	}
}

// printStream prints the responses of a stream as they come. Once there is one, --timeout and
// Ctrl-C end it without an error.
func printStream(ctx context.Context, conn grpc.ClientConnInterface, path string, request, response proto.Message, w io.Writer) error {
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, path)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(request); err != nil && !errors.Is(err, io.EOF) { // RecvMsg has the error of an EOF
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	received := false
	for {
		if err = stream.RecvMsg(response); err != nil {
			break
		}
		received = true
		if err := cli.PrintJSON(w, response); err != nil {
			return err
		}
	}
	if received && ctx.Err() != nil || errors.Is(err, io.EOF) {
		err = nil
	}
	return err
}

// parse returns the RPC and its request.
func (c *callCommand) parse(p *process) (protoreflect.MethodDescriptor, proto.Message, error) {
	name := c.Method[strings.LastIndexAny(c.Method, "/.")+1:] // also in grpcurl's form
	var method protoreflect.MethodDescriptor
	for m := range methods() {
		if string(m.Name()) == name {
			method = m
		}
	}
	if method == nil {
		return nil, nil, fmt.Errorf("%w: no RPC %q; \"connsvc call --help\" lists them", errUsage, c.Method)
	}
	request, err := newMessage(method.Input())
	if err != nil {
		return nil, nil, err
	}
	text := []byte(c.Request)
	if c.Request == "-" {
		if text, err = io.ReadAll(p.stdin); err != nil {
			return nil, nil, fmt.Errorf("reading the request: %w", err)
		}
	}
	if err := protojson.Unmarshal(text, request); err != nil {
		return nil, nil, fmt.Errorf("%w: the request is not a %s: %w", errUsage, method.Input().Name(), err)
	}
	return method, request, nil
}

// methods yields the RPCs of the contract.
func methods() func(yield func(protoreflect.MethodDescriptor) bool) {
	return func(yield func(protoreflect.MethodDescriptor) bool) {
		all := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
		for i := range all.Len() {
			if !yield(all.Get(i)) {
				return
			}
		}
	}
}

func newMessage(md protoreflect.MessageDescriptor) (proto.Message, error) {
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		return nil, err
	}
	return mt.New().Interface(), nil
}
