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
	codeGatewayThrottled = "APIGW.0308"
	codeGatewayNoBackend = "APIG.0202"
	codeGatewayTimeout   = "APIG.0203"
)

// A refusal is an error as DLI or, if gateway, the API gateway answers it.
type refusal struct {
	status  int
	code    string
	message string
	gateway bool
}

func (f *refusal) Error() string { return f.code + ": " + f.message }

// exists is DLI's whole text for a name that is taken.
func exists() *refusal { return refuse(codeExists, "The object exists.") }

// refuse makes the refusal that DLI answers to nearly everything: HTTP 400.
func refuse(code, format string, args ...any) *refusal {
	return &refusal{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

// defect makes the refusal for an error of the emulator itself. It says what went
// wrong, since who sees it has the emulator at hand.
func defect(err error) *refusal {
	return &refusal{status: http.StatusInternalServerError, code: codeInternal, message: "Server-side errors occur. " + err.Error()}
}

func gatewayRefusal(status int, code, message string) *refusal {
	return &refusal{status: status, code: code, message: message, gateway: true}
}

// answer writes m as DLI's answer. The mutex must not be held: an answer can be
// megabytes, and its reader slow.
func (e *Emulator) answer(w http.ResponseWriter, status int, m proto.Message) {
	body, err := dlijson.AppendResponse(nil, m)
	if err != nil {
		e.answerRefusal(w, defect(err))
		return
	}
	write(w, status, body)
}

// answerRefusal writes f; the gateway's own errors bear the request ID in the body.
func (e *Emulator) answerRefusal(w http.ResponseWriter, f *refusal) {
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

const jsonType = "application/json"

func write(w http.ResponseWriter, status int, body []byte) { writeAs(w, jsonType, status, body) }

func writeAs(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	// A caller that went away has no use for an error.
	_, _ = w.Write(body)
}
