package main

import (
	"context"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestEmulatorWithDuplicateNames(t *testing.T) {
	const connection = `{"name":"c","dest_vpc_id":"v","dest_network_id":"n"}`
	for _, test := range []struct {
		args []string
		want int // the status of the second create
	}{
		{nil, http.StatusBadRequest},
		{[]string{"--duplicate-names"}, http.StatusCreated},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		out, status := newLines(), make(chan int)
		go func() {
			status <- run(append([]string{"emulator", "--address", "127.0.0.1:0"}, test.args...),
				&process{ctx: ctx, stdout: out, stderr: out, lookupEnv: os.LookupEnv})
		}()
		out.waitFor(t, "\n")
		url := regexp.MustCompile(`http://\S+`).FindString(out.String()) + "/v2.0/p1/datasource/enhanced-connections"
		for _, want := range []int{http.StatusCreated, test.want} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(connection))
			if err != nil {
				t.Fatal(err)
			}
			client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%v: status %d, want %d", test.args, resp.StatusCode, want)
			}
		}
		cancel()
		<-status
	}
}
