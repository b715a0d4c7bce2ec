# The page at /docs in a browser, and a client that is generated from the OpenAPI document.
# Included by the Makefile. What it needs beyond Go is installed: from Debian and npm.

# Where the screenshots go; docs/images has those of the documents.
SCREENSHOTS ?= $(BIN)/page

.PHONY: page
page: ## Tests the page at /docs in a browser, and a generated client of the REST API.
	$(call installed,chromium fonts-dejavu-core nodejs)
	cd test/page && npm ci --silent --no-audit --no-fund
	cd test/page && npx openapi-typescript $(CURDIR)/$(OPENAPI) -o out/api.d.ts && npx tsc
	go build -o $(BIN)/page/connsvc ./cmd/connsvc
	cd test/page && CONNSVC=$(BIN)/page/connsvc CHROMIUM=$$(command -v chromium) SCREENSHOTS=$(abspath $(SCREENSHOTS)) \
	  node --test --test-reporter=spec --test-concurrency=1 out/
