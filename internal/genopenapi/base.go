package main

import (
	_ "embed" // for base
	"encoding/json"

	"github.com/getkin/kin-openapi/openapi3"
	"go.yaml.in/yaml/v3"
)

// base is what no descriptor has: the title, the groups of operations, how callers
// authenticate, and the form of errors.
//
//go:embed base.yaml
var base []byte

func (p *pass) addBase() error {
	var value any
	if err := yaml.Unmarshal(base, &value); err != nil {
		return err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var b openapi3.T
	if err := json.Unmarshal(text, &b); err != nil {
		return err
	}
	p.doc.Info, p.doc.Servers, p.doc.Tags, p.doc.Security, p.doc.Components = b.Info, b.Servers, b.Tags, b.Security, b.Components
	p.doc.Components.Responses = openapi3.ResponseBodies{}
	return nil
}
