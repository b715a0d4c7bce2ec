package service

import "context"

type wholeKey struct{}

// WithWholeAnswers marks a call whose answer is not cut into pages, as DLI's own
// is not: a list then has no next_page_token.
func WithWholeAnswers(ctx context.Context) context.Context {
	return context.WithValue(ctx, wholeKey{}, true)
}

func wantsWhole(ctx context.Context) bool {
	whole, _ := ctx.Value(wholeKey{}).(bool)
	return whole
}
