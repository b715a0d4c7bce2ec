package dlirest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// A Request is a call of an operation.
type Request struct {
	Method string
	Path   string // escaped
	Query  map[string]string
	Body   []byte // JSON; nil: none
}

// Target returns path and query as they stand in the request line.
func (r *Request) Target() string {
	if len(r.Query) == 0 {
		return r.Path
	}
	query := url.Values{}
	for name, value := range r.Query {
		query.Set(name, value)
	}
	return r.Path + "?" + query.Encode()
}

var variable = regexp.MustCompile(`\{(\w+)\}`)

// Request writes a request from its fields, which have DLI's names already: only
// their place differs from one operation to another.
func (o *Operation) Request(fields map[string]any) (*Request, error) {
	rest := maps.Clone(fields)
	path := variable.ReplaceAllStringFunc(o.Path, func(match string) string {
		name := strings.Trim(match, "{}")
		value := rest[name]
		delete(rest, name)
		return segment(fmt.Sprint(value))
	})
	r := &Request{Method: o.Method, Path: path}
	if o.Method == http.MethodPost || o.Method == http.MethodPut {
		body, err := json.Marshal(rest)
		if err != nil {
			return nil, fmt.Errorf("encoding the body of %s: %w", o.RPC, err)
		}
		r.Body = body
		return r, nil
	}
	r.Query = map[string]string{}
	for name, value := range rest {
		r.Query[name] = parameter(value)
	}
	return r, nil
}

// segment escapes a path segment, also the two that url.PathEscape leaves alone
// although clients and proxies resolve them.
func segment(value string) string {
	if value == "." || value == ".." {
		return strings.ReplaceAll(value, ".", "%2E")
	}
	return url.PathEscape(value)
}

// parameter writes tags as k1=v1,k2=v2 (dli_02_0190), everything else as it is.
func parameter(value any) string {
	list, ok := value.([]any)
	if !ok {
		return fmt.Sprint(value)
	}
	var pairs []string
	for _, item := range list {
		tag, _ := item.(map[string]any)
		pairs = append(pairs, fmt.Sprintf("%v=%v", tag["key"], tag["value"]))
	}
	return strings.Join(pairs, ",")
}

// Fields returns the fields of a request as protojson writes them: the JSON names
// of the contract are DLI's, and no request has a time.
func Fields(req proto.Message) (map[string]any, error) {
	text, err := protojson.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", req.ProtoReflect().Descriptor().Name(), err)
	}
	fields := map[string]any{}
	return fields, decode(text, &fields)
}

func decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(v)
}
