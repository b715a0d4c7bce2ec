package config

import _ "embed" // for Schema

//go:embed schema.json
var schema string

// Schema returns the JSON Schema (draft-07) of configuration files, made from the
// protobuf schema by this package's tests. It has no references, so that it can stand
// inside another, as in a Helm chart's values.schema.json. It takes the documented
// way to write a value; Load takes a few more, and knows rules that no JSON Schema
// can say.
func Schema() string { return schema }
