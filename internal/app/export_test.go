package app

import configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"

// Reload activates a changed configuration.
func (a *App) Reload(cfg *configv1.Config) error { return (&reloader{app: a}).apply(cfg) }
