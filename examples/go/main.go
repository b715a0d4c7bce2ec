// Command go is an example: it creates a connection through connsvc, waits until its queue
// can use it and deletes it, as a service would. Run `connsvc dev` beside it.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/connsvc/connsvc/gen/go/connsvc"
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
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	client, err := connsvc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()

	const project = "48cc2c48765f481480c7db940d6409d1"
	created, err := client.Create(ctx, &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:     project,
		Name:          fmt.Sprintf("example_%d", time.Now().Unix()),
		DestVpcId:     "22094d8f-c310-4621-913d-4c4d655d8495",
		DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
		Queues:        []string{"q1"},
		Hosts:         []*connsvcv1.Host{{Name: "ecs-97f8-0001", Ip: "192.168.0.1"}},
	})
	if err != nil {
		return err
	}
	id := created.GetConnectionId()
	connection, err := client.WaitActive(ctx, project, id)
	if err != nil {
		return err
	}
	fmt.Printf("%s is %s since %v\n", connection.GetName(), connection.GetStatus(), connection.GetCreateTime().AsTime())
	_, err = client.DeleteEnhancedConnection(ctx, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	return err
}

// explain prints what an error of connsvc says: its reason is for programs, its violations
// are for people.
func explain(err error) {
	log.Printf("%v: %v", connsvc.Reason(err), err)
	for _, v := range connsvc.Violations(err) {
		log.Printf("field %s: %s", v.Field, v.Description)
	}
	if wait, ok := connsvc.RetryAfter(err); ok {
		log.Printf("retry after %v", wait)
	}
}
