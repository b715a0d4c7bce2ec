package app

import (
	"log/slog"

	"github.com/connsvc/connsvc/internal/credentials"
)

// renewals logs what becomes of the credentials of upstreams.
type renewals struct{ log *slog.Logger }

func (r renewals) renewed(upstream string, renewal credentials.Renewal) {
	log := r.log.With("upstream", upstream, "source", renewal.Source, "project", renewal.Project)
	if renewal.Err != nil {
		log.Warn("no new credentials; what is in hand goes on to serve", "error", renewal.Err.Error())
		return
	}
	log.Info("new credentials", "expires", renewal.Expires)
}
