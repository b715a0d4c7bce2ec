// Command go is an example: it creates a connection through connsvc, reads it
// back and deletes it, as a service would. Run `connsvc dev` beside it.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

func main() {
	address := flag.String("address", "127.0.0.1:9090", "connsvc's gRPC `address`")
	flag.Parse()
	if err := run(context.Background(), *address); err != nil {
		explain(err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	client := connsvcv1.NewConnectionServiceClient(conn)

	const project = "48cc2c48765f481480c7db940d6409d1"
	created, err := client.CreateEnhancedConnection(ctx, &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:     project,
		Name:          fmt.Sprintf("example_%d", time.Now().Unix()),
		DestVpcId:     "22094d8f-c310-4621-913d-4c4d655d8495",
		DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
		Hosts:         []*connsvcv1.Host{{Name: "ecs-97f8-0001", Ip: "192.168.0.1"}},
		// A create that ends without an answer is repeated with the same one.
		RequestId: uuid.NewString(),
	})
	if err != nil {
		return err
	}
	id := created.GetConnectionId()
	connection, err := client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	if err != nil {
		return err
	}
	fmt.Printf("%s is %s since %v\n", connection.GetName(), connection.GetStatus(), connection.GetCreateTime().AsTime())
	_, err = client.DeleteEnhancedConnection(ctx, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	return err
}

// explain prints what an error of connsvc says: its reason is for programs, its
// violations and links are for people.
func explain(err error) {
	st := status.Convert(err)
	log.Printf("%s: %s", st.Code(), st.Message())
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			log.Printf("reason %s %v", d.GetReason(), d.GetMetadata())
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				log.Printf("field %s: %s", v.GetField(), v.GetDescription())
			}
		case *errdetails.RetryInfo:
			log.Printf("repeat after %v", d.GetRetryDelay().AsDuration())
		case *errdetails.Help:
			log.Printf("see %s", d.GetLinks()[0].GetUrl())
		}
	}
}
