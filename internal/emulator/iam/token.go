package iam

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/strictjson"
)

// A tokenRequest is the body of a request for a token.
type tokenRequest struct {
	Auth struct {
		Identity struct {
			Methods    []string      `json:"methods"`
			Password   *passwordAuth `json:"password"`
			AssumeRole *assumedRole  `json:"assume_role"`
		} `json:"identity"`
		Scope scope `json:"scope"`
	} `json:"auth"`
}

type passwordAuth struct {
	User struct {
		Name     string     `json:"name"`
		Password string     `json:"password"`
		Domain   domainName `json:"domain"`
	} `json:"user"`
}

type domainName struct {
	Name string `json:"name"`
}

// An assumedRole names an agency. Older documents call it xrole_name.
type assumedRole struct {
	DomainName string `json:"domain_name"`
	AgencyName string `json:"agency_name"`
	XRoleName  string `json:"xrole_name"`
}

func (a *assumedRole) name() string { return cmp.Or(a.AgencyName, a.XRoleName) }

// A scope is what a token is for: a project, a domain, or IAM alone.
type scope struct {
	Project *struct {
		ID string `json:"id"`
	} `json:"project"`
	Domain *domainName `json:"domain"`
}

func (s scope) project() string {
	if s.Project == nil {
		return ""
	}
	return s.Project.ID
}

// RequestedProject returns the project that a request asks a token for, "" if there is
// none.
func RequestedProject(body []byte) string {
	var req tokenRequest
	if strictjson.Unmarshal(body, &req) != nil {
		return ""
	}
	return req.Auth.Scope.project()
}

// readTokenRequest reads a request strictly: anything unknown is a client's mistake,
// or a part of IAM that is not emulated.
func readTokenRequest(r *http.Request, body []byte) (*tokenRequest, error) {
	for name := range r.URL.Query() {
		if name != "nocatalog" {
			return nil, errors.New(name + ": there is no such query parameter")
		}
	}
	req := &tokenRequest{}
	if err := strictjson.Unmarshal(body, req); err != nil {
		return nil, err
	}
	identity, scope := &req.Auth.Identity, &req.Auth.Scope
	switch {
	case slices.Equal(identity.Methods, []string{"password"}) && identity.Password != nil && identity.AssumeRole == nil:
	case slices.Equal(identity.Methods, []string{"assume_role"}) && identity.AssumeRole != nil && identity.Password == nil:
	default:
		return nil, errors.New("auth.identity: methods must be password or assume_role, with the object of that name and no other")
	}
	if scope.Project != nil && (scope.Project.ID == "" || scope.Domain != nil) {
		return nil, errors.New("auth.scope: must be a project by its id, or a domain")
	}
	return req, nil
}

// tokenResponse is the body that describes a token; the token itself is a header.
func tokenResponse(req *tokenRequest, h holder, now time.Time, t token) any {
	domain := map[string]string{"name": h.domain}
	described := map[string]any{
		"methods":    req.Auth.Identity.Methods,
		"issued_at":  formatTime(now),
		"expires_at": formatTime(t.expires),
		"user":       map[string]any{"name": h.name, "domain": domain},
		"roles":      []string{},
		"catalog":    []string{},
	}
	switch {
	case t.project != "":
		described["project"] = map[string]any{"id": t.project, "domain": domain}
	case req.Auth.Scope.Domain != nil:
		described["domain"] = domain
	}
	return map[string]any{"token": described}
}
