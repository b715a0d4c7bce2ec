# The tasks of what is deployed: image, chart, alerts. Their tools are pinned in
# deploy/tools, each in a module of its own: so each is what its authors built.

CHART := deploy/helm/connsvc
IMAGE_VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

$(BIN)/helm: deploy/tools/helm/go.mod deploy/tools/helm/go.sum
	cd $(<D) && go build -ldflags '-s -w' -o $@ helm.sh/helm/v4/cmd/helm

# It renders by Helm 3's library: the chart is proved with both.
$(BIN)/helm-unittest: deploy/tools/unittest/go.mod deploy/tools/unittest/go.sum
	cd $(<D) && go build -ldflags '-s -w' -o $@ github.com/helm-unittest/helm-unittest/cmd/helm-unittest

# Without service discovery, which testing rules has no need of.
$(BIN)/promtool: deploy/tools/promtool/go.mod deploy/tools/promtool/go.sum
	cd $(<D) && go build -tags remove_all_sd -ldflags '-s -w' -o $@ github.com/prometheus/prometheus/cmd/promtool

$(BIN)/cyclonedx-gomod: deploy/tools/sbom/go.mod deploy/tools/sbom/go.sum
	cd $(<D) && go build -ldflags '-s -w' -o $@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

.PHONY: helm-schema
helm-schema: ## Makes the schema of the chart's values from that of the configuration.
	go run ./cmd/connsvc config schema | go -C test/manifests run ./valuesschema \
	  $(CURDIR)/$(CHART)/values.schema.base.json $(CURDIR)/$(CHART)/values.schema.json $(CURDIR)/$(CHART)/files/durations.json

# It checks and rates the unit of deploy/systemd.
.PHONY: systemd-analyze
systemd-analyze:
	@command -v systemd-analyze >/dev/null || ! command -v apt-get >/dev/null || \
	  { apt-get update -qq && apt-get install -qq --no-install-recommends systemd; }

.PHONY: helm
helm: $(BIN)/helm $(BIN)/helm-unittest systemd-analyze ## Lints, renders and tests the chart; Kubernetes' own types and connsvc judge the result.
	@for values in $(CHART)/ci/*-values.yaml; do \
	  echo "helm lint --strict -f $$values"; \
	  $(BIN)/helm lint --strict --quiet $(CHART) -f $$values || exit 1; \
	done
	$(BIN)/helm-unittest --strict $(CHART)
	go -C deploy/tools/helm test -count=1 -timeout 20m ./...
	go -C test/manifests vet ./...
	go -C test/manifests test -count=1 -skip '^Test(Metrics|Reasons|Runbook|Alerts|Dashboard|TwoReleases)' .

.PHONY: alerts
alerts: $(BIN)/promtool $(BIN)/helm ## Tests the alert rules, and that rules, dashboard, runbook and code agree.
	$(BIN)/promtool check rules --lint-fatal $(CHART)/files/rules.yaml
	$(BIN)/promtool test rules deploy/alerts/rules_test.yaml
	go -C test/manifests test -count=1 -run '^Test(Metrics|Reasons|Runbook|Alerts|Dashboard|TwoReleases)' .

.PHONY: image
image: $(BIN)/cyclonedx-gomod ## Takes the Dockerfile's steps without an engine, checks the image, writes its SBOM.
	go -C test/manifests test -count=1 -timeout 30m -v ./image -version '$(IMAGE_VERSION)' -out $(BIN)/image
	$(BIN)/cyclonedx-gomod bin -json -version '$(IMAGE_VERSION)' -output $(BIN)/image/connsvc.cdx.json $(BIN)/image/connsvc
	@printf 'SBOM: %s components in %s\n' "$$(grep -c '"purl"' $(BIN)/image/connsvc.cdx.json)" .bin/image/connsvc.cdx.json
