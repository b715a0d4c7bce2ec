# Two replicas and more: included by the Makefile.

.PHONY: rollout
rollout: ## Restarts two replicas under 200 calls/s over both APIs: no call may fail, and no watch misses an event.
	go test ./test/rollout -run 'RollingRestart$$' -count=1 -v -timeout 5m -args -whole

# SCALING chooses among Core, InFlight, Full, Responses, Connections, Watchers, Projects, RateLimit, SlowDLI.
SCALING ?= .

.PHONY: scaling
scaling: ## Measures the figures of docs/scaling.md (6 minutes, Linux).
	go test ./test/rollout -run '^$$' -bench '$(SCALING)' -benchtime 1x -timeout 20m
