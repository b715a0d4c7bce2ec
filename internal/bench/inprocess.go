package main

import (
	"bytes"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protojson"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/validation"
)

// sizes are the numbers of hosts of the comparisons.
var sizes = []int{2, 20000}

// createRequest is the seed's example with n hosts.
func createRequest(n int) *connsvcv1.CreateEnhancedConnectionRequest {
	req := &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:     projectID,
		Name:          "test",
		DestVpcId:     "22094d8f-c310-4621-913d-4c4d655d8495",
		DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
		Queues:        []string{"q1", "q2"},
	}
	for i := range n {
		req.Hosts = append(req.Hosts, &connsvcv1.Host{
			Name: fmt.Sprintf("ecs-97f8-%05d.example", i),
			Ip:   fmt.Sprintf("192.168.%d.%d", i/250%250, i%250),
		})
	}
	return req
}

// requestBody is createRequest(n) as a REST caller sends it.
func requestBody(n int) []byte {
	body, err := dlijson.AppendRequest(nil, createRequest(n), false, "project_id")
	must(err)
	return body
}

func codecRows(rounds int) []row {
	var rows []row
	for _, n := range sizes {
		req, body := createRequest(n), requestBody(n)
		rows = append(rows,
			compare(rounds, fmt.Sprintf("decode, %d hosts", n), "protojson", target(n, "0.33"),
				func() {
					must(dlijson.DecodeRequest(bytes.NewReader(body), new(connsvcv1.CreateEnhancedConnectionRequest), "project_id"))
				},
				func() { must(protojson.Unmarshal(body, new(connsvcv1.CreateEnhancedConnectionRequest))) }),
			compare(rounds, fmt.Sprintf("encode, %d hosts", n), "protojson", target(n, "0.33"),
				func() { _, err := dlijson.AppendRequest(nil, req, false, "project_id"); must(err) },
				func() { _, err := protojson.Marshal(req); must(err) }))
	}
	return rows
}

func validationRows(rounds int) []row {
	ours, err := validation.New()
	must(err)
	stock, err := protovalidate.New(protovalidate.WithMessages(&connsvcv1.CreateEnhancedConnectionRequest{}), protovalidate.WithDisableLazy())
	must(err)
	var rows []row
	for _, n := range sizes {
		req := createRequest(n)
		rows = append(rows, compare(rounds, fmt.Sprintf("validate, %d hosts", n), "protovalidate", target(n, "0.20"),
			func() { must(ours.Validate(req)) },
			func() { must(stock.Validate(req)) }))
	}
	return rows
}

// target is the ratio to reach, which is defined for many hosts only.
func target(n int, most string) string {
	if n < 1000 {
		return ""
	}
	return "at most " + most
}

// compare runs ours and theirs in turns.
func compare(rounds int, name, rival, target string, ours, theirs func()) row {
	ofOurs, ofTheirs := runsPerTurn(ours), runsPerTurn(theirs)
	var samples []sample
	for range rounds {
		samples = append(samples, sample{perRun(ofOurs, ours), perRun(ofTheirs, theirs)})
	}
	return compared(name, rival, target, samples)
}

// runsPerTurn returns how often f runs in a tenth of a second; it also warms f up.
func runsPerTurn(f func()) int {
	const turn = 100 * time.Millisecond
	for n := 1; ; n *= 2 {
		if took := perRun(n, f) * time.Duration(n); took > turn/2 {
			return max(1, int(time.Duration(n)*turn/took))
		}
	}
}

// perRun returns the processor time of f in all threads, with garbage collection.
func perRun(n int, f func()) time.Duration {
	runtime.GC()
	before := processorTime()
	for range n {
		f()
	}
	return (processorTime() - before) / time.Duration(n)
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
