package com.connsvc;

import com.connsvc.v1.ConnectionServiceGrpc;
import com.connsvc.v1.ConnectionServiceGrpc.ConnectionServiceBlockingStub;
import com.connsvc.v1.CreateEnhancedConnectionRequest;
import com.connsvc.v1.CreateEnhancedConnectionResponse;
import com.connsvc.v1.EnhancedConnection;
import com.connsvc.v1.ErrorReason;
import com.connsvc.v1.ListEnhancedConnectionsRequest;
import com.connsvc.v1.ListEnhancedConnectionsResponse;
import com.connsvc.v1.WaitEnhancedConnectionRequest;
import com.connsvc.v1.WaitEnhancedConnectionResponse;
import com.google.gson.Gson;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A client of connsvc: {@link #stub} has the RPCs, the other methods stand on top of them. */
public final class ConnsvcClient implements AutoCloseable {
    /** Where gRPC puts the details of an error. */
    private static final Metadata.Key<byte[]> DETAILS =
            Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private final ManagedChannel channel;
    private final ConnectionServiceBlockingStub stub;

    /**
     * Connects to an address, "connsvc.internal:9090". TlsChannelCredentials.create() trusts the
     * system's CAs; InsecureChannelCredentials.create() is plaintext.
     */
    @SuppressWarnings("unchecked")
    public ConnsvcClient(String address, ChannelCredentials credentials) {
        Map<String, ?> serviceConfig = new Gson().fromJson(new InputStreamReader(
                ConnsvcClient.class.getResourceAsStream("/connsvc/service_config.json"), StandardCharsets.UTF_8), Map.class);
        channel = Grpc.newChannelBuilder(address, credentials)
                .defaultServiceConfig(serviceConfig)
                .enableRetry()
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(10, TimeUnit.SECONDS)
                .maxInboundMessageSize(64 << 20)
                .build();
        stub = ConnectionServiceGrpc.newBlockingStub(channel);
    }

    private ConnsvcClient(ManagedChannel channel, ConnectionServiceBlockingStub stub) {
        this.channel = channel;
        this.stub = stub;
    }

    /** Returns this client with a token that authenticates the caller to connsvc. */
    public ConnsvcClient withToken(String token) {
        Metadata headers = new Metadata();
        headers.put(AUTHORIZATION, "Bearer " + token);
        return new ConnsvcClient(channel, stub.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers)));
    }

    /** Returns the RPCs, with a deadline. */
    public ConnectionServiceBlockingStub stub(Duration timeout) {
        return stub.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        channel.shutdown();
    }

    /**
     * Creates a connection, and repeats the call until its outcome is known or the timeout is
     * over. Give the request a request_id to be able to call this again after an error.
     */
    public CreateEnhancedConnectionResponse create(
            CreateEnhancedConnectionRequest request, Duration timeout, Duration attemptTimeout) throws InterruptedException {
        if (request.getRequestId().isEmpty()) {
            request = request.toBuilder().setRequestId(UUID.randomUUID().toString()).build();
        }
        Instant deadline = Instant.now().plus(timeout);
        while (true) {
            try {
                Duration left = Duration.between(Instant.now(), deadline);
                return stub(left.compareTo(attemptTimeout) < 0 ? left : attemptTimeout).createEnhancedConnection(request);
            } catch (StatusRuntimeException error) {
                Duration wait = retryAfter(error).orElse(Duration.ofSeconds(1));
                if (!repeatable(error) || Instant.now().plus(wait).isAfter(deadline)) {
                    throw error;
                }
                Thread.sleep(wait.toMillis());
            }
        }
    }

    private static boolean repeatable(StatusRuntimeException error) {
        // With an ID that connsvc could not store, a repeat would be another create.
        if (detail(error, ErrorInfo.class).map(i -> "false".equals(i.getMetadataMap().get("request_id_stored"))).orElse(false)) {
            return false;
        }
        Status.Code code = error.getStatus().getCode();
        return retryAfter(error).isPresent() || code == Status.Code.UNAVAILABLE
                || code == Status.Code.DEADLINE_EXCEEDED || reason(error) == ErrorReason.CREATE_OUTCOME_UNKNOWN;
    }

    /** Passes on the connections of a list, page by page. */
    public void list(ListEnhancedConnectionsRequest request, Consumer<EnhancedConnection> consumer) {
        while (true) {
            ListEnhancedConnectionsResponse page = stub(Duration.ofSeconds(30)).listEnhancedConnections(request);
            page.getConnectionsList().forEach(consumer);
            if (page.getNextPageToken().isEmpty()) {
                return;
            }
            request = request.toBuilder().setPageToken(page.getNextPageToken()).clearOffset().build();
        }
    }

    /**
     * Returns the connection, without its hosts, once its queues and pools can use it: no peering
     * is CREATING. It goes on at another replica when one stops.
     */
    public EnhancedConnection waitActive(String projectId, String connectionId, Duration timeout) throws InterruptedException {
        Instant deadline = Instant.now().plus(timeout);
        while (true) {
            Duration left = Duration.between(Instant.now(), deadline);
            if (left.isNegative()) {
                throw new IllegalStateException("the peerings of " + connectionId + " are not ACTIVE yet");
            }
            WaitEnhancedConnectionRequest request = WaitEnhancedConnectionRequest.newBuilder()
                    .setProjectId(projectId).setConnectionId(connectionId)
                    .setTimeout(com.google.protobuf.Duration.newBuilder()
                            .setSeconds(Math.min(left.getSeconds(), 3599)).setNanos(left.getNano()))
                    .build();
            try {
                WaitEnhancedConnectionResponse response =
                        stub(left.plusSeconds(10)).waitEnhancedConnection(request); // connsvc ends the wait by itself
                switch (response.getReached()) {
                    case READY:
                        return response.getConnection();
                    case FAILED:
                        throw new IllegalStateException("the peering failed: " + response.getFailuresList().stream()
                                .map(f -> f.getName() + ": " + f.getErrMsg()).collect(Collectors.joining("; ")));
                    case GONE:
                        throw new IllegalStateException("the connection does not exist any more");
                    default: // the time is over
                }
            } catch (StatusRuntimeException error) {
                Optional<Duration> wait = retryAfter(error);
                if (wait.isEmpty() || Instant.now().plus(wait.get()).isAfter(deadline)) {
                    throw error;
                }
                Thread.sleep(wait.get().toMillis());
            }
        }
    }

    /** Returns why connsvc failed a call; unspecified if the error is not connsvc's. */
    public static ErrorReason reason(StatusRuntimeException error) {
        String name = detail(error, ErrorInfo.class).map(ErrorInfo::getReason).orElse("");
        return Stream.of(ErrorReason.values()).filter(r -> r.name().equals(name)).findFirst()
                .orElse(ErrorReason.ERROR_REASON_UNSPECIFIED);
    }

    /** Returns what is wrong with the request: the first 25 violations. */
    public static List<BadRequest.FieldViolation> violations(StatusRuntimeException error) {
        return detail(error, BadRequest.class).map(BadRequest::getFieldViolationsList).orElse(List.of());
    }

    /** Returns how long to wait before the call is made again, if connsvc says so. */
    public static Optional<Duration> retryAfter(StatusRuntimeException error) {
        return detail(error, RetryInfo.class).map(RetryInfo::getRetryDelay)
                .map(d -> Duration.ofSeconds(d.getSeconds(), d.getNanos()));
    }

    private static <T extends Message> Optional<T> detail(StatusRuntimeException error, Class<T> type) {
        byte[] status = error.getTrailers() == null ? null : error.getTrailers().get(DETAILS);
        try {
            for (Any any : com.google.rpc.Status.parseFrom(status == null ? new byte[0] : status).getDetailsList()) {
                if (any.is(type)) {
                    return Optional.of(any.unpack(type));
                }
            }
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty(); // not readable: as if it were absent
        }
        return Optional.empty();
    }
}
