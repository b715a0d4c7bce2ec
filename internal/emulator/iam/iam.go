// Package iam authenticates the emulator's callers: it issues IAM's tokens and the
// temporary keys of the metadata service, and checks tokens and signatures.
package iam

import (
	"cmp"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// The paths of IAM and of the metadata service; no path of DLI is like them.
const (
	TokensPath      = "/v3/auth/tokens"               // POST: en-us_topic_0057845583, en-us_topic_0064274720
	SecurityKeyPath = "/openstack/latest/securitykey" // GET
	SessionPath     = "/meta-data/latest/api/token"   // PUT: version 2 of the metadata service
)

const (
	// maxBodyBytes is the largest body that IAM reads.
	maxBodyBytes = 64 << 10
	// maxSessionSeconds is the longest life of a session token: 6 hours.
	maxSessionSeconds = 6 * 60 * 60
	// timeFormat is how IAM writes times, in UTC.
	timeFormat = "2006-01-02T15:04:05.000000Z"
)

// A Service is IAM and the metadata service. Unlike the real IAM it does not lock a
// user after wrong passwords, and knows projects by ID alone. It is safe for
// concurrent use.
type Service struct {
	known         Identities
	projectExists func(id string) bool
	now           func() time.Time
	issued        issued
}

// New makes a Service; secret returns 32 random hex digits.
func New(known Identities, projectExists func(id string) bool, now func() time.Time, secret func() string) *Service {
	if known.TokenLifetime == 0 {
		known.TokenLifetime = 24 * time.Hour
	}
	// The caller may change its own maps.
	known.AccessKeys, known.TemporaryKeys = maps.Clone(known.AccessKeys), maps.Clone(known.TemporaryKeys)
	return &Service{
		known: known, projectExists: projectExists, now: now,
		issued: issued{secret: secret, tokens: map[string]token{}, keys: map[string]TemporaryKey{}, sessions: map[string]time.Time{}},
	}
}

// WriteError writes an error as IAM does, in the form of Keystone.
func WriteError(w http.ResponseWriter, e *wire.Error) {
	wire.WriteJSON(w, e.Status, map[string]any{"error": map[string]any{
		"code": e.Status, "message": e.Message, "title": http.StatusText(e.Status),
	}})
}

// Error makes an error of IAM, which has no codes.
func Error(status int, message string) *wire.Error {
	return &wire.Error{Status: status, Message: message}
}

// CreateToken issues a token, valid for a lifetime; 0: the regular one. The catalog in the
// response is always empty.
func (s *Service) CreateToken(w http.ResponseWriter, r *http.Request, lifetime time.Duration) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		WriteError(w, Error(http.StatusBadRequest, "The request body did not come whole or is too large."))
		return
	}
	req, err := readTokenRequest(r, body)
	if err != nil {
		WriteError(w, Error(http.StatusBadRequest, err.Error()))
		return
	}
	holder, denied := s.identify(r, body, req)
	if denied == nil {
		denied = s.checkScope(holder, req.Auth.Scope.project())
	}
	if denied != nil {
		WriteError(w, denied)
		return
	}
	now := s.now()
	text, t := s.issued.issueToken(req.Auth.Scope.project(), now, cmp.Or(lifetime, s.known.TokenLifetime))
	w.Header().Set("X-Subject-Token", text)
	wire.WriteJSON(w, http.StatusCreated, tokenResponse(req, holder, now, t))
}

// A holder is the user or agency that a token is issued to.
type holder struct {
	domain, name string
	projects     []string // nil: any
}

// identify returns the holder of the token that the caller may have.
func (s *Service) identify(r *http.Request, body []byte, req *tokenRequest) (holder, *wire.Error) {
	if role := req.Auth.Identity.AssumeRole; role != nil {
		return s.assume(r, body, role)
	}
	user := req.Auth.Identity.Password.User
	for _, u := range s.known.Users {
		if u.Domain == user.Domain.Name && u.Name == user.Name && u.Password == user.Password {
			return holder{u.Domain, u.Name, u.Projects}, nil
		}
	}
	return holder{}, Error(http.StatusUnauthorized, "The username or password is wrong.")
}

// assume returns the agency for a caller that is known. Such a caller may learn that
// an agency does not exist.
func (s *Service) assume(r *http.Request, body []byte, role *assumedRole) (holder, *wire.Error) {
	denied := Error(http.StatusUnauthorized, "The request you have made requires authentication.")
	if text := r.Header.Get("X-Auth-Token"); text != "" {
		if _, err := s.checkToken(text); err != nil {
			return holder{}, denied
		}
	} else if err := s.checkSignature(r, body); err != nil {
		return holder{}, denied
	}
	for _, a := range s.known.Agencies {
		if a.Domain == role.DomainName && a.Name == role.name() {
			return holder{a.Domain, a.Domain + "/" + a.Name, a.Projects}, nil
		}
	}
	return holder{}, Error(http.StatusNotFound, "Could not find the agency.")
}

// checkScope checks that the holder may act in the project, if there is one. The
// documents only say that denied access is 403.
func (s *Service) checkScope(h holder, project string) *wire.Error {
	if project == "" || s.projectExists(project) && (h.projects == nil || slices.Contains(h.projects, project)) {
		return nil
	}
	return Error(http.StatusForbidden, "You are not authorized to perform the requested action.")
}

// CreateSession issues a session token, which version 2 of the metadata service wants.
func (s *Service) CreateSession(w http.ResponseWriter, r *http.Request) {
	if !s.known.MetadataV2 {
		WriteError(w, Error(http.StatusNotFound, "The resource could not be found."))
		return
	}
	seconds, err := strconv.Atoi(r.Header.Get("X-Metadata-Token-Ttl-Seconds"))
	if err != nil || seconds < 1 || seconds > maxSessionSeconds {
		WriteError(w, Error(http.StatusBadRequest, "X-Metadata-Token-Ttl-Seconds must be 1 to 21600."))
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, s.issued.issueSession(s.now(), time.Duration(seconds)*time.Second))
}

// GetSecurityKey responds as the metadata service of an ECS, with the key of the
// agency that is bound to the machine.
func (s *Service) GetSecurityKey(w http.ResponseWriter, r *http.Request) {
	if s.known.MetadataV2 && !s.issued.hasSession(r.Header.Get("X-Metadata-Token"), s.now()) {
		WriteError(w, Error(http.StatusUnauthorized, "Unauthorized"))
		return
	}
	if s.known.MetadataLifetime == 0 {
		// SDKs look for that text.
		WriteError(w, Error(http.StatusUnauthorized, "Please configure Cloud Service Agency first"))
		return
	}
	id, key := s.issued.machineKey(s.now(), s.known.MetadataLifetime)
	wire.WriteJSON(w, http.StatusOK, map[string]any{"credential": map[string]string{
		"access": id, "secret": key.Secret, "securitytoken": key.SecurityToken, "expires_at": formatTime(key.Expires),
	}})
}

func formatTime(t time.Time) string { return t.UTC().Format(timeFormat) }
