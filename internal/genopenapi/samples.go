package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/connsvc/connsvc/internal/dlijson"
)

// A sample is a valid request of an RPC, and DLI's response, as the contract suite has them.
type sample struct {
	Request  map[string]any `yaml:"request"`
	Response struct {
		Body map[string]any `yaml:"body"`
	} `yaml:"response"`
}

func readSamples(path string) (map[string]sample, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var all map[string]sample
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// body returns what of the request is not a parameter.
func (s sample) body(parameters openapi3.Parameters) map[string]any {
	body := map[string]any{}
	for name, value := range s.Request {
		if parameters.GetByInAndName(openapi3.ParameterInPath, name) == nil {
			body[name] = value
		}
	}
	return body
}

// answer returns what connsvc makes of DLI's response.
func (s sample) answer(md protoreflect.MessageDescriptor) (any, error) {
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		return nil, err
	}
	m := mt.New().Interface()
	text, err := json.Marshal(s.Response.Body)
	if err != nil {
		return nil, err
	}
	if _, err := dlijson.DecodeResponse(bytes.NewReader(text), m); err != nil {
		return nil, err
	}
	if text, err = dlijson.AppendResponse(nil, m); err != nil {
		return nil, err
	}
	var answer any
	err = json.Unmarshal(text, &answer)
	return answer, err
}
