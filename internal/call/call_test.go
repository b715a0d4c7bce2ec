package call_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/call"
)

func TestContextPrintsNoToken(t *testing.T) {
	ctx, cancel := context.WithCancel(call.NewContext(t.Context(), &call.Call{CallerToken: "CANARY"}))
	defer cancel()
	if got := fmt.Sprintf("%v %+v %#v %s", ctx, ctx, ctx, ctx); strings.Contains(got, "CANARY") {
		t.Errorf("the context prints the token: %s", got)
	}
}
