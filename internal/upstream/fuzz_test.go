package upstream

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Any body at all makes an error, never a panic; what it yields is well formed.
func FuzzDecodeErrorBody(f *testing.F) {
	for _, seed := range []string{
		`{"error_code":"DLI.0001","error_msg":"m"}`,
		`{"error_msg":"m","error_code":"APIGW.0301","request_id":"r"}`,
		`{"error":{"code":401,"message":"m","title":"t"}}`,
		`{"is_success":false,"message":"m"}`,
		`{"error_code":1101,"error_msg":null,"error_json_opt":{"error":[]}}`,
		`<html>`, ``, `[]`, `{"error":[[[[{}]]]]}`, "{\"error_msg\":\"\xff\\ud800\",\"error_code\":\"x\"}",
	} {
		f.Add([]byte(seed), "7", "r")
	}
	const secret = "CANARYSECRET"
	f.Add([]byte(`{"error_code":"CANARYSECRET","error_msg":"CANARYSECRET","request_id":"CANARYSECRET"}`), "", secret)
	sent := http.Header{"X-Auth-Token": {secret}}
	f.Fuzz(func(t *testing.T, body []byte, after, id string) {
		b := decodeErrorBody(body)
		if b != (errorBody{}) && !json.Valid(body) {
			t.Errorf("made %+v of what is no JSON", b)
		}
		response := &http.Response{
			StatusCode: 400, Body: io.NopCloser(bytes.NewReader(body)),
			Header: http.Header{"Retry-After": {after}, "X-Request-Id": {id}},
		}
		err := readError(response, sent, time.Unix(0, 0)).redact(sent)
		err.RequestID += identifier(sent, id)
		if err.Kind != Status || err.RetryAfter < 0 || err.RetryAfter > maxRetryAfter {
			t.Errorf("made %+v", *err)
		}
		if !plain(err.Code) || !plain(err.RequestID) || len(err.Code) > 64 || !utf8.ValidString(err.Message) {
			t.Errorf("made %+v", *err)
		}
		if strings.Contains(err.Code+" "+err.RequestID+" "+err.Message, secret) {
			t.Errorf("made %+v", *err)
		}
	})
}
