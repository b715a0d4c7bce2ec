# Stubs of the contract for other languages than Go, and the suite that runs them all.
# Included by the Makefile. What it needs beyond Go is installed: from Debian and npm.

# The compiler and runtimes whose generated code works together: others differ in every file.
PROTOC_VERSION := 3.21.12
DEBIAN_STUBS := protobuf-compiler protobuf-compiler-grpc protobuf-compiler-grpc-java-plugin nodejs
DEBIAN_CLIENTS := python3 python3-grpcio python3-protobuf python3-venv python3-setuptools python3-wheel mypy \
  openjdk-17-jdk-headless \
  libgrpc-java libnetty-java libperfmark-java libprotobuf-java libgoogle-gson-java libgeronimo-annotation-1.3-spec-java libnetty-tcnative-java

# $(call installed,PACKAGES) installs those that are missing.
define installed
@missing=$$(for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
if [ -n "$$missing" ]; then \
  echo "installing" $$missing; \
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
fi
endef

$(BIN)/grpcpyi: internal/grpcpyi/main.go go.mod
	go build -o $@ ./internal/grpcpyi

gen/ts/node_modules/.package-lock.json: gen/ts/package-lock.json
	cd gen/ts && npm ci --silent --no-audit --no-fund
	@touch $@

STUB_PATHS := proto/connsvc/v1 third_party/buf third_party/google

.PHONY: stubs
stubs: third_party $(BIN)/grpcpyi ## Generates gen/python, gen/ts, gen/java and gen/connsvc.binpb.
	$(call installed,$(DEBIAN_STUBS))
	@[ "$$(protoc --version)" = "libprotoc $(PROTOC_VERSION)" ] || { echo "protoc must be $(PROTOC_VERSION), as Debian 12 has it, not $$(protoc --version)"; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node must be 20 or later, not $$(node --version)"; exit 1; }
	@$(MAKE) --no-print-directory gen/ts/node_modules/.package-lock.json
	rm -rf gen/python/connsvc/v1 gen/python/connsvc/_protos gen/ts/connsvc gen/ts/buf gen/ts/google gen/java/src/main/java/com/connsvc/v1 gen/java/src/main/java/build gen/java/src/googleapis
	buf generate --template buf.gen.stubs.yaml
	buf build $(foreach path,$(STUB_PATHS),--path $(path)) --exclude-source-info --as-file-descriptor-set -o gen/connsvc.binpb
	@# gRPC's plugin writes an empty file for a proto without a service.
	grep -L '^class' $$(find gen/python/connsvc gen/python/buf gen/python/google -name '*_pb2_grpc.py') | xargs rm
	mkdir gen/python/connsvc/_protos && mv gen/python/buf gen/python/google gen/python/connsvc/_protos/
	@# Maven has these in proto-google-common-protos.
	mkdir -p gen/java/src/googleapis/java/com && mv gen/java/src/main/java/com/google gen/java/src/googleapis/java/com/
	cd gen/ts && npx tsc

JAVA_SOURCES = $(shell find gen/java/src test/clients/java -name '*.java')

# The stubs change seldom, and compile for a minute.
$(BIN)/clients/java/Scenes.class: $(JAVA_SOURCES) gen/java/src/main/resources/connsvc/service_config.json
	rm -rf $(@D) && mkdir -p $(@D)
	@echo 'javac gen/java test/clients/java'; find gen/java/src test/clients/java -name '*.java' >$(BIN)/clients/sources
	@javac -nowarn -Xlint:-options -d $(@D) -cp '/usr/share/java/*' @$(BIN)/clients/sources
	cp -r gen/java/src/main/resources/. $(@D)
	@# Debian's netty has TLS by this library alone, and looks for it by another name.
	cp $$(dpkg -L libnetty-tcnative-jni | grep 'libnetty-tcnative.so$$') $(@D)/libnetty_tcnative.so

# As "pip install gen/python", with Debian's grpcio and protobuf.
$(BIN)/clients/python/bin/python: $(shell find gen/python/connsvc -type f -not -path '*/__pycache__/*') gen/python/pyproject.toml
	rm -rf $(BIN)/clients/python $(BIN)/clients/build
	mkdir -p $(BIN)/clients && cp -r gen/python $(BIN)/clients/build
	/usr/bin/python3 -m venv --system-site-packages $(BIN)/clients/python
	$(@D)/pip install --quiet --no-deps --no-build-isolation --no-index $(BIN)/clients/build

.PHONY: clients
clients: third_party ## Plays the same scenes with a client in Go, Python, TypeScript, grpc-js and Java.
	$(call installed,$(DEBIAN_STUBS) $(DEBIAN_CLIENTS))
	go build -o $(BIN)/clients/connsvc ./cmd/connsvc
	@$(MAKE) --no-print-directory $(BIN)/clients/java/Scenes.class $(BIN)/clients/python/bin/python
	cd gen/python && mypy --cache-dir $(BIN)/clients/mypy connsvc ../../test/clients/python/scenes.py
	cd test/clients/ts && npm ci --silent --no-audit --no-fund && npx tsc
	cd test/clients/grpcjs && npm ci --silent --no-audit --no-fund
	cd test/clients && go mod tidy -diff && go vet ./... && go test -count=1 -timeout 20m -v .
