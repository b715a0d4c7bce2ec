package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"

	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/dlijson"
)

// DLI's error codes (dli_02_0056) and those of the API gateway in front of it.
const (
	codeParameter    = "DLI.0001"
	codeNoObject     = "DLI.0002"
	codeNoPermission = "DLI.0003"
	codeExists       = "DLI.0006"
	codeNotSupported = "DLI.0007"
	codeRestriction  = "DLI.0009"
	codeUnauthorized = "DLI.0013"
	codeNoResource   = "DLI.0023"
	codeInternal     = "DLI.0999"
	codeQuota        = "DLI.1028"

	codeGatewayNoAPI     = "APIG.0101"
	codeGatewayTooLarge  = "APIG.0201"
	codeGatewayNoAuth    = "APIGW.0301"
	codeGatewayForbidden = "APIGW.0302"
)

// A fault is an error as DLI or, if gateway, the API gateway answers it.
type fault struct {
	status  int
	code    string
	message string
	gateway bool
}

func (f *fault) Error() string { return f.code + ": " + f.message }

// exists is DLI's whole text for a name that is taken.
func exists() *fault { return refuse(codeExists, "The object exists.") }

// refuse makes the fault that DLI answers to nearly everything: HTTP 400.
func refuse(code, format string, args ...any) *fault {
	return &fault{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// defect makes the fault for an error of the emulator itself. It says what went
// wrong, since who sees it has the emulator at hand.
func defect(err error) *fault {
	return &fault{status: http.StatusInternalServerError, code: codeInternal, message: "Server-side errors occur. " + err.Error()}
}

func gatewayFault(status int, code, message string) *fault {
	return &fault{status: status, code: code, message: message, gateway: true}
}

// answer writes m as DLI's answer. The mutex must not be held: an answer can be
// megabytes, and its reader slow.
func (e *Emulator) answer(w http.ResponseWriter, status int, m proto.Message) {
	body, err := dlijson.AppendAnswer(nil, m)
	if err != nil {
		e.answerFault(w, defect(err))
		return
	}
	write(w, status, body)
}

// answerFault writes f; the gateway's own errors bear the request ID in the body.
func (e *Emulator) answerFault(w http.ResponseWriter, f *fault) {
	answer := struct {
		Code      string `json:"error_code"`
		Message   string `json:"error_msg"`
		RequestID string `json:"request_id,omitempty"`
	}{Code: f.code, Message: f.message}
	if f.gateway {
		answer.RequestID = w.Header().Get(requestIDHeader)
	}
	body, _ := json.Marshal(answer) // three strings always encode
	write(w, f.status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A caller that went away has no use for an error.
	_, _ = w.Write(body)
}
