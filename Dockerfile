# The image of connsvc: one static binary and the CA certificates. No shell, no
# package manager, nothing that runs as root.
#
#   docker buildx build --platform linux/amd64,linux/arm64 \
#     --build-arg VERSION=v1.2.3 --build-arg REVISION="$(git rev-parse HEAD)" -t connsvc .
#
# "make image" runs these very steps where there is no engine, and checks what
# comes out. So a step names its files by relative paths.

# The build runs on the builder's own platform; Go compiles for the other.
FROM --platform=$BUILDPLATFORM golang:1.26.8 AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY gen/go/go.mod gen/go/go.sum gen/go/
RUN go mod download
COPY . .
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
# The same source, version and Go give the same bytes: no paths, no time, no VCS state.
# grpcnotrace leaves out gRPC's own trace pages, which nothing serves.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -tags grpcnotrace -trimpath -buildvcs=false -ldflags "-s -w -buildid= -X main.linkedVersion=$VERSION" -o connsvc ./cmd/connsvc

FROM scratch
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="connsvc" \
      org.opencontainers.image.description="A gRPC and REST gateway for DLI enhanced datasource connections" \
      org.opencontainers.image.source="https://github.com/connsvc/connsvc" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/connsvc /connsvc
# A number, so that runAsNonRoot can tell that it is not root.
USER 65532:65532
# gRPC, REST, admin.
EXPOSE 9090 8080 9091
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 CMD ["/connsvc", "healthcheck"]
ENTRYPOINT ["/connsvc"]
CMD ["serve", "--config=/etc/connsvc/config/connsvc.yaml"]
