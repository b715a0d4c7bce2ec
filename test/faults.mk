SOAK ?= 60s
SEED ?= 0

.PHONY: faults
faults: ## Plays every RPC against every fault, and prints the figures of docs/reliability.md.
	go test ./test/faults -count=1 -timeout 15m
	go test ./test/faults -count=1 -timeout 15m -v -run 'TestFigures' -args -figures

.PHONY: soak
soak: ## Lets 64 callers work for SOAK (60s) while DLI fails in ever other ways; SEED repeats a run.
	go test ./test/soak -count=1 -timeout 4h -v -run 'TestSoak' -args -soak $(SOAK) -seed $(SEED)
