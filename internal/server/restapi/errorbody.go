package restapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/validation"
)

// An errorBody is the body of a REST error: DLI's two fields first, which its
// clients show, then google.rpc.Status as JSON has it.
type errorBody struct {
	ErrorCode string            `json:"error_code"`
	ErrorMsg  string            `json:"error_msg"`
	Code      int               `json:"code"`
	Status    string            `json:"status"`
	Details   []json.RawMessage `json:"details"`
	RequestID string            `json:"request_id"`
}

// Reject sends the error of a call.
func (x *exchange) Reject(c *chain.Call) {
	e := c.Failure
	switch {
	case isAbort(e):
		return
	case x.sent && x.events != nil:
		x.events.fail(e)
		return
	case x.sent:
		return
	}
	if e.RetryAfter > 0 {
		seconds := (e.RetryAfter + time.Second - 1) / time.Second
		x.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	if e.HTTPStatus == http.StatusUnauthorized {
		challenge := cmp.Or(c.Challenge, `Bearer realm="connsvc"`)
		if header := e.Metadata["header"]; header != "" { // the token for DLI, not for connsvc
			challenge = header + ` realm="DLI"`
		}
		x.Header().Set("WWW-Authenticate", challenge)
	}
	x.beforeRejection()
	// If it cannot be sent the caller is gone.
	_ = x.send(c, e.HTTPStatus, errorJSON(e, x.request.Method == http.MethodGet))
	if x.discarding {
		_ = http.NewResponseController(x.ResponseWriter).Flush()
	}
}

// isAbort reports whether the call panicked with http.ErrAbortHandler.
func isAbort(e *apierror.Error) bool { return e != nil && errors.Is(e, http.ErrAbortHandler) }

func errorJSON(e *apierror.Error, read bool) []byte {
	body := errorBody{
		ErrorCode: e.ErrorCode(read),
		ErrorMsg:  e.Message,
		Code:      int(e.Code()),
		Status:    code.Code(e.Code()).String(),
		Details:   []json.RawMessage{},
		RequestID: e.RequestID,
	}
	for _, detail := range e.Details(validation.MaxViolations) {
		packed, err := anypb.New(detail)
		if err != nil {
			continue // code and reason must reach the caller all the same
		}
		if text, err := protojson.Marshal(packed); err == nil {
			body.Details = append(body.Details, text)
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // "<" is for people to read, and no browser renders JSON
	if err := encoder.Encode(body); err != nil {
		return []byte(`{"error_code":"DLI.0999","error_msg":"internal error"}`)
	}
	return b.Bytes()
}
