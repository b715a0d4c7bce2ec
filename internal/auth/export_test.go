package auth

// LimitReplays limits the signatures that are remembered.
func (a *Authenticator) LimitReplays(n int) { a.replays.limit = n }
