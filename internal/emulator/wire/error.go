// Package wire has DLI's requests, responses and errors as its documents write
// them: the JSON, how requests are read, and which values they may have. It shares
// no code with connsvc, so that a fault of its codec shows.
package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// DLI's error codes (dli_02_0056) and those of the API gateway in front of it.
const (
	CodeParameter    = "DLI.0001"
	CodeNoObject     = "DLI.0002"
	CodeNoPermission = "DLI.0003"
	CodeExists       = "DLI.0006"
	CodeNotSupported = "DLI.0007"
	CodeRestriction  = "DLI.0009"
	CodeUnauthorized = "DLI.0013"
	CodeNoResource   = "DLI.0023"
	CodeInternal     = "DLI.0999"
	CodeQuota        = "DLI.1028"

	CodeGatewayNoAPI     = "APIG.0101"
	CodeGatewayTooLarge  = "APIG.0201"
	CodeGatewayNoBackend = "APIG.0202"
	CodeGatewayTimeout   = "APIG.0203"
	CodeGatewayNoAuth    = "APIGW.0301"
	CodeGatewayForbidden = "APIGW.0302"
	CodeGatewayThrottled = "APIGW.0308"
)

// RequestIDHeader is the response header with the gateway's ID of a request.
const RequestIDHeader = "X-Request-Id"

// ReasonBadToken is the gateway's text for an expired token, and for one that
// never existed.
const ReasonBadToken = "decrypt token fail"

// An Error is an error response of DLI or, if Gateway, of the API gateway.
type Error struct {
	Status  int
	Code    string
	Message string
	Gateway bool
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// Errorf makes an error with DLI's status for nearly everything: 400.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Exists is DLI's error for a name that is taken.
func Exists() *Error { return Errorf(CodeExists, "The object exists.") }

// Internal is the response to an error of the emulator itself. It contains that
// error, since its reader can fix the emulator.
func Internal(err error) *Error {
	return &Error{Status: http.StatusInternalServerError, Code: CodeInternal, Message: "Server-side errors occur. " + err.Error()}
}

// GatewayError makes an error of the API gateway.
func GatewayError(status int, code, message string) *Error {
	return &Error{Status: status, Code: code, Message: message, Gateway: true}
}

// Unauthorized is the gateway's error for credentials that it does not accept.
func Unauthorized(reason string) *Error {
	return GatewayError(http.StatusUnauthorized, CodeGatewayNoAuth, "Incorrect IAM authentication information: "+reason)
}

// WriteError writes e; the gateway's errors have the request ID in the body.
func WriteError(w http.ResponseWriter, e *Error) {
	body := struct {
		Code      string `json:"error_code"`
		Message   string `json:"error_msg"`
		RequestID string `json:"request_id,omitempty"`
	}{Code: e.Code, Message: e.Message}
	if e.Gateway {
		body.RequestID = w.Header().Get(RequestIDHeader)
	}
	WriteJSON(w, e.Status, body)
}

// MaxBodyBytes is the largest body that the API gateway accepts: 12 MB.
const MaxBodyBytes = 12 << 20

// JSONType is the Content-Type of every response.
const JSONType = "application/json"

// WriteJSON writes v as the response.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("emulator: a response cannot be encoded: %v", err))
	}
	Write(w, JSONType, status, body)
}

// Write writes a response. A caller that has gone does not need an error.
func Write(w http.ResponseWriter, contentType string, status int, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
