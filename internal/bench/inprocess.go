package main

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/validation"
)

// sizes are the numbers of hosts that each comparison is made for.
var sizes = []int{2, 20000}

// createRequest is the seed's example with n hosts.
func createRequest(n int) *connsvcv1.CreateEnhancedConnectionRequest {
	req := &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:     "48cc2c48765f481480c7db940d6409d1",
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

func codecRows() []row {
	var rows []row
	for _, n := range sizes {
		req, body := createRequest(n), requestBody(n)
		rows = append(rows,
			compare(fmt.Sprintf("decode, %d hosts", n), "protojson", "at most 0.33 at 20000",
				func() {
					must(dlijson.DecodeRequest(bytes.NewReader(body), new(connsvcv1.CreateEnhancedConnectionRequest), "project_id"))
				},
				func() { must(protojson.Unmarshal(body, new(connsvcv1.CreateEnhancedConnectionRequest))) }),
			compare(fmt.Sprintf("encode, %d hosts", n), "protojson", "at most 0.33 at 20000",
				func() { _, err := dlijson.AppendRequest(nil, req, false, "project_id"); must(err) },
				func() { _, err := protojson.Marshal(req); must(err) }))
	}
	return rows
}

func validationRows() []row {
	ours, err := validation.New()
	must(err)
	stock, err := protovalidate.New(protovalidate.WithMessages(&connsvcv1.CreateEnhancedConnectionRequest{}), protovalidate.WithDisableLazy())
	must(err)
	var rows []row
	for _, n := range sizes {
		req := proto.CloneOf(createRequest(n))
		rows = append(rows, compare(fmt.Sprintf("validate, %d hosts", n), "protovalidate", "at most 0.20 at 20000",
			func() { must(ours.Validate(req)) },
			func() { must(stock.Validate(req)) }))
	}
	return rows
}

// compare runs the two in turn, so that a change of the machine's speed meets both.
func compare(name, rival, target string, ours, theirs func()) row {
	const turns = 3
	var a, b []time.Duration
	for range turns {
		a = append(a, perRun(ours))
		b = append(b, perRun(theirs))
	}
	return row{name, show(median(a)), fmt.Sprintf("%s %s", rival, show(median(b))), ratio(median(a), median(b)), target}
}

func perRun(f func()) time.Duration {
	r := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			f()
		}
	})
	return r.T / time.Duration(r.N)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
