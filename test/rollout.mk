# Two replicas and more: included by the Makefile.

.PHONY: rollout
rollout: ## Restarts two replicas under 200 calls/s over both doors: no call may fail.
	go test ./test/rollout -run '^TestRollingRestart$$' -count=1 -v -timeout 5m -args -whole
