import static com.connsvc.ConnsvcClient.reason;
import static com.connsvc.ConnsvcClient.retryAfter;
import static com.connsvc.ConnsvcClient.violations;

import com.connsvc.ConnsvcClient;
import com.connsvc.v1.*;
import com.google.rpc.BadRequest;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import java.io.File;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Plays the scenes in Java. */
public class Scenes {
    interface Scene {
        void play() throws Exception;
    }

    static final String PROJECT = "48cc2c48765f481480c7db940d6409d1";
    static final GetEnhancedConnectionRequest NOBODY = GetEnhancedConnectionRequest.newBuilder()
            .setProjectId(PROJECT).setConnectionId("00000000-0000-4000-8000-000000000000").build();
    static final Duration LONG = Duration.ofSeconds(60);
    static ConnsvcClient client;

    public static void main(String[] args) throws Exception {
        client = new ConnsvcClient(System.getenv("CONNSVC_GRPC"), InsecureChannelCredentials.create());
        play("lifecycle", Scenes::lifecycle);
        play("waiting", Scenes::waiting);
        play("hosts", Scenes::hosts);
        play("violations", Scenes::violationsArrive);
        play("deadline", Scenes::deadline);
        play("retry", Scenes::retry);
        play("outcome", Scenes::outcome);
        play("tls", Scenes::tls);
        client.close();
    }

    static void play(String name, Scene scene) throws Exception {
        scene.play();
        System.out.println("ok " + name);
    }

    static void lifecycle() throws Exception {
        String id = create(request("lifecycle").addQueues("q1")).getConnectionId();
        check(client.waitActive(PROJECT, id, LONG).getAvailableQueueInfo(0).getStatus() == Peering.Status.ACTIVE, id);
        create(request("lifecycle1"));
        create(request("lifecycle2"));
        List<EnhancedConnection> listed = new ArrayList<>();
        client.list(ListEnhancedConnectionsRequest.newBuilder().setProjectId(PROJECT).setLimit(2).build(), listed::add);
        check(listed.size() == 3 && listed.get(0).hasCreateTime(), listed);
        var stub = client.stub(LONG);
        stub.associateQueues(AssociateQueuesRequest.newBuilder().setProjectId(PROJECT).setConnectionId(id).addQueues("q2").build());
        client.waitActive(PROJECT, id, LONG);
        stub.disassociateQueues(DisassociateQueuesRequest.newBuilder().setProjectId(PROJECT).setConnectionId(id).addQueues("q2").build());
        stub.createRoute(CreateRouteRequest.newBuilder().setProjectId(PROJECT).setConnectionId(id).setName("r1").setCidr("192.168.2.0/24").build());
        stub.deleteRoute(DeleteRouteRequest.newBuilder().setProjectId(PROJECT).setConnectionId(id).setName("r1").build());
        stub.deleteEnhancedConnection(DeleteEnhancedConnectionRequest.newBuilder().setProjectId(PROJECT).setConnectionId(id).build());
        StatusRuntimeException gone = failure(() -> client.stub(LONG).getEnhancedConnection(NOBODY.toBuilder().setConnectionId(id).build()));
        check(reason(gone) == ErrorReason.CONNECTION_NOT_FOUND, gone);
    }

    static void waiting() throws Exception {
        String id = create(request("waiting").addQueues("q1")).getConnectionId();
        var shortly = WaitEnhancedConnectionRequest.newBuilder().setProjectId(PROJECT).setConnectionId(id)
                .setTimeout(com.google.protobuf.Duration.newBuilder().setNanos(100_000_000)).build();
        var response = client.stub(LONG).waitEnhancedConnection(shortly);
        check(response.getReached() == WaitEnhancedConnectionResponse.Reached.TIMEOUT, response);
        EnhancedConnection connection = client.waitActive(PROJECT, id, LONG);
        check(connection.getName().equals("waiting") && connection.getAvailableQueueInfo(0).getStatus() == Peering.Status.ACTIVE, connection);
        client.stub(LONG).deleteEnhancedConnection(DeleteEnhancedConnectionRequest.newBuilder().setProjectId(PROJECT).setConnectionId(id).build());
        StatusRuntimeException gone = failure(() -> client.waitActive(PROJECT, id, LONG));
        check(reason(gone) == ErrorReason.CONNECTION_NOT_FOUND, gone);
    }

    static void hosts() throws Exception {
        CreateEnhancedConnectionRequest.Builder request = request("hosts");
        for (int i = 0; i < 20000; i++) {
            request.addHosts(Host.newBuilder().setName("host-" + i).setIp("10.0." + i / 250 + "." + i % 250));
        }
        String id = create(request).getConnectionId();
        EnhancedConnection got = client.stub(LONG).getEnhancedConnection(NOBODY.toBuilder().setConnectionId(id).build());
        check(got.getHostsList().equals(request.getHostsList()), got.getHostsCount());
    }

    static void violationsArrive() throws Exception {
        CreateEnhancedConnectionRequest.Builder request = request("not valid");
        for (int i = 0; i < 30; i++) {
            request.addHosts(Host.newBuilder().setName("h").setIp("300.1.1.1"));
        }
        StatusRuntimeException error = failure(() -> client.stub(LONG).createEnhancedConnection(request.build()));
        check(reason(error) == ErrorReason.VALIDATION_FAILED, error);
        List<BadRequest.FieldViolation> found = violations(error);
        check(found.size() == 25 && found.get(0).getReason().equals("CONNECTION_NAME")
                && found.get(1).getField().equals("hosts[0].ip"), found);
    }

    static void deadline() throws Exception {
        faults("{\"operation\":\"GetEnhancedConnection\",\"times\":1,\"fault\":{\"kind\":\"hang\"}}");
        StatusRuntimeException error = failure(() -> client.stub(Duration.ofSeconds(1)).getEnhancedConnection(NOBODY));
        check(error.getStatus().getCode() == Status.Code.DEADLINE_EXCEEDED, error);
    }

    static void retry() throws Exception {
        throttle("CreateEnhancedConnection");
        StatusRuntimeException error = failure(() -> client.stub(LONG).createEnhancedConnection(request("retry").build()));
        Duration wait = retryAfter(error).orElse(Duration.ZERO);
        check(error.getStatus().getCode() == Status.Code.UNAVAILABLE && wait.equals(Duration.ofSeconds(6)), error);

        throttle("CreateEnhancedConnection");
        long start = System.nanoTime();
        create(request("retry"));
        check(System.nanoTime() - start >= wait.toNanos(), System.nanoTime() - start);

        throttle("GetEnhancedConnection"); // gRPC's own retry
        start = System.nanoTime();
        error = failure(() -> client.stub(LONG).getEnhancedConnection(NOBODY));
        check(reason(error) == ErrorReason.CONNECTION_NOT_FOUND && System.nanoTime() - start >= wait.toNanos(), error);
    }

    static void outcome() throws Exception {
        faults("{\"operation\":\"CreateEnhancedConnection\",\"times\":1,\"fault\":{\"kind\":\"slow_list\",\"delay\":\"5s\"}},"
                + "{\"operation\":\"CreateEnhancedConnection\",\"times\":1,\"fault\":{\"kind\":\"drop_answer\"}}");
        CreateEnhancedConnectionRequest lost = request("outcome").setRequestId("5f0a1c3e-8d0b-4a57-9e0c-0d1f2a3b4c5d").build();
        StatusRuntimeException error = failure(() -> client.stub(Duration.ofSeconds(3)).createEnhancedConnection(lost));
        check(reason(error) == ErrorReason.CREATE_OUTCOME_UNKNOWN, error);
        CreateEnhancedConnectionResponse created = client.create(lost, LONG, Duration.ofSeconds(3));
        check(created.getReconciled(), created);
    }

    static void tls() throws Exception {
        var trust = TlsChannelCredentials.newBuilder().trustManager(new File(System.getenv("CONNSVC_CA"))).build();
        try (ConnsvcClient secured = new ConnsvcClient(System.getenv("CONNSVC_TLS"), trust)) {
            StatusRuntimeException known = failure(() -> secured.withToken(System.getenv("CONNSVC_TOKEN")).stub(LONG).getEnhancedConnection(NOBODY));
            check(reason(known) == ErrorReason.CONNECTION_NOT_FOUND, known);
            StatusRuntimeException wrong = failure(() -> secured.withToken("wrong").stub(LONG).getEnhancedConnection(NOBODY));
            check(reason(wrong) == ErrorReason.CALLER_UNAUTHENTICATED, wrong);
        }
    }

    static CreateEnhancedConnectionRequest.Builder request(String name) {
        return CreateEnhancedConnectionRequest.newBuilder().setProjectId(PROJECT).setName(name)
                .setDestVpcId("22094d8f-c310-4621-913d-4c4d655d8495").setDestNetworkId("78f2562a-36e4-4b39-95b9-f5aab22e1281");
    }

    static CreateEnhancedConnectionResponse create(CreateEnhancedConnectionRequest.Builder request) throws Exception {
        return client.create(request.build(), LONG, Duration.ofSeconds(45));
    }

    static StatusRuntimeException failure(Scene call) throws Exception {
        try {
            call.play();
        } catch (StatusRuntimeException error) {
            return error;
        }
        throw new AssertionError("it succeeded");
    }

    static void throttle(String operation) throws Exception {
        faults("{\"operation\":\"" + operation + "\",\"times\":1,\"fault\":{\"kind\":\"status\",\"status\":429,\"retry_after\":\"6s\"}}");
    }

    static void faults(String rules) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(System.getenv("CONNSVC_EMULATOR") + "/_emulator/faults"))
                .PUT(HttpRequest.BodyPublishers.ofString("{\"rules\":[" + rules + "]}")).build();
        HttpResponse<String> response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        check(response.statusCode() == 200, response.body());
    }

    static void check(boolean ok, Object got) {
        if (!ok) {
            throw new AssertionError("got " + got);
        }
    }
}
