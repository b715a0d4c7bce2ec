package cli

import (
	"fmt"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// testInterval is the time between two looks at a test that runs.
const testInterval = time.Second

type testCommand struct {
	Queue   string `arg:"" help:"Name of the queue."`
	Address string `arg:"" name:"host:port" help:"What the queue must reach: an IPv4 address or a domain name, and a port."`
	output
}

// Run tests whether a queue reaches an address.
func (c *testCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	progress := s.progress("testing whether %s reaches %s", c.Queue, c.Address)
	defer progress.stop()
	ctx, cancel := s.call()
	defer cancel()
	started, err := s.client.CreateConnectivityTest(ctx, &connsvcv1.CreateConnectivityTestRequest{ProjectId: s.project, QueueName: c.Queue, Address: c.Address})
	if err != nil {
		return fmt.Errorf("testing from queue %q: %w", c.Queue, err)
	}
	result := ""
	for interval := testInterval / 4; result == ""; interval = min(2*interval, testInterval) {
		test, err := s.client.GetConnectivityTest(ctx, &connsvcv1.GetConnectivityTestRequest{ProjectId: s.project, QueueName: c.Queue, TaskId: started.GetTaskId()})
		if err != nil {
			return fmt.Errorf("getting the result of test %d from queue %q: %w", started.GetTaskId(), c.Queue, err)
		}
		if result = test.GetConnectivity(); result == "" {
			sleep(ctx, interval)
		}
	}
	progress.stop()
	test := &connsvcv1.AddressTest{Queue: c.Queue, Address: c.Address, Reachable: result == validation.Reachable, Result: result}
	if c.Output == formatTable {
		fmt.Fprintf(s.Stdout, "%s %s: %s\n", clean(c.Queue), clean(c.Address), clean(result))
	} else if err := s.printMessage(c.Output, test); err != nil {
		return err
	}
	if !test.GetReachable() {
		return &ExitError{ExitNotReached, fmt.Errorf("queue %q does not reach %s: check that its peering is ACTIVE, and the security group and routes of the VPC", c.Queue, c.Address)}
	}
	return nil
}
