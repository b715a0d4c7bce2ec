package upstream

import (
	"bytes"
	"encoding/json"
	"strings"
)

// An errorBody is what an error answer says, in whichever of the forms below:
//
//	{"error_code":"DLI.0001","error_msg":"..."}                        DLI
//	{"error_code":"APIGW.0301","error_msg":"...","request_id":"..."}   the API gateway
//	{"error":{"code":401,"message":"...","title":"..."}}               Keystone (IAM)
//	{"is_success":false,"message":"..."}                               DLI's answers
//
// It is empty where the body has none of them.
type errorBody struct{ code, message, requestID string }

// errorForms is every form at once. What else an error bears (error_json_opt) is
// DLI's own business.
type errorForms struct {
	Code      json.RawMessage `json:"error_code"`
	Message   *string         `json:"error_msg"`
	RequestID json.RawMessage `json:"request_id"`
	Keystone  json.RawMessage `json:"error"`
	IsSuccess json.RawMessage `json:"is_success"`
	Answer    json.RawMessage `json:"message"`
}

func decodeErrorBody(text []byte) errorBody {
	var f errorForms
	if text = bytes.TrimSpace(text); len(text) == 0 || text[0] != '{' || json.Unmarshal(text, &f) != nil {
		return errorBody{}
	}
	b := errorBody{requestID: scalar(f.RequestID)}
	switch {
	case f.Code != nil || f.Message != nil:
		code := scalar(f.Code)
		if !validCode(code) {
			return errorBody{}
		}
		b.code = code
		if f.Message != nil {
			b.message = *f.Message
		}
	case f.Keystone != nil:
		var k struct{ Code, Message, Title json.RawMessage }
		if json.Unmarshal(f.Keystone, &k) != nil {
			return errorBody{}
		}
		// Its code is the HTTP status once more.
		if b.message = scalar(k.Message); b.message == "" {
			b.message = scalar(k.Title)
		}
	case string(f.IsSuccess) == "false":
		b.message = scalar(f.Answer)
	default:
		return errorBody{}
	}
	return b
}

// scalar returns a JSON string or number as text, "" for anything else. IAM has
// codes that are numbers.
func scalar(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String()
	}
	return ""
}

// validCode reports whether s is of the form of an error code: DLI.0001, 1100.
func validCode(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == ""
}
