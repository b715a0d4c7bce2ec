package grpcapi

import (
	"context"
	"net"
	"reflect"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
)

// TestStreamIsReadInParts fails when an upgrade of grpc-go changes what connsvc uses of its
// stream.
func TestStreamIsReadInParts(t *testing.T) {
	var stream grpc.ServerTransportStream
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		stream = grpc.ServerTransportStreamFromContext(s.Context())
		return nil
	}))
	l := bufconn.Listen(1 << 10)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	conn, err := grpc.NewClient("passthrough:///", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	call, err := conn.NewStream(t.Context(), &grpc.StreamDesc{}, "/service/Method")
	if err != nil {
		t.Fatal(err)
	}
	_ = call.RecvMsg(nil) // until the handler has returned
	conn.Close()
	server.Stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	got := reflect.TypeOf(stream)
	if got == nil {
		t.Fatal("grpc.ServerTransportStreamFromContext returns nothing: see docs/adr/0013-messages-in-parts.md")
	}
	wanted := reflect.TypeFor[messageStream]()
	for i := range wanted.NumMethod() {
		want := wanted.Method(i)
		if method, ok := got.MethodByName(want.Name); !ok {
			t.Errorf("grpc-go's %v has no %s%v: see docs/adr/0013-messages-in-parts.md", got, want.Name, want.Type)
		} else if have := reflect.ValueOf(stream).Method(method.Index).Type(); have != want.Type {
			t.Errorf("grpc-go's %v has %s%v, not %v: see docs/adr/0013-messages-in-parts.md", got, want.Name, have, want.Type)
		}
	}
}
