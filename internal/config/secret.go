package config

import (
	"errors"
	"fmt"
	"strings"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

// maxSecretBytes limits the file of a secret: 64 KiB. Tokens have a few KiB.
const maxSecretBytes = 64 << 10

// Secrets reads secrets.
type Secrets struct {
	Dir       string                           // where relative paths start
	LookupEnv func(name string) (string, bool) // os.LookupEnv
}

// Read returns the secret at its place, never empty. No error contains the secret.
//
// A line end at the end of a file is removed. A secret with another line end or
// control character is rejected: it would be truncated or break a header.
func (s Secrets) Read(secret *configv1.Secret) (string, error) {
	switch source := secret.GetSource().(type) {
	case *configv1.Secret_Env:
		value, ok := s.LookupEnv(source.Env)
		if !ok {
			return "", fmt.Errorf("reading a secret: environment variable %s is not set", source.Env)
		}
		if err := checkSecret(value); err != nil {
			return "", fmt.Errorf("reading a secret: environment variable %s %w", source.Env, err)
		}
		return value, nil
	case *configv1.Secret_File:
		path := watch.Path(s.Dir, source.File)
		data, err := watch.ReadFile(path, maxSecretBytes)
		if err != nil {
			return "", fmt.Errorf("reading a secret: %w", err)
		}
		value := trimLineEnd(string(data))
		if err := checkSecret(value); err != nil {
			return "", fmt.Errorf("reading a secret: file %s %w", path, err)
		}
		return value, nil
	default:
		return "", errors.New("reading a secret: set exactly one of file, env")
	}
}

func trimLineEnd(s string) string {
	if line, ok := strings.CutSuffix(s, "\n"); ok {
		return strings.TrimSuffix(line, "\r")
	}
	return s
}

func checkSecret(value string) error {
	if strings.TrimSpace(value) == "" {
		return errors.New("is empty")
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("contains a line end or another control character")
	}
	return nil
}
