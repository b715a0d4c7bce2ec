SOAK ?= 60s
SEED ?= 0

.PHONY: faults
faults: ## Runs every RPC against every fault, and prints the figures of docs/reliability.md.
	go test ./test/faults -count=1 -timeout 15m
	go test ./test/faults -count=1 -timeout 15m -v -run 'TestFigures' -args -figures

.PHONY: soak
soak: ## Runs 64 callers for SOAK (60s) while the faults of DLI change; SEED repeats a run.
	go test ./test/soak -count=1 -timeout 4h -v -run 'TestSoak' -args -soak $(SOAK) -seed $(SEED)
