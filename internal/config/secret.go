package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

// maxSecretBytes bounds the file of a secret: 64 KiB. Tokens have a few.
const maxSecretBytes = 64 << 10

// Secrets reads secrets.
type Secrets struct {
	Dir       string                           // where relative paths start
	LookupEnv func(name string) (string, bool) // os.LookupEnv
}

// Read returns what a Secret points to, never empty. No error holds the secret.
//
// One line end that closes a file does not belong to the secret. A secret that
// holds another one, or any control character, is refused: it would be cut off or
// break a header, and never be right.
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
		path := source.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(s.Dir, path)
		}
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
		return "", errors.New("reading a secret: neither a file nor an environment variable is named")
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
		return errors.New("holds a line end or another control character")
	}
	return nil
}
