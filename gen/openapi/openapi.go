// Package openapi has the OpenAPI 3.1 document of connsvc's REST API, which
// internal/genopenapi writes from the contract.
package openapi

import _ "embed" // for Document

// Document is the document, as JSON.
//
//go:embed connsvc.openapi.json
var Document []byte
