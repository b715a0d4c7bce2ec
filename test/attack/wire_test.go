package attack_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// last is a request after which the server closes the connection.
const last = "GET /last HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

// sendRaw sends bytes over one connection of the REST API. It returns all that comes back,
// until the connection is closed, or the server waits for more than there is.
func (at *target) sendRaw(t *testing.T, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(at.rest, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// What is not read of a request that is rejected makes the write fail, or the read.
	_, _ = io.WriteString(conn, text+last)
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	got, _ := io.ReadAll(conn)
	_, _ = at.shown.Write(got)
	return string(got)
}

// TestSmuggling sends requests whose end a second server could see elsewhere, with another
// request where their end may be. That other one must never be executed, and of two ways to
// read a request none may be chosen.
func TestSmuggling(t *testing.T) {
	at := newTarget(t)
	const (
		host = "Host: localhost\r\n"
		json = "Content-Type: application/json\r\n"
	)
	auth := "Authorization: Bearer " + canaries["TOKEN"] + "\r\n"
	content := strings.Replace(body, `"name":"`, own, 1)
	hidden := "POST " + connections + " HTTP/1.1\r\n" + host + auth + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(content)) + content
	if before := at.changes(); !strings.HasPrefix(at.sendRaw(t, hidden), "HTTP/1.1 201") || at.changes() != before+1 {
		t.Fatal("the hidden request does nothing by itself")
	}
	hidden = strings.Replace(hidden, "orders_", "orders_hidden_", 1)
	hidden = strings.Replace(hidden, fmt.Sprint("Length: ", len(content)), fmt.Sprint("Length: ", len(content)+len("hidden_")), 1)
	post := func(headers, body string) string {
		return "POST " + connections + " HTTP/1.1\r\n" + host + auth + json + headers + "\r\n" + body
	}
	length := fmt.Sprintf("Content-Length: %d\r\n", len(hidden))
	var attempts []attempt
	for name, text := range map[string]string{
		"a length and chunks":                     post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"+hidden),
		"chunks and a length":                     post("Transfer-Encoding: chunked\r\n"+length, "0\r\n\r\n"+hidden),
		"two lengths":                             post("Content-Length: 0\r\n"+length, hidden),
		"two lengths, the other first":            post(length+"Content-Length: 0\r\n", hidden),
		"two lengths in one":                      post("Content-Length: 0, 200\r\n", hidden),
		"a length with a sign":                    post("Content-Length: +0\r\n", hidden),
		"a length below zero":                     post("Content-Length: -1\r\n", hidden),
		"a length in hex":                         post("Content-Length: 0x0\r\n", hidden),
		"a length without a number":               post("Content-Length: \r\n", hidden),
		"a length beyond 64 bits":                 post("Content-Length: 18446744073709551616\r\n", hidden),
		"a length before a space and a colon":     post("Content-Length : 0\r\n", hidden),
		"a length behind a folded line":           post("X: y\r\n Content-Length: 0\r\n"+length, hidden),
		"a folded length":                         post("Content-Length:\r\n "+strings.TrimPrefix(length, "Content-Length: "), hidden),
		"an encoding that nobody knows":           post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"+hidden),
		"chunks, then identity":                   post("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"+hidden),
		"identity, then chunks":                   post("Transfer-Encoding: identity, chunked\r\n", "0\r\n\r\n"+hidden),
		"two encodings":                           post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"+hidden),
		"an encoding behind a vertical tab":       post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"+hidden),
		"an encoding in quotes":                   post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"+hidden),
		"an encoding before a colon and a space":  post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"+hidden),
		"chunks in HTTP/1.0":                      strings.Replace(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"+hidden), "1.1", "1.0", 1),
		"a chunk of a size with a sign":           post("Transfer-Encoding: chunked\r\n", "+0\r\n\r\n"+hidden),
		"a chunk of a size in 0x":                 post("Transfer-Encoding: chunked\r\n", "0x0\r\n\r\n"+hidden),
		"a chunk of a size beyond 64 bits":        post("Transfer-Encoding: chunked\r\n", "10000000000000000\r\n"+hidden),
		"a chunk of a size below zero":            post("Transfer-Encoding: chunked\r\n", "-1\r\n\r\n"+hidden),
		"a chunk longer than its size":            post("Transfer-Encoding: chunked\r\n", "1\r\n{}\r\n0\r\n\r\n"+hidden),
		"a chunk whose line ends with a return":   post("Transfer-Encoding: chunked\r\n", "0\r\r\n\r\n"+hidden),
		"a chunk with a line in its extension":    post("Transfer-Encoding: chunked\r\n", "2;x=\"\n\r\n{}\r\n0\r\n\r\n"+hidden),
		"a chunk with an extension without end":   post("Transfer-Encoding: chunked\r\n", "2;"+strings.Repeat("x", 1<<20)+"\r\n{}\r\n0\r\n\r\n"+hidden),
		"a header without a colon":                post("X\r\nContent-Length: 0\r\n", hidden),
		"a header with a zero byte":               post("X: \x00\r\nContent-Length: 0\r\n", hidden),
		"a header that ends with a return":        post("X: y\rContent-Length: 0\r\n", hidden),
		"a method with a line":                    "POST\r\n " + connections + " HTTP/1.1\r\n" + host + auth + "\r\n" + hidden,
		"no version":                              "POST " + connections + "\r\n" + host + auth + "\r\n" + hidden,
		"another version":                         strings.Replace(post("Content-Length: 0\r\n", hidden), "HTTP/1.1", "HTTP/1.2x", 1),
		"two hosts":                               post("Host: evil.example\r\nContent-Length: 0\r\n", hidden),
		"no host":                                 strings.Replace(post("Content-Length: 0\r\n", hidden), host, "", 1),
		"a host with a path":                      strings.Replace(post("Content-Length: 0\r\n", hidden), "localhost", "localhost/x", 1),
		"an upgrade to HTTP/2":                    post("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Length: 0\r\n", ""),
		"an expectation that nobody knows":        post("Expect: 200-ok\r\nContent-Length: 0\r\n", hidden),
		"a body that is the other request":        post(length, hidden),
		"a GET whose body is the other request":   "GET " + connections + " HTTP/1.1\r\n" + host + auth + length + "\r\n" + hidden,
		"a HEAD whose body is the other request":  "HEAD " + connections + " HTTP/1.1\r\n" + host + auth + length + "\r\n" + hidden,
		"a DELETE with chunks and a length":       "DELETE " + connections + "/2a620c33-5609-40c9-affd-2b6453071b0f HTTP/1.1\r\n" + host + auth + "Transfer-Encoding: chunked\r\n" + length + "\r\n0\r\n\r\n" + hidden,
		"a body longer than what is read of it":   post(fmt.Sprintf("Content-Length: %d\r\n", 1<<20), strings.Repeat(" ", 1<<20)+hidden)[:1<<20],
		"a rejected body, then the other request": strings.Replace(post(length, hidden), auth, "", 1),
	} {
		attempts = append(attempts, attempt{name, func(t *testing.T, at *target) string {
			before := at.changes()
			got := at.sendRaw(t, text)
			if n := at.changes() - before; n > 0 || strings.HasPrefix(got, "HTTP/1.1 101") {
				return fmt.Sprintf("%d changes: %.200q", n, got)
			}
			return ""
		}})
	}
	play(t, at, attempts)
	at.wantNothingShown(t)
}

// TestTraversal asks for paths that a server could read as another one. None reaches DLI.
func TestTraversal(t *testing.T) {
	at := newTarget(t)
	auth := "Authorization: Bearer " + canaries["TOKEN"] + "\r\n"
	if got := at.sendRaw(t, "GET "+connections+" HTTP/1.1\r\nHost: localhost\r\n"+auth+"\r\n"); !strings.HasPrefix(got, "HTTP/1.1 200") || at.calls() == 0 {
		t.Fatalf("a good path gets %q", got)
	}
	up := strings.Repeat("../", 8)
	var attempts []attempt
	for _, path := range []string{
		"/v2.0/" + up + "v1.0/x", "/v2.0/..%2f..%2fv1.0/datasource/enhanced-connections", "/v2.0/..%252f..%252f/datasource/enhanced-connections",
		"/v2.0/%2e%2e/datasource/enhanced-connections", "/v2.0/%2e%2e%2f/datasource/enhanced-connections", "/v2.0/..;/datasource/enhanced-connections",
		"/v2.0/..\\..\\/datasource/enhanced-connections", "/v2.0/%5c..%5c/datasource/enhanced-connections", "/v2.0/%00/datasource/enhanced-connections",
		"/v2.0/" + project + "%00x/datasource/enhanced-connections", "/v2.0/" + project + "%0d%0aX:y/datasource/enhanced-connections",
		"/v2.0/" + project + "%3fx=y/datasource/enhanced-connections", "/v2.0/" + project + "%23/datasource/enhanced-connections", "/v2.0/%c0%ae%c0%ae/datasource/enhanced-connections",
		"/v2.0/%ef%bc%8e%ef%bc%8e/datasource/enhanced-connections", "/v2.0/./datasource/enhanced-connections", "/v2.0//datasource/enhanced-connections",
		"//evil.example" + connections, "/x/.." + connections, "/." + connections, connections + "/..", connections + "/.", connections + "/%2e%2e", connections + "/..%2f..%2f..%2fv1.0",
		connections + "/%2e%2e%2fauthorization", connections + "/2a620c33-5609-40c9-affd-2b6453071b0f%2f..", connections + "/2a620c33-5609-40c9-affd-2b6453071b0f/..", connections + "//", connections + "/%20",
		"/v3/" + project + "/datasource/enhanced-connections/..%2fx/routes", "/v1.0/..%2f" + project + "/authorization", "/metrics", "/loglevel", "/debug/pprof/heap", "/%2e%2e/debug/pprof/", "http://169.254.169.254/latest/meta-data",
		"http://evil.example/", "*", "evil.example:443", "/v2.0/" + strings.Repeat("%2e%2e%2f", 2000) + "x",
	} {
		for _, method := range []string{"GET", "DELETE", "POST", "CONNECT"} {
			attempts = append(attempts, attempt{fmt.Sprintf("%s %.80s", method, path), func(t *testing.T, at *target) string {
				before := at.calls()
				got := at.sendRaw(t, method+" "+path+" HTTP/1.1\r\nHost: localhost\r\n"+auth+"Content-Length: 0\r\n\r\n")
				if strings.HasPrefix(got, "HTTP/1.1 2") || at.calls() != before {
					return fmt.Sprintf("%d calls of DLI: %.200q", at.calls()-before, got)
				}
				return ""
			}})
		}
	}
	play(t, at, attempts)
	at.wantNothingShown(t)
}
