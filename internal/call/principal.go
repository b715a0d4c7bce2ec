package call

import "slices"

// A Kind is the kind of credentials that a caller was authenticated by.
type Kind string

// The kinds.
const (
	Anonymous Kind = "anonymous"
	Token     Kind = "token"
	JWT       Kind = "jwt"
	MTLS      Kind = "mtls"
	AccessKey Kind = "access_key"
)

// Kinds are all kinds.
var Kinds = [...]Kind{Anonymous, Token, JWT, MTLS, AccessKey}

// A Principal is who calls. It is shared by calls and must not be modified.
// A policy sees its fields by their names here.
type Principal struct {
	// Name is the kind and the ID, as in token:billing: IDs of different kinds can be equal.
	Name       string            `cel:"name"`
	ID         string            `cel:"id"`
	Kind       Kind              `cel:"kind"`
	Groups     []string          `cel:"groups"`
	Attributes map[string]string `cel:"attributes"`
}

// NewPrincipal returns a principal.
func NewPrincipal(kind Kind, id string, groups []string, attributes map[string]string) *Principal {
	return &Principal{Name: string(kind) + ":" + id, ID: id, Kind: kind, Groups: groups, Attributes: attributes}
}

// Nobody is the principal of calls without credentials.
var Nobody = &Principal{Name: string(Anonymous), ID: string(Anonymous), Kind: Anonymous}

// In reports whether the principal belongs to a group.
func (p *Principal) In(group string) bool { return slices.Contains(p.Groups, group) }
