package attack_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
)

var (
	scale   = flag.Int("scale", 8, "divide the memory scenes, and connsvc's limits in them, by this")
	figures = flag.Bool("figures", false, "print the peaks of the memory scenes")
)

// bystanderDeadline is the deadline of a call of someone who has nothing to do with the
// attack.
const bystanderDeadline = 10 * time.Second

// A hugeDLI answers lists of some projects in ways that take memory.
type hugeDLI struct {
	dli        http.Handler
	lists      map[string][]byte // by project
	entered    atomic.Int64
	inProgress atomic.Int64
}

func (d *hugeDLI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	project := strings.Split(r.URL.Path, "/")[2]
	list, filler := d.lists[project], fillers[project]
	if list == nil && filler.endless == "" {
		d.dli.ServeHTTP(w, r)
		return
	}
	d.entered.Add(1)
	d.inProgress.Add(1)
	defer d.inProgress.Add(-1)
	w.Header().Set("Content-Type", "application/json")
	if list != nil {
		_, _ = w.Write(list)
		return
	}
	_, err := io.WriteString(w, filler.start)
	for part := []byte(strings.Repeat(filler.endless, 16<<10)); err == nil; {
		_, err = w.Write(part)
	}
}

// fillers are projects whose lists do not end.
var fillers = map[string]struct{ start, endless string }{
	"blank": {"", " "},
	"lines": {`{"connections":[`, "\r\n"},
	"text":  {`{"connections":[{"name":"`, "x"},
	// As many elements as a response may have: of shorter ones it may not have more.
	"objects": {`{"connections":[{}`, ",{" + strings.Repeat(" ", 30) + "}"},
	"hosts":   {`{"connections":[{"hosts":[{}`, ",{" + strings.Repeat(" ", 30) + "}"},
	"queues":  {`{"connections":[{"available_queue_info":[{}`, ",{" + strings.Repeat(" ", 30) + "}"},
	"unknown": {`{"x":1`, `,"x":1`},
	"nested":  {`{"connections":`, `[`},
}

// listOf makes a list of about n bytes, of connections with 5,000 hosts.
func listOf(n int) []byte {
	var hosts, all strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&hosts, `,{"name":"host-%05d.example.com","ip":"192.168.0.1"}`, i)
	}
	for i := 0; all.Len() < n; i++ {
		fmt.Fprintf(&all, `,{"id":"%032d","name":"connection_%d","status":"ACTIVE","create_time":1795910400000,"hosts":[%s]}`, i, i, hosts.String()[1:])
	}
	return []byte(`{"is_success":true,"message":"","connections":[` + all.String()[1:] + "]}")
}

func newHugeDLI(t *testing.T) (*hugeDLI, string) {
	t.Helper()
	d := &hugeDLI{dli: emulator.New(emulator.Options{}), lists: map[string][]byte{
		"large": listOf(4_300_000), "huge": listOf(28_000_000 / *scale),
	}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	return d, server.URL
}

// settled waits until DLI is done with n requests, or with those that came when more of
// them are rejected.
func (d *hugeDLI) settled(t *testing.T) {
	t.Helper()
	for quiet, last := 0, int64(0); quiet < 40; quiet++ {
		time.Sleep(5 * time.Millisecond)
		if now := d.entered.Load(); now != last || now == 0 || d.inProgress.Load() > 0 {
			quiet, last = 0, now
		}
	}
}

// TestMemory makes connsvc hold much at once. Its memory stays under the container's limit,
// what it counts under its own, and a bystander is answered meanwhile.
func TestMemory(t *testing.T) {
	dli, url := newHugeDLI(t)
	scenes := []struct {
		name   string
		attack func(t *testing.T, c *child) string
	}{
		{"readers who never read a list, over REST", func(t *testing.T, c *child) string { return readersOverREST(t, c, dli) }},
		{"readers who never read a list, over gRPC", func(t *testing.T, c *child) string { return readersOverGRPC(t, c, dli) }},
		{"unfinished messages of one connection", unfinishedMessages},
		{"huge lists at once", func(t *testing.T, c *child) string {
			answered := atOnce(t, c, "huge", 40)
			if answered == 0 {
				return "nobody is answered"
			}
			return ""
		}},
		{"one huge list, shared by all", func(t *testing.T, c *child) string {
			if shared(t, c, "huge", 40) == 0 {
				return "nobody is answered"
			}
			return ""
		}},
	}
	for project := range fillers {
		scenes = append(scenes, struct {
			name   string
			attack func(t *testing.T, c *child) string
		}{"answers without end: " + project, func(t *testing.T, c *child) string {
			if n := atOnce(t, c, project, 24); n > 0 {
				return fmt.Sprintf("%d answers without end are answered", n)
			}
			return ""
		}})
	}
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			tried.Add(1)
			dli.entered.Store(0)
			c := newChild(t, url)
			stranger := newBystander(t, c)
			achieved := s.attack(t, c)
			if suffered := stranger.end(t); suffered != "" {
				achieved = suffered
			}
			peak, most := c.peak(t), int64(containerBytes / *scale)
			if peak > most {
				achieved = fmt.Sprintf("%d MiB of memory, of %d MiB", peak>>20, most>>20)
			}
			if *figures {
				fmt.Printf("figures: %-45s %5d MiB of memory, %4d MiB counted\n", s.name, peak>>20, stranger.held>>20)
			}
			if achieved != "" {
				succeeded.Add(1)
				t.Errorf("the attack succeeds: %s", achieved)
			}
		})
	}
}

func listRequest(ctx context.Context, t *testing.T, c *child, project, query string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.rest+"/v2.0/"+project+"/datasource/enhanced-connections"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+tokenOf("attacker"))
	return r
}

// atOnce lists a project n times at once, of which no two share a read. It returns how many
// got all of the list.
func atOnce(t *testing.T, c *child, project string, n int) int {
	t.Helper()
	return list(t, c, project, n, func(i int) string { return fmt.Sprintf("?limit=1000&offset=%d", i) })
}

// shared lists a project n times at once.
func shared(t *testing.T, c *child, project string, n int) int {
	t.Helper()
	return list(t, c, project, n, func(int) string { return "" })
}

func list(t *testing.T, c *child, project string, n int, query func(i int) string) int {
	t.Helper()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	var answered atomic.Int64
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			resp, err := transport.RoundTrip(listRequest(t.Context(), t, c, project, query(i)))
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			got, err := io.Copy(io.Discard, resp.Body)
			if resp.StatusCode == http.StatusOK && err == nil && got == resp.ContentLength {
				answered.Add(1)
			}
		})
	}
	all.Wait()
	return int(answered.Load())
}

func readersOverREST(t *testing.T, c *child, dli *hugeDLI) string {
	t.Helper()
	for i := range 240 / *scale {
		conn, err := net.Dial("tcp", c.rest)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			t.Fatal(err)
		}
		if err := listRequest(t.Context(), t, c, "large", fmt.Sprintf("?limit=1000&offset=%d", i)).Write(conn); err != nil {
			t.Fatal(err)
		}
	}
	dli.settled(t)
	return ""
}

// A deafConn stops reading when it is told to.
type deafConn struct {
	net.Conn
	deaf   *atomic.Bool
	closed chan struct{}
	once   sync.Once
}

func (c *deafConn) Read(p []byte) (int, error) {
	if c.deaf.Load() {
		<-c.closed
		return 0, net.ErrClosed
	}
	return c.Conn.Read(p)
}

func (c *deafConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func readersOverGRPC(t *testing.T, c *child, dli *hugeDLI) string {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+tokenOf("attacker"))
	for started := 0; started < 240 / *scale; started += 10 {
		var deaf atomic.Bool
		conn, err := grpc.NewClient(c.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
			grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
				raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
				return &deafConn{Conn: raw, deaf: &deaf, closed: make(chan struct{})}, err
			}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		client := connsvcv1.NewConnectionServiceClient(conn)
		limit := int32(1000)
		if _, err := client.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: "p"}); err != nil {
			t.Fatal(err)
		}
		deaf.Store(true)
		for i := range 10 {
			go func() {
				_, _ = client.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{
					ProjectId: "large", Limit: &limit, Offset: int32(started + i), View: connsvcv1.EnhancedConnectionView_FULL,
				})
			}()
		}
	}
	dli.settled(t)
	return ""
}

// unfinishedMessages sends messages but for their last byte.
func unfinishedMessages(t *testing.T, c *child) string {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	size := 15 << 20 / *scale
	message := make([]byte, 5+size)
	message[1], message[2], message[3], message[4] = byte(size>>24), byte(size>>16), byte(size>>8), byte(size)
	var sent, all sync.WaitGroup
	for range 60 {
		sent.Add(1)
		body := &unfinished{text: message[:len(message)-1], sent: sync.OnceFunc(sent.Done), ctx: ctx}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.grpc+connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/grpc")
		r.Header.Set("Te", "trailers")
		r.Header.Set("Authorization", "Bearer "+tokenOf("attacker"))
		all.Go(func() {
			if resp, err := transport.RoundTrip(r); err == nil {
				resp.Body.Close()
			}
			body.sent() // rejected
		})
	}
	sent.Wait()
	cancel()
	all.Wait()
	return ""
}

// unfinished is a body that never ends.
type unfinished struct {
	text []byte
	sent func()
	ctx  context.Context
}

func (u *unfinished) Read(p []byte) (int, error) {
	if len(u.text) == 0 {
		u.sent()
		<-u.ctx.Done()
		return 0, u.ctx.Err()
	}
	n := copy(p, u.text)
	u.text = u.text[n:]
	return n, nil
}

func (u *unfinished) Close() error {
	u.sent()
	return nil
}

// bystanders makes the projects of bystanders differ.
var bystanders atomic.Int64

// A bystander makes small calls over both APIs, and reads what connsvc counts, until end.
type bystander struct {
	project     string
	stop, ended chan struct{}
	held        int64 // the most that connsvc counted
	suffered    string
}

func newBystander(t *testing.T, c *child) *bystander {
	t.Helper()
	b := &bystander{project: fmt.Sprint("own", bystanders.Add(1)), stop: make(chan struct{}), ended: make(chan struct{})}
	conn, err := grpc.NewClient(c.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	go func() {
		defer close(b.ended)
		defer conn.Close()
		defer transport.CloseIdleConnections()
		client := connsvcv1.NewConnectionServiceClient(conn)
		for calls := 0; b.suffered == ""; calls++ {
			select {
			case <-b.stop:
				if calls >= 20 {
					return
				}
			default:
			}
			b.suffered = b.call(c, client, transport, calls)
		}
	}()
	return b
}

// call makes a call over each API. It returns what went wrong.
func (b *bystander) call(c *child, client connsvcv1.ConnectionServiceClient, transport *http.Transport, n int) string {
	ctx, cancel := context.WithTimeout(context.Background(), bystanderDeadline)
	defer cancel()
	token := "Bearer " + tokenOf("bystander")
	if _, err := client.CreateEnhancedConnection(metadata.AppendToOutgoingContext(ctx, "authorization", token), &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: b.project, Name: fmt.Sprint("bystander_", n), DestVpcId: "22094d8f-c310-4621-913d-4c4d655d8495", DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
	}); err != nil {
		return "a bystander's create fails: " + err.Error()
	}
	for _, url := range []string{"http://" + c.rest + "/v2.0/" + b.project + "/datasource/enhanced-connections?limit=1", "http://" + c.admin + "/metrics"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err.Error()
		}
		r.Header.Set("Authorization", token)
		resp, err := transport.RoundTrip(r)
		if err != nil {
			return "a bystander's GET fails: " + err.Error()
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return fmt.Sprintf("a bystander's GET fails: %s %s %v", resp.Status, text, err)
		}
		if _, after, ok := strings.Cut(string(text), "\nconnsvc_held_size_bytes "); ok {
			value, _, _ := strings.Cut(after, "\n")
			held, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return err.Error()
			}
			b.held = max(b.held, int64(held))
		} else if strings.HasSuffix(url, "/metrics") {
			return "the metric of what is held is missing"
		}
	}
	return ""
}

// end returns what the bystander suffered.
func (b *bystander) end(t *testing.T) string {
	t.Helper()
	close(b.stop)
	<-b.ended
	return b.suffered
}
