package credentials

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/signing"
)

// A reading reads secrets that belong together and collects their problems.
type reading struct {
	read     func(*configv1.Secret) (string, error)
	problems []error
}

func (r *reading) add(field string, err error) {
	r.problems = append(r.problems, fmt.Errorf("%s: %w", field, err))
}

// any reads a secret of any characters, as a password is.
func (r *reading) any(field string, s *configv1.Secret) string {
	if s == nil {
		r.add(field, errors.New("must be set"))
		return ""
	}
	value, err := r.read(s)
	switch {
	case err != nil:
		r.add(field, err)
		return ""
	case value == "":
		r.add(field, errors.New("the secret is empty"))
	case !utf8.ValidString(value):
		r.add(field, errors.New("the secret must be UTF-8"))
	case strings.HasPrefix(value, "\ufeff"):
		r.add(field, errors.New("the secret must not begin with a byte order mark"))
	}
	return value
}

// header reads a secret that is sent in a header, where other characters would be
// truncated or rejected.
func (r *reading) header(field string, s *configv1.Secret) string {
	value := r.any(field, s)
	if value != "" && !plain(value) {
		r.add(field, errors.New("the secret must be printable ASCII without spaces"))
	}
	return value
}

func (r *reading) accessKey(field string, key *configv1.AccessKey) signing.Credentials {
	c := signing.Credentials{
		AccessKeyID:     r.header(field+".id", key.GetId()),
		SecretAccessKey: r.header(field+".secret", key.GetSecret()),
	}
	if strings.Contains(c.AccessKeyID, ",") {
		r.add(field+".id", errors.New("must not contain a comma"))
	}
	if key.GetSecurityToken() != nil {
		c.SecurityToken = r.header(field+".security_token", key.GetSecurityToken())
	}
	return c
}

func (r *reading) err() error { return errors.Join(r.problems...) }

// inFiles reports whether a secret is in a file and so can change, unlike the
// environment of a process.
func inFiles(secrets ...*configv1.Secret) bool {
	for _, s := range secrets {
		if s.GetFile() != "" {
			return true
		}
	}
	return false
}
