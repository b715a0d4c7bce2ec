# Stubs of the contract for other languages than Go, and the suite that runs them all.
# Included by the Makefile. What it needs beyond Go is installed: from Debian and npm.

# The compiler and runtimes whose generated code works together: others differ in every file.
PROTOC_VERSION := 3.21.12
DEBIAN_STUBS := protobuf-compiler protobuf-compiler-grpc protobuf-compiler-grpc-java-plugin nodejs
DEBIAN_CLIENTS := python3 python3-grpcio python3-protobuf mypy openjdk-17-jdk-headless \
  libgrpc-java libprotobuf-java libgeronimo-annotation-1.3-spec-java

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
	@$(MAKE) --no-print-directory gen/ts/node_modules/.package-lock.json
	rm -rf gen/python/connsvc/v1 gen/python/connsvc/_protos gen/ts/connsvc gen/ts/buf gen/ts/google gen/java/src/main/java/com/connsvc/v1 gen/java/src/main/java/build gen/java/src/googleapis
	buf generate --template buf.gen.stubs.yaml
	buf build $(foreach path,$(STUB_PATHS),--path $(path)) --exclude-source-info --as-file-descriptor-set -o gen/connsvc.binpb
	@# gRPC's plugin writes an empty file for a proto without a service.
	grep -L '^class' $$(find gen/python -name '*_pb2_grpc.py') | xargs rm
	mkdir gen/python/connsvc/_protos && mv gen/python/buf gen/python/google gen/python/connsvc/_protos/
	@# Maven has these in proto-google-common-protos.
	mkdir -p gen/java/src/googleapis/java/com && mv gen/java/src/main/java/com/google gen/java/src/googleapis/java/com/
	cd gen/ts && npx tsc
