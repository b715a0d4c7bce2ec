package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"google.golang.org/grpc/metadata"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

const authorization = "authorization"

// Allow configures callers, who call by As. It needs the secrets of the stage.
func Allow(cfg *configv1.Config, callers ...string) {
	cfg.Auth = &configv1.Auth{}
	for _, caller := range callers {
		cfg.Auth.Tokens = append(cfg.Auth.Tokens, &configv1.CallerToken{
			Name: caller, Sha256: &configv1.Secret{Source: &configv1.Secret_Env{Env: callerPrefix + caller}},
		})
	}
}

// As returns a context in which a client calls as a caller.
func As(ctx context.Context, caller string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, authorization, "Bearer "+tokenOf(caller))
}

func tokenOf(caller string) string { return "a-token-of-a-test-for-" + caller }

// callerPrefix begins the secrets that are hashes of callers' tokens.
const callerPrefix = "CALLER_"

// secretOfStage returns the hash of a caller's token, or the credentials for DLI.
func secretOfStage(s *configv1.Secret) (string, error) {
	caller, ok := strings.CutPrefix(s.GetEnv(), callerPrefix)
	if !ok {
		return "stage", nil
	}
	sum := sha256.Sum256([]byte(tokenOf(caller)))
	return hex.EncodeToString(sum[:]), nil
}

// authorizationOf returns the header of a caller; empty without one.
func authorizationOf(ctx context.Context) []string {
	md, _ := metadata.FromOutgoingContext(ctx)
	return md.Get(authorization)
}
