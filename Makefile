# Every task of the project. Nothing here is needed to run connsvc or `go test ./...`;
# what a task needs beyond Go it builds itself, at the versions of tools/go.mod.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

BIN := $(CURDIR)/.bin
export PATH := $(BIN):$(PATH)

# Executions, not a time: at the end of a time, workers under way fail now and then.
FUZZTIME ?= 20000x
# The contract is held against the last release; before the first one, against the
# main branch, and on it against the commit before.
AGAINST ?= $(shell git describe --tags --abbrev=0 2>/dev/null || \
  { [ "$$(git rev-parse HEAD)" = "$$(git rev-parse main 2>/dev/null)" ] && echo HEAD~1; } || echo main)

OPENAPI := gen/openapi/connsvc.openapi.json

.PHONY: help
help: ## Lists every task.
	@awk -F':.*## ' '/^[a-z_-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: check
check: generate format lint vulncheck ## Generates, formats, lints and looks for known vulnerabilities; what is committed must already be so.
	git diff --exit-code
	@test -z "$$(git ls-files --others --exclude-standard)" || { git ls-files --others --exclude-standard; echo "files that git does not know"; exit 1; }

.PHONY: generate
generate: third_party stubs ## Generates gen/ from proto/, and docs from the code.
	rm -rf gen/go/connsvc/*/ internal/gateway
	buf generate
	go run ./internal/genopenapi
	go run ./internal/gendocs

.PHONY: third_party
third_party: $(BIN)/buf $(BIN)/protoc-gen-go $(BIN)/protoc-gen-go-grpc $(BIN)/protoc-gen-grpc-gateway $(BIN)/protoc-gen-openapiv3 ## Prints the imported protos from the pinned Go packages.
	go run ./internal/thirdparty third_party

.PHONY: format
format: $(BIN)/buf $(BIN)/golangci-lint ## Formats Go and proto.
	buf format -w proto
	golangci-lint fmt

.PHONY: lint
lint: third_party $(BIN)/golangci-lint ## Lints Go, proto, and module files.
	buf lint
	golangci-lint run
	cd test/compat && golangci-lint run
	cd test/manifests && golangci-lint run
	cd test/clients && golangci-lint run
	for os in darwin windows; do GOOS=$$os go vet ./cmd/connsvc ./internal/server; done
	go mod tidy -diff
	go mod verify
	cd gen/go && go mod tidy -diff && golangci-lint run

.PHONY: vulncheck
vulncheck: $(BIN)/govulncheck ## Looks for known vulnerabilities in what connsvc calls; VULNDB names a mirror of the database.
	tools/vulncheck.sh

.PHONY: breaking
breaking: third_party $(BIN)/oasdiff ## Refuses a contract that breaks clients of AGAINST (main; on main, the commit before).
	rm -rf $(BIN)/against
	git archive --prefix=against/ $(AGAINST) buf.yaml proto | tar -x -C $(BIN)
	cp -r third_party $(BIN)/against/third_party
	buf breaking --against $(BIN)/against
	@if git show $(AGAINST):$(OPENAPI) >$(BIN)/against/openapi.json 2>/dev/null; then \
	  oasdiff breaking --fail-on ERR $(BIN)/against/openapi.json $(OPENAPI); \
	else \
	  echo "$(AGAINST) has no $(OPENAPI)"; \
	fi

.PHONY: test
test: ## Runs all tests, with the race detector.
	go test -race ./...

.PHONY: compat
compat: ## Runs Huawei's SDK and Terraform's requests through a started connsvc.
	cd test/compat && go mod tidy -diff && go vet ./... && go test -race ./...

.PHONY: fuzz
fuzz: ## Runs each fuzz test FUZZTIME (20000x) times.
	@for pkg in $$(go list ./...); do \
	  for name in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$name"; \
	    go test $$pkg -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) >$(BIN)/fuzz.log 2>&1 || { cat $(BIN)/fuzz.log; exit 1; }; \
	    tail -n 1 $(BIN)/fuzz.log; \
	  done; done

.PHONY: bench
bench: ## Prints the table of docs/performance.md: each row a ratio within one run.
	go run ./internal/bench

include deploy/deploy.mk
include test/apply.mk test/completion.mk test/attack.mk test/faults.mk test/iam.mk test/rollout.mk test/clients.mk test/page.mk

.PHONY: clean
clean: ## Removes what was built.
	rm -rf $(BIN) third_party

# The tools, pinned by tools/go.mod.
TOOL_govulncheck := golang.org/x/vuln/cmd/govulncheck
TOOL_buf := github.com/bufbuild/buf/cmd/buf
TOOL_golangci-lint := github.com/golangci/golangci-lint/v2/cmd/golangci-lint
TOOL_grpcurl := github.com/fullstorydev/grpcurl/cmd/grpcurl
TOOL_protoc-gen-go := google.golang.org/protobuf/cmd/protoc-gen-go
TOOL_protoc-gen-go-grpc := google.golang.org/grpc/cmd/protoc-gen-go-grpc
TOOL_protoc-gen-grpc-gateway := github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway
TOOL_protoc-gen-openapiv3 := github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv3

$(BIN)/%: tools/go.mod tools/go.sum
	cd tools && go build -o $@ $(TOOL_$*)

# In a module of its own, with the versions that its authors built it with.
$(BIN)/oasdiff: tools/oasdiff/go.mod tools/oasdiff/go.sum
	cd $(<D) && go build -ldflags '-s -w' -o $@ github.com/oasdiff/oasdiff

# So that "make .bin/grpcurl" works as documents print it.
.bin/%: $(BIN)/% ;
.PRECIOUS: $(BIN)/%
