package emulator

import (
	"io"
	"net/http"
	"slices"
	"time"
)

const (
	tokensPath      = "/v3/auth/tokens"               // POST: en-us_topic_0057845583, en-us_topic_0064274720
	securityKeyPath = "/openstack/latest/securitykey" // GET, of the metadata service

	// maxIAMBytes is the largest body that IAM reads.
	maxIAMBytes = 64 << 10
	// iamTime is how IAM writes times, in UTC.
	iamTime = "2006-01-02T15:04:05.000000Z"
)

// IAM serves what DLI's callers need of the services beside it: IAM's tokens by
// password and for an agency, and the temporary keys of the metadata service. Their
// paths are none of DLI's. Unlike the real IAM it does not lock a user after wrong
// passwords, and knows projects by ID alone.
func (e *Emulator) IAM() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+tokensPath, &faulty{e, iamOperation, http.StatusCreated, sayKeystone, http.HandlerFunc(e.createToken)})
	mux.Handle("GET "+securityKeyPath, &faulty{e, metadataOperation, http.StatusOK, sayKeystone, http.HandlerFunc(e.getSecurityKey)})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		sayKeystone(w, iamRefusal(http.StatusNotFound, "The resource could not be found."))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-IAM-Trace-Id", e.requestIDs.hex())
		mux.ServeHTTP(w, r)
	})
}

// sayKeystone writes an error as IAM does, which took that form from Keystone.
func sayKeystone(w http.ResponseWriter, f *refusal) {
	writeJSON(w, f.status, map[string]any{"error": map[string]any{
		"code": f.status, "message": f.message, "title": http.StatusText(f.status),
	}})
}

func iamRefusal(status int, message string) *refusal {
	return &refusal{status: status, message: message}
}

// createToken issues a token. By default it answers with an empty catalog.
func (e *Emulator) createToken(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxIAMBytes))
	if err != nil {
		sayKeystone(w, iamRefusal(http.StatusBadRequest, "The request body did not come whole or is too large."))
		return
	}
	req, err := readTokenRequest(r, body)
	if err != nil {
		sayKeystone(w, iamRefusal(http.StatusBadRequest, err.Error()))
		return
	}
	holder, refused := e.identify(r, body, req)
	if refused == nil {
		refused = e.checkScope(holder, req.Auth.Scope.project())
	}
	if refused != nil {
		sayKeystone(w, refused)
		return
	}
	now := e.options.Now()
	text, t := e.identities.issueToken(req.Auth.Scope.project(), now, e.options.TokenLifetime)
	w.Header().Set("X-Subject-Token", text)
	writeJSON(w, http.StatusCreated, tokenAnswer(req, holder, now, t))
}

// A holder is whose token is asked for.
type holder struct {
	domain, name string
	projects     []string // nil: any
}

// identify finds out whose token the caller may have.
func (e *Emulator) identify(r *http.Request, body []byte, req *tokenRequest) (holder, *refusal) {
	if role := req.Auth.Identity.AssumeRole; role != nil {
		return e.assume(r, body, role)
	}
	user := req.Auth.Identity.Password.User
	for _, u := range e.options.Users {
		if u.Domain == user.Domain.Name && u.Name == user.Name && u.Password == user.Password {
			return holder{u.Domain, u.Name, u.Projects}, nil
		}
	}
	return holder{}, iamRefusal(http.StatusUnauthorized, "The username or password is wrong.")
}

// assume finds the agency for a caller that proves to be known. An agency that does
// not exist is no secret to it.
func (e *Emulator) assume(r *http.Request, body []byte, role *assumedRole) (holder, *refusal) {
	denied := iamRefusal(http.StatusUnauthorized, "The request you have made requires authentication.")
	if text := r.Header.Get("X-Auth-Token"); text != "" {
		if _, err := e.checkToken(text); err != nil {
			return holder{}, denied
		}
	} else if err := e.checkSignature(r, body); err != nil {
		return holder{}, denied
	}
	for _, a := range e.options.Agencies {
		if a.Domain == role.DomainName && a.Name == role.name() {
			return holder{a.Domain, a.Domain + "/" + a.Name, a.Projects}, nil
		}
	}
	return holder{}, iamRefusal(http.StatusNotFound, "Could not find the agency.")
}

// checkScope checks that the holder may act in the project; no project is no
// question. The documents give 403 for denied access without saying of what.
func (e *Emulator) checkScope(h holder, project string) *refusal {
	if project == "" || e.knownProjects.exist(project) && (h.projects == nil || slices.Contains(h.projects, project)) {
		return nil
	}
	return iamRefusal(http.StatusForbidden, "You are not authorized to perform the requested action.")
}

// getSecurityKey answers as the metadata service of an ECS does, with what the
// agency that is bound to the machine gives.
func (e *Emulator) getSecurityKey(w http.ResponseWriter, _ *http.Request) {
	if e.options.MetadataLifetime == 0 {
		// That text is what SDKs look for.
		sayKeystone(w, iamRefusal(http.StatusUnauthorized, "Please configure Cloud Service Agency first"))
		return
	}
	id, key := e.identities.machineKey(e.options.Now(), e.options.MetadataLifetime)
	writeJSON(w, http.StatusOK, map[string]any{"credential": map[string]string{
		"access": id, "secret": key.Secret, "securitytoken": key.SecurityToken, "expires_at": formatIAMTime(key.Expires),
	}})
}

func formatIAMTime(t time.Time) string { return t.UTC().Format(iamTime) }
