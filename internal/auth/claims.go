package auth

import (
	"strconv"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// principalOf returns the principal of verified claims.
func principalOf(claims jwt.MapClaims, cfg *configv1.JWT) (*call.Principal, error) {
	id, _ := claims[cfg.GetIdClaim()].(string)
	if strings.TrimSpace(id) == "" {
		return nil, errNoID
	}
	attributes := make(map[string]string)
	for _, name := range cfg.GetAttributeClaims() {
		if value, ok := textOf(claims[name]); ok {
			attributes[name] = value
		}
	}
	// The name of the issuer keeps the IDs of two issuers apart.
	return call.NewPrincipal(call.JWT, cfg.GetName()+"/"+id, groupsOf(claims, cfg.GetGroupsClaim()), attributes), nil
}

func groupsOf(claims jwt.MapClaims, claim string) []string {
	if claim == "" {
		return nil
	}
	value, ok := claims[claim]
	if !ok {
		value = inside(claims, claim)
	}
	switch value := value.(type) {
	case string:
		return strings.Fields(value)
	case []any:
		var groups []string
		for _, item := range value {
			if group, ok := item.(string); ok {
				groups = append(groups, group)
			}
		}
		return groups
	default:
		return nil
	}
}

// inside returns the value at a path of names with dots between.
func inside(object map[string]any, path string) any {
	name, rest, more := strings.Cut(path, ".")
	if !more {
		return object[name]
	}
	below, _ := object[name].(map[string]any)
	return inside(below, rest)
}

func textOf(value any) (string, bool) {
	switch value := value.(type) {
	case string:
		return value, true
	case bool:
		return strconv.FormatBool(value), true
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64), true
	default:
		return "", false
	}
}
