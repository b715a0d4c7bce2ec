package config

import (
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// FillDefaults is fillDefaults.
var FillDefaults = fillDefaults

// PrintMessage is Print of any message.
func PrintMessage(m proto.Message) (string, error) {
	text, err := printMessage(m.ProtoReflect())
	return string(text), err
}

// Parser returns what Load does with the content of a file called path. Load
// compiles the rules each time, which is too slow to fuzz.
func Parser(path string) (func(text string) (*configv1.Config, error), error) {
	check, err := newChecker()
	return func(text string) (*configv1.Config, error) {
		cfg, problems := parse([]byte(text), check)
		if len(problems) > 0 {
			return nil, problems.in(path)
		}
		fillDefaults(cfg)
		return cfg, nil
	}, err
}
