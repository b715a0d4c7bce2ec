// Command genopenapi finishes the OpenAPI document of the REST API. protoc-gen-openapiv3
// knows protobuf's JSON and google.api.http; this pass over its output adds what is DLI's
// dialect, the contract's rules, the errors, and the examples of the contract suite. It
// runs in the root of the repository, after buf.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// The files that are read and written.
const (
	pluginOutput = ".bin/openapi/connsvc/v1/connection_service.openapi.json"
	samplesFile  = "test/contract/testdata/samples.yaml" // of DLI's operations
	ownFile      = "internal/genopenapi/own.yaml"        // of the other RPCs
	document     = "gen/openapi/connsvc.openapi.json"
)

func main() {
	flag.Usage = func() { fmt.Fprintln(flag.CommandLine.Output(), "usage: genopenapi, in the root of the repository") }
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "genopenapi:", err)
		os.Exit(1)
	}
}

func run() error {
	generated, err := os.ReadFile(pluginOutput)
	if err != nil {
		return err
	}
	samples, err := readSamples(samplesFile)
	if err != nil {
		return err
	}
	own, err := readSamples(ownFile)
	if err != nil {
		return err
	}
	maps.Copy(samples, own)
	text, err := finish(generated, samples)
	if err != nil {
		return err
	}
	return os.WriteFile(document, text, 0o644) //nolint:gosec // for everybody to read
}

// A pass is the document while it is changed.
type pass struct {
	doc       *openapi3.T
	generated openapi3.Schemas  // those of the plugin, by message without the package
	samples   map[string]sample // by RPC
}

// finish returns the document of what the plugin generated.
func finish(generated []byte, samples map[string]sample) ([]byte, error) {
	// Names of components without the package are shorter to read in generated code.
	generated = bytes.ReplaceAll(generated, []byte("connsvc.v1."), nil)
	doc, err := openapi3.NewLoader().LoadFromData(generated)
	if err != nil {
		return nil, err
	}
	p := &pass{doc: doc, generated: doc.Components.Schemas, samples: samples}
	if err := p.addBase(); err != nil {
		return nil, err
	}
	p.addErrors()
	if err := p.changeOperations(); err != nil {
		return nil, err
	}
	return p.print()
}

// print returns the document as text, if it is valid.
func (p *pass) print() ([]byte, error) {
	text, err := json.Marshal(p.doc)
	if err != nil {
		return nil, err
	}
	loaded, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	if err := loaded.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	// A reader meets the keys in this order.
	var ordered struct {
		OpenAPI    json.RawMessage `json:"openapi"`
		Info       json.RawMessage `json:"info"`
		Servers    json.RawMessage `json:"servers"`
		Security   json.RawMessage `json:"security"`
		Tags       json.RawMessage `json:"tags"`
		Paths      json.RawMessage `json:"paths"`
		Components json.RawMessage `json:"components"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&ordered); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(ordered)
	return b.Bytes(), err
}

// prose returns the text of a comment, without its line ends and the notes to tools.
func prose(comment string) string {
	comment, _, _ = strings.Cut(comment, "\nbuf:lint:ignore")
	paragraphs := strings.Split(comment, "\n\n")
	for i, text := range paragraphs {
		paragraphs[i] = strings.ReplaceAll(text, "\n", " ")
	}
	return strings.Join(paragraphs, "\n\n")
}
