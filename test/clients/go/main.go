// Command go plays the scenes in Go, as a module that needs the client alone.
package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/connsvc/connsvc/gen/go/connsvc"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const project = "48cc2c48765f481480c7db940d6409d1"

var client *connsvc.Client

func main() {
	log.SetFlags(log.Lshortfile)
	var err error
	client, err = connsvc.NewClient(os.Getenv("CONNSVC_GRPC"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(err)
	defer client.Close()
	for _, scene := range []struct {
		name string
		play func(context.Context)
	}{
		{"lifecycle", lifecycle},
		{"waiting", waiting},
		{"hosts", hosts},
		{"violations", violations},
		{"deadline", deadline},
		{"retry", retry},
		{"outcome", outcome},
		{"tls", tlsAndToken},
		{"watch", watch},
	} {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		scene.play(ctx)
		cancel()
		fmt.Println("ok", scene.name)
	}
}

func lifecycle(ctx context.Context) {
	created, err := client.Create(ctx, request("lifecycle", "q1"))
	must(err)
	id := created.GetConnectionId()
	connection, err := client.WaitActive(ctx, project, id)
	must(err)
	check(connection.GetAvailableQueueInfo()[0].GetStatus() == connsvcv1.Peering_ACTIVE, connection)
	for i := range 2 {
		_, err = client.Create(ctx, request("lifecycle"+strconv.Itoa(i)))
		must(err)
	}
	listed, limit := 0, int32(2)
	for connection, err := range client.All(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: &limit}) {
		must(err)
		check(connection.GetCreateTime().IsValid(), connection)
		listed++
	}
	check(listed == 3, listed)
	_, err = client.AssociateQueues(ctx, &connsvcv1.AssociateQueuesRequest{ProjectId: project, ConnectionId: id, Queues: []string{"q2"}})
	must(err)
	_, err = client.WaitActive(ctx, project, id)
	must(err)
	_, err = client.DisassociateQueues(ctx, &connsvcv1.DisassociateQueuesRequest{ProjectId: project, ConnectionId: id, Queues: []string{"q2"}})
	must(err)
	_, err = client.CreateRoute(ctx, &connsvcv1.CreateRouteRequest{ProjectId: project, ConnectionId: id, Name: "r1", Cidr: "192.168.2.0/24"})
	must(err)
	_, err = client.DeleteRoute(ctx, &connsvcv1.DeleteRouteRequest{ProjectId: project, ConnectionId: id, Name: "r1"})
	must(err)
	_, err = client.DeleteEnhancedConnection(ctx, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	must(err)
	_, err = client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	check(connsvc.Reason(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, err)
}

func waiting(ctx context.Context) {
	created, err := client.Create(ctx, request("waiting", "q1"))
	must(err)
	id := created.GetConnectionId()
	short := &connsvcv1.WaitEnhancedConnectionRequest{ProjectId: project, ConnectionId: id, Timeout: durationpb.New(100 * time.Millisecond)}
	resp, err := client.WaitEnhancedConnection(ctx, short)
	must(err)
	check(resp.GetReached() == connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT, resp)
	connection, err := client.WaitActive(ctx, project, id)
	must(err)
	check(connection.GetName() == "waiting" && connection.GetAvailableQueueInfo()[0].GetStatus() == connsvcv1.Peering_ACTIVE, connection)
	_, err = client.DeleteEnhancedConnection(ctx, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	must(err)
	_, err = client.WaitActive(ctx, project, id)
	check(connsvc.Reason(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, err)
}

// watch sees a new connection, and after a resume_token only what is newer.
func watch(ctx context.Context) {
	token := ""
	for event, err := range client.Watch(ctx, &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: project}) {
		must(err)
		if event.GetType() == connsvcv1.WatchEnhancedConnectionsResponse_SYNCED {
			token = event.GetResumeToken()
			break
		}
	}
	created, err := client.Create(ctx, request("watched"))
	must(err)
	for event, err := range client.Watch(ctx, &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: project, ResumeToken: token}) {
		must(err)
		if event.GetType() == connsvcv1.WatchEnhancedConnectionsResponse_ADDED {
			check(event.GetConnection().GetId() == created.GetConnectionId(), event)
			return
		}
	}
}

func hosts(ctx context.Context) {
	req := request("hosts")
	for i := range 20000 {
		req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: fmt.Sprintf("host-%d", i), Ip: fmt.Sprintf("10.0.%d.%d", i/250, i%250)})
	}
	created, err := client.Create(ctx, req)
	must(err)
	connection, err := client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: created.GetConnectionId()})
	must(err)
	check(len(connection.GetHosts()) == 20000, len(connection.GetHosts()))
	for i, h := range connection.GetHosts() {
		check(h.GetName() == req.GetHosts()[i].GetName() && h.GetIp() == req.GetHosts()[i].GetIp(), h)
	}
}

func violations(ctx context.Context) {
	req := request("not valid")
	for range 30 {
		req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: "h", Ip: "300.1.1.1"})
	}
	_, err := client.CreateEnhancedConnection(ctx, req)
	check(connsvc.Reason(err) == connsvcv1.ErrorReason_VALIDATION_FAILED, err)
	all := connsvc.Violations(err)
	check(len(all) == 25 && all[0] == connsvc.Violation{Field: "name", Rule: "CONNECTION_NAME", Description: "must be 1 to 64 letters, digits or underscores"}, all)
	check(all[1].Field == "hosts[0].ip" && all[1].Rule == "STRING_IPV4", all[1])
}

func deadline(ctx context.Context) {
	faults(`{"operation":"GetEnhancedConnection","times":1,"fault":{"kind":"hang"}}`)
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := get(ctx)
	check(status.Code(err) == codes.DeadlineExceeded, err)
}

const throttled = `{"operation":"%s","times":1,"fault":{"kind":"status","status":429,"retry_after":"6s"}}`

func retry(ctx context.Context) {
	faults(fmt.Sprintf(throttled, "CreateEnhancedConnection"))
	_, err := client.CreateEnhancedConnection(ctx, request("retry"))
	wait, told := connsvc.RetryAfter(err)
	check(status.Code(err) == codes.Unavailable && told && wait == 6*time.Second, err)

	faults(fmt.Sprintf(throttled, "CreateEnhancedConnection"))
	start := time.Now()
	_, err = client.Create(ctx, request("retry"))
	must(err)
	check(time.Since(start) >= wait, time.Since(start))

	// gRPC's own retry.
	faults(fmt.Sprintf(throttled, "GetEnhancedConnection"))
	start = time.Now()
	_, err = get(ctx)
	check(connsvc.Reason(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, err)
	check(time.Since(start) >= wait, time.Since(start))
}

func outcome(ctx context.Context) {
	faults(`{"operation":"CreateEnhancedConnection","times":1,"fault":{"kind":"slow_list","delay":"5s"}},
		{"operation":"CreateEnhancedConnection","times":1,"fault":{"kind":"drop_answer"}}`)
	req := request("outcome")
	req.RequestId = "5f0a1c3e-8d0b-4a57-9e0c-0d1f2a3b4c5d"
	short, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	_, err := client.CreateEnhancedConnection(short, req)
	check(connsvc.Reason(err) == connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, err)
	created, err := client.Create(ctx, req)
	must(err)
	check(created.GetReconciled(), created)
}

func tlsAndToken(ctx context.Context) {
	ca, err := os.ReadFile(os.Getenv("CONNSVC_CA"))
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	trust := grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: roots}))
	for token, wanted := range map[string]connsvcv1.ErrorReason{
		os.Getenv("CONNSVC_TOKEN"): connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, "wrong": connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED,
	} {
		client, err = connsvc.NewClient(os.Getenv("CONNSVC_TLS"), trust, connsvc.WithToken(token))
		must(err)
		_, err = get(ctx)
		check(connsvc.Reason(err) == wanted, err)
	}
}

func get(ctx context.Context) (*connsvcv1.EnhancedConnection, error) {
	return client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{
		ProjectId: project, ConnectionId: "00000000-0000-4000-8000-000000000000",
	})
}

func request(name string, queues ...string) *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: project, Name: name, Queues: queues,
		DestVpcId: "22094d8f-c310-4621-913d-4c4d655d8495", DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
	}
}

// faults replaces the rules of the embedded DLI.
func faults(rules string) {
	req, err := http.NewRequest(http.MethodPut, os.Getenv("CONNSVC_EMULATOR")+"/_emulator/faults", bytes.NewBufferString(`{"rules":[`+rules+`]}`))
	must(err)
	resp, err := http.DefaultClient.Do(req)
	must(err)
	defer resp.Body.Close()
	var answer struct{ Error string }
	must(json.NewDecoder(resp.Body).Decode(&answer))
	check(answer.Error == "", answer.Error)
}

func must(err error) {
	if err != nil {
		_ = log.Output(2, err.Error())
		os.Exit(1)
	}
}

func check(ok bool, got any) {
	if !ok {
		_ = log.Output(2, fmt.Sprint("got ", got))
		os.Exit(1)
	}
}
