package restapi

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/server/chain"
)

const (
	watchMethod = connsvcv1.ConnectionService_WatchEnhancedConnections_FullMethodName
	// reconnect is how long a browser is asked to wait before it watches again.
	reconnect = time.Second
)

// handleWatch has the gateway pass watches to g.watch: its generated handler cannot stream.
func (g *gateway) handleWatch() error {
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService").Methods()
	rule := proto.GetExtension(methods.ByName("WatchEnhancedConnections").Options(), annotations.E_Http).(*annotations.HttpRule)
	return g.mux.HandlePath(http.MethodGet, rule.GetGet(), g.watch)
}

// watch stands for a generated handler.
func (g *gateway) watch(w http.ResponseWriter, r *http.Request, pathParams map[string]string) {
	x, ok := w.(*exchange)
	if !ok {
		w.(*probe).method = watchMethod
		return
	}
	s := &eventStream{ctx: r.Context(), exchange: x}
	x.events = s
	err := g.chain.API.WatchEnhancedConnections(&connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: pathParams["project_id"]}, s)
	switch {
	case err != nil && !s.ended():
		x.fail(err)
	case !x.sent:
		s.begin()
	}
}

// An eventStream sends the events of a watch as server-sent events. Its response begins
// with the first event: until then an error has its own status.
type eventStream struct {
	grpc.ServerStream // nil: the service uses none of it
	ctx               context.Context
	exchange          *exchange
	broken            bool // the caller takes nothing more
}

// Context returns the context of the call.
func (s *eventStream) Context() context.Context { return s.ctx }

// ended reports whether the caller has all that it wants: HEAD has no events.
func (s *eventStream) ended() bool {
	return s.exchange.sent && s.exchange.request.Method == http.MethodHead
}

// Send sends an event, and returns when the connection has taken it.
func (s *eventStream) Send(event *connsvcv1.WatchEnhancedConnectionsResponse) error {
	buffer := s.exchange.gateway.buffers.Take()
	b := *buffer
	if token := event.GetResumeToken(); token != "" {
		b = append(append(append(b, "id: "...), token...), '\n')
	}
	b = append(append(append(b, "event: "...), event.GetType().String()...), "\ndata: "...)
	b, err := dlijson.AppendResponse(b, event)
	if err != nil {
		return err
	}
	b = append(b, "\n\n"...)
	if err := s.write(b); err != nil {
		return err
	}
	s.exchange.call.Events++
	*buffer = b
	s.exchange.gateway.buffers.Give(buffer)
	return nil
}

// fail sends the error that ends the stream.
func (s *eventStream) fail(e *apierror.Error) {
	if s.broken {
		return
	}
	// If it cannot be sent the caller is gone.
	_ = s.write(slices.Concat([]byte("event: error\ndata: "), bytes.TrimSpace(errorJSON(e, true)), []byte("\n\n")))
}

// write sends an event.
func (s *eventStream) write(event []byte) error {
	x, n := s.exchange, int64(len(event))
	if n > x.gateway.limits.GetMaxResponseBytes() {
		return apierror.New(connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "", nil)
	}
	defer x.answer.Release()
	if err := x.call.HoldAnswer(&x.answer, n); err != nil {
		return err
	}
	if !x.sent {
		s.begin()
	}
	if s.ended() {
		return apierror.NotSent(nil)
	}
	x.call.BytesOut += n
	if err := s.flush(event); err != nil {
		s.broken = true
		return apierror.NotSent(err)
	}
	return nil
}

func (s *eventStream) flush(event []byte) error {
	conn := http.NewResponseController(s.exchange.ResponseWriter)
	if err := s.exchange.writeParts(conn, event); err != nil {
		return err
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	// HTTP/2 resets a stream at its deadline also while there is nothing to send.
	_ = conn.SetWriteDeadline(time.Time{})
	return nil
}

// begin sends the head of the response.
func (s *eventStream) begin() {
	x := s.exchange
	x.sent = true
	x.call.HTTPStatus = http.StatusOK
	header := x.Header()
	header.Set("X-Request-Id", x.call.ID)
	header.Set("Content-Type", "text/event-stream")
	header.Set("X-Accel-Buffering", "no") // nginx would collect events
	x.WriteHeader(http.StatusOK)
	if x.request.Method == http.MethodHead {
		return
	}
	retry := "retry: " + strconv.FormatInt(reconnect.Milliseconds(), 10) + "\n"
	x.call.BytesOut = int64(len(retry))
	_, _ = x.ResponseWriter.Write([]byte(retry)) // an error is the next write's, too
}

// lastEventID is the HTTP header by which a browser says where its watch was broken off.
const lastEventID = "Last-Event-Id"

// readLastEventID sets the resume_token of a watch by the header. The query may have one too:
// that is where a browser began, the header is where it was broken off.
func readLastEventID(header http.Header, request proto.Message) error {
	watch, ok := request.(*connsvcv1.WatchEnhancedConnectionsRequest)
	sent := header[lastEventID]
	switch {
	case !ok || len(sent) == 0:
		return nil
	case len(sent) > 1:
		return apierror.Invalid("Last-Event-ID", "header.repeated", "must be sent once")
	}
	watch.ResumeToken = sent[0]
	return nil
}

// prepareLongCall has net/http wait for the end of a long call. One with a body, which no
// long call has, is rejected: net/http would not notice that its caller leaves.
func (x *exchange) prepareLongCall(ctx context.Context, c *chain.Call) error {
	if !chain.IsLong(c.Method) {
		return nil
	}
	if x.unread() {
		return apierror.Invalid("body", "body.unexpected", "must be empty: the RPC has none")
	}
	if at, ok := ctx.Deadline(); ok {
		conn := http.NewResponseController(x.ResponseWriter)
		at = at.Add(x.gateway.options.BodyTimeout)
		_, _ = conn.SetReadDeadline(at), conn.SetWriteDeadline(at)
	}
	return nil
}
