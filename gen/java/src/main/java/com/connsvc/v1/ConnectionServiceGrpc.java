package com.connsvc.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * ConnectionService manages the enhanced datasource connections of Data Lake
 * Insight (DLI). An RPC whose comment has one of DLI's document IDs is that DLI operation,
 * and its HTTP bindings are DLI's own paths. The others are what DLI leaves to its callers;
 * their paths begin with /connsvc/v1/.
 * Every error is a google.rpc.Status with an ErrorInfo whose reason is an
 * ErrorReason. An RPC with an idempotency_level may be sent again after any failure.
 * Any call can fail with VALIDATION_FAILED, PROJECT_NOT_CONFIGURED,
 * OVERLOADED or an UPSTREAM_ reason; the comment of each RPC names its other errors.
 * </pre>
 */
@javax.annotation.Generated(
    value = "by gRPC proto compiler",
    comments = "Source: connsvc/v1/connection_service.proto")
@io.grpc.stub.annotations.GrpcGenerated
public final class ConnectionServiceGrpc {

  private ConnectionServiceGrpc() {}

  public static final String SERVICE_NAME = "connsvc.v1.ConnectionService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.CreateEnhancedConnectionRequest,
      com.connsvc.v1.CreateEnhancedConnectionResponse> getCreateEnhancedConnectionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateEnhancedConnection",
      requestType = com.connsvc.v1.CreateEnhancedConnectionRequest.class,
      responseType = com.connsvc.v1.CreateEnhancedConnectionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.CreateEnhancedConnectionRequest,
      com.connsvc.v1.CreateEnhancedConnectionResponse> getCreateEnhancedConnectionMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.CreateEnhancedConnectionRequest, com.connsvc.v1.CreateEnhancedConnectionResponse> getCreateEnhancedConnectionMethod;
    if ((getCreateEnhancedConnectionMethod = ConnectionServiceGrpc.getCreateEnhancedConnectionMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getCreateEnhancedConnectionMethod = ConnectionServiceGrpc.getCreateEnhancedConnectionMethod) == null) {
          ConnectionServiceGrpc.getCreateEnhancedConnectionMethod = getCreateEnhancedConnectionMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.CreateEnhancedConnectionRequest, com.connsvc.v1.CreateEnhancedConnectionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateEnhancedConnection"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CreateEnhancedConnectionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CreateEnhancedConnectionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("CreateEnhancedConnection"))
              .build();
        }
      }
    }
    return getCreateEnhancedConnectionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.GetEnhancedConnectionRequest,
      com.connsvc.v1.EnhancedConnection> getGetEnhancedConnectionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetEnhancedConnection",
      requestType = com.connsvc.v1.GetEnhancedConnectionRequest.class,
      responseType = com.connsvc.v1.EnhancedConnection.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.GetEnhancedConnectionRequest,
      com.connsvc.v1.EnhancedConnection> getGetEnhancedConnectionMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.GetEnhancedConnectionRequest, com.connsvc.v1.EnhancedConnection> getGetEnhancedConnectionMethod;
    if ((getGetEnhancedConnectionMethod = ConnectionServiceGrpc.getGetEnhancedConnectionMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getGetEnhancedConnectionMethod = ConnectionServiceGrpc.getGetEnhancedConnectionMethod) == null) {
          ConnectionServiceGrpc.getGetEnhancedConnectionMethod = getGetEnhancedConnectionMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.GetEnhancedConnectionRequest, com.connsvc.v1.EnhancedConnection>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetEnhancedConnection"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.GetEnhancedConnectionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.EnhancedConnection.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("GetEnhancedConnection"))
              .build();
        }
      }
    }
    return getGetEnhancedConnectionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.ListEnhancedConnectionsRequest,
      com.connsvc.v1.ListEnhancedConnectionsResponse> getListEnhancedConnectionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListEnhancedConnections",
      requestType = com.connsvc.v1.ListEnhancedConnectionsRequest.class,
      responseType = com.connsvc.v1.ListEnhancedConnectionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.ListEnhancedConnectionsRequest,
      com.connsvc.v1.ListEnhancedConnectionsResponse> getListEnhancedConnectionsMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.ListEnhancedConnectionsRequest, com.connsvc.v1.ListEnhancedConnectionsResponse> getListEnhancedConnectionsMethod;
    if ((getListEnhancedConnectionsMethod = ConnectionServiceGrpc.getListEnhancedConnectionsMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getListEnhancedConnectionsMethod = ConnectionServiceGrpc.getListEnhancedConnectionsMethod) == null) {
          ConnectionServiceGrpc.getListEnhancedConnectionsMethod = getListEnhancedConnectionsMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.ListEnhancedConnectionsRequest, com.connsvc.v1.ListEnhancedConnectionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListEnhancedConnections"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListEnhancedConnectionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListEnhancedConnectionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("ListEnhancedConnections"))
              .build();
        }
      }
    }
    return getListEnhancedConnectionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.DeleteEnhancedConnectionRequest,
      com.connsvc.v1.DeleteEnhancedConnectionResponse> getDeleteEnhancedConnectionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteEnhancedConnection",
      requestType = com.connsvc.v1.DeleteEnhancedConnectionRequest.class,
      responseType = com.connsvc.v1.DeleteEnhancedConnectionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.DeleteEnhancedConnectionRequest,
      com.connsvc.v1.DeleteEnhancedConnectionResponse> getDeleteEnhancedConnectionMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.DeleteEnhancedConnectionRequest, com.connsvc.v1.DeleteEnhancedConnectionResponse> getDeleteEnhancedConnectionMethod;
    if ((getDeleteEnhancedConnectionMethod = ConnectionServiceGrpc.getDeleteEnhancedConnectionMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getDeleteEnhancedConnectionMethod = ConnectionServiceGrpc.getDeleteEnhancedConnectionMethod) == null) {
          ConnectionServiceGrpc.getDeleteEnhancedConnectionMethod = getDeleteEnhancedConnectionMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.DeleteEnhancedConnectionRequest, com.connsvc.v1.DeleteEnhancedConnectionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteEnhancedConnection"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.DeleteEnhancedConnectionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.DeleteEnhancedConnectionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("DeleteEnhancedConnection"))
              .build();
        }
      }
    }
    return getDeleteEnhancedConnectionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.UpdateEnhancedConnectionHostsRequest,
      com.connsvc.v1.UpdateEnhancedConnectionHostsResponse> getUpdateEnhancedConnectionHostsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateEnhancedConnectionHosts",
      requestType = com.connsvc.v1.UpdateEnhancedConnectionHostsRequest.class,
      responseType = com.connsvc.v1.UpdateEnhancedConnectionHostsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.UpdateEnhancedConnectionHostsRequest,
      com.connsvc.v1.UpdateEnhancedConnectionHostsResponse> getUpdateEnhancedConnectionHostsMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.UpdateEnhancedConnectionHostsRequest, com.connsvc.v1.UpdateEnhancedConnectionHostsResponse> getUpdateEnhancedConnectionHostsMethod;
    if ((getUpdateEnhancedConnectionHostsMethod = ConnectionServiceGrpc.getUpdateEnhancedConnectionHostsMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getUpdateEnhancedConnectionHostsMethod = ConnectionServiceGrpc.getUpdateEnhancedConnectionHostsMethod) == null) {
          ConnectionServiceGrpc.getUpdateEnhancedConnectionHostsMethod = getUpdateEnhancedConnectionHostsMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.UpdateEnhancedConnectionHostsRequest, com.connsvc.v1.UpdateEnhancedConnectionHostsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateEnhancedConnectionHosts"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.UpdateEnhancedConnectionHostsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.UpdateEnhancedConnectionHostsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("UpdateEnhancedConnectionHosts"))
              .build();
        }
      }
    }
    return getUpdateEnhancedConnectionHostsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.AssociateQueuesRequest,
      com.connsvc.v1.AssociateQueuesResponse> getAssociateQueuesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AssociateQueues",
      requestType = com.connsvc.v1.AssociateQueuesRequest.class,
      responseType = com.connsvc.v1.AssociateQueuesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.AssociateQueuesRequest,
      com.connsvc.v1.AssociateQueuesResponse> getAssociateQueuesMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.AssociateQueuesRequest, com.connsvc.v1.AssociateQueuesResponse> getAssociateQueuesMethod;
    if ((getAssociateQueuesMethod = ConnectionServiceGrpc.getAssociateQueuesMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getAssociateQueuesMethod = ConnectionServiceGrpc.getAssociateQueuesMethod) == null) {
          ConnectionServiceGrpc.getAssociateQueuesMethod = getAssociateQueuesMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.AssociateQueuesRequest, com.connsvc.v1.AssociateQueuesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AssociateQueues"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.AssociateQueuesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.AssociateQueuesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("AssociateQueues"))
              .build();
        }
      }
    }
    return getAssociateQueuesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.DisassociateQueuesRequest,
      com.connsvc.v1.DisassociateQueuesResponse> getDisassociateQueuesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DisassociateQueues",
      requestType = com.connsvc.v1.DisassociateQueuesRequest.class,
      responseType = com.connsvc.v1.DisassociateQueuesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.DisassociateQueuesRequest,
      com.connsvc.v1.DisassociateQueuesResponse> getDisassociateQueuesMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.DisassociateQueuesRequest, com.connsvc.v1.DisassociateQueuesResponse> getDisassociateQueuesMethod;
    if ((getDisassociateQueuesMethod = ConnectionServiceGrpc.getDisassociateQueuesMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getDisassociateQueuesMethod = ConnectionServiceGrpc.getDisassociateQueuesMethod) == null) {
          ConnectionServiceGrpc.getDisassociateQueuesMethod = getDisassociateQueuesMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.DisassociateQueuesRequest, com.connsvc.v1.DisassociateQueuesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DisassociateQueues"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.DisassociateQueuesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.DisassociateQueuesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("DisassociateQueues"))
              .build();
        }
      }
    }
    return getDisassociateQueuesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.CreateRouteRequest,
      com.connsvc.v1.CreateRouteResponse> getCreateRouteMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateRoute",
      requestType = com.connsvc.v1.CreateRouteRequest.class,
      responseType = com.connsvc.v1.CreateRouteResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.CreateRouteRequest,
      com.connsvc.v1.CreateRouteResponse> getCreateRouteMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.CreateRouteRequest, com.connsvc.v1.CreateRouteResponse> getCreateRouteMethod;
    if ((getCreateRouteMethod = ConnectionServiceGrpc.getCreateRouteMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getCreateRouteMethod = ConnectionServiceGrpc.getCreateRouteMethod) == null) {
          ConnectionServiceGrpc.getCreateRouteMethod = getCreateRouteMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.CreateRouteRequest, com.connsvc.v1.CreateRouteResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateRoute"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CreateRouteRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CreateRouteResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("CreateRoute"))
              .build();
        }
      }
    }
    return getCreateRouteMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.DeleteRouteRequest,
      com.connsvc.v1.DeleteRouteResponse> getDeleteRouteMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteRoute",
      requestType = com.connsvc.v1.DeleteRouteRequest.class,
      responseType = com.connsvc.v1.DeleteRouteResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.DeleteRouteRequest,
      com.connsvc.v1.DeleteRouteResponse> getDeleteRouteMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.DeleteRouteRequest, com.connsvc.v1.DeleteRouteResponse> getDeleteRouteMethod;
    if ((getDeleteRouteMethod = ConnectionServiceGrpc.getDeleteRouteMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getDeleteRouteMethod = ConnectionServiceGrpc.getDeleteRouteMethod) == null) {
          ConnectionServiceGrpc.getDeleteRouteMethod = getDeleteRouteMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.DeleteRouteRequest, com.connsvc.v1.DeleteRouteResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteRoute"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.DeleteRouteRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.DeleteRouteResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("DeleteRoute"))
              .build();
        }
      }
    }
    return getDeleteRouteMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.ListPrivilegesRequest,
      com.connsvc.v1.ListPrivilegesResponse> getListPrivilegesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListPrivileges",
      requestType = com.connsvc.v1.ListPrivilegesRequest.class,
      responseType = com.connsvc.v1.ListPrivilegesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.ListPrivilegesRequest,
      com.connsvc.v1.ListPrivilegesResponse> getListPrivilegesMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.ListPrivilegesRequest, com.connsvc.v1.ListPrivilegesResponse> getListPrivilegesMethod;
    if ((getListPrivilegesMethod = ConnectionServiceGrpc.getListPrivilegesMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getListPrivilegesMethod = ConnectionServiceGrpc.getListPrivilegesMethod) == null) {
          ConnectionServiceGrpc.getListPrivilegesMethod = getListPrivilegesMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.ListPrivilegesRequest, com.connsvc.v1.ListPrivilegesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListPrivileges"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListPrivilegesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListPrivilegesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("ListPrivileges"))
              .build();
        }
      }
    }
    return getListPrivilegesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.UpdatePrivilegesRequest,
      com.connsvc.v1.UpdatePrivilegesResponse> getUpdatePrivilegesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdatePrivileges",
      requestType = com.connsvc.v1.UpdatePrivilegesRequest.class,
      responseType = com.connsvc.v1.UpdatePrivilegesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.UpdatePrivilegesRequest,
      com.connsvc.v1.UpdatePrivilegesResponse> getUpdatePrivilegesMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.UpdatePrivilegesRequest, com.connsvc.v1.UpdatePrivilegesResponse> getUpdatePrivilegesMethod;
    if ((getUpdatePrivilegesMethod = ConnectionServiceGrpc.getUpdatePrivilegesMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getUpdatePrivilegesMethod = ConnectionServiceGrpc.getUpdatePrivilegesMethod) == null) {
          ConnectionServiceGrpc.getUpdatePrivilegesMethod = getUpdatePrivilegesMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.UpdatePrivilegesRequest, com.connsvc.v1.UpdatePrivilegesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdatePrivileges"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.UpdatePrivilegesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.UpdatePrivilegesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("UpdatePrivileges"))
              .build();
        }
      }
    }
    return getUpdatePrivilegesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.ListPrivilegesByObjectRequest,
      com.connsvc.v1.ListPrivilegesByObjectResponse> getListPrivilegesByObjectMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListPrivilegesByObject",
      requestType = com.connsvc.v1.ListPrivilegesByObjectRequest.class,
      responseType = com.connsvc.v1.ListPrivilegesByObjectResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.ListPrivilegesByObjectRequest,
      com.connsvc.v1.ListPrivilegesByObjectResponse> getListPrivilegesByObjectMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.ListPrivilegesByObjectRequest, com.connsvc.v1.ListPrivilegesByObjectResponse> getListPrivilegesByObjectMethod;
    if ((getListPrivilegesByObjectMethod = ConnectionServiceGrpc.getListPrivilegesByObjectMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getListPrivilegesByObjectMethod = ConnectionServiceGrpc.getListPrivilegesByObjectMethod) == null) {
          ConnectionServiceGrpc.getListPrivilegesByObjectMethod = getListPrivilegesByObjectMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.ListPrivilegesByObjectRequest, com.connsvc.v1.ListPrivilegesByObjectResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListPrivilegesByObject"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListPrivilegesByObjectRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListPrivilegesByObjectResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("ListPrivilegesByObject"))
              .build();
        }
      }
    }
    return getListPrivilegesByObjectMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.WaitEnhancedConnectionRequest,
      com.connsvc.v1.WaitEnhancedConnectionResponse> getWaitEnhancedConnectionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WaitEnhancedConnection",
      requestType = com.connsvc.v1.WaitEnhancedConnectionRequest.class,
      responseType = com.connsvc.v1.WaitEnhancedConnectionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.WaitEnhancedConnectionRequest,
      com.connsvc.v1.WaitEnhancedConnectionResponse> getWaitEnhancedConnectionMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.WaitEnhancedConnectionRequest, com.connsvc.v1.WaitEnhancedConnectionResponse> getWaitEnhancedConnectionMethod;
    if ((getWaitEnhancedConnectionMethod = ConnectionServiceGrpc.getWaitEnhancedConnectionMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getWaitEnhancedConnectionMethod = ConnectionServiceGrpc.getWaitEnhancedConnectionMethod) == null) {
          ConnectionServiceGrpc.getWaitEnhancedConnectionMethod = getWaitEnhancedConnectionMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.WaitEnhancedConnectionRequest, com.connsvc.v1.WaitEnhancedConnectionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WaitEnhancedConnection"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.WaitEnhancedConnectionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.WaitEnhancedConnectionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("WaitEnhancedConnection"))
              .build();
        }
      }
    }
    return getWaitEnhancedConnectionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.WatchEnhancedConnectionsRequest,
      com.connsvc.v1.WatchEnhancedConnectionsResponse> getWatchEnhancedConnectionsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchEnhancedConnections",
      requestType = com.connsvc.v1.WatchEnhancedConnectionsRequest.class,
      responseType = com.connsvc.v1.WatchEnhancedConnectionsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.WatchEnhancedConnectionsRequest,
      com.connsvc.v1.WatchEnhancedConnectionsResponse> getWatchEnhancedConnectionsMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.WatchEnhancedConnectionsRequest, com.connsvc.v1.WatchEnhancedConnectionsResponse> getWatchEnhancedConnectionsMethod;
    if ((getWatchEnhancedConnectionsMethod = ConnectionServiceGrpc.getWatchEnhancedConnectionsMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getWatchEnhancedConnectionsMethod = ConnectionServiceGrpc.getWatchEnhancedConnectionsMethod) == null) {
          ConnectionServiceGrpc.getWatchEnhancedConnectionsMethod = getWatchEnhancedConnectionsMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.WatchEnhancedConnectionsRequest, com.connsvc.v1.WatchEnhancedConnectionsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchEnhancedConnections"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.WatchEnhancedConnectionsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.WatchEnhancedConnectionsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("WatchEnhancedConnections"))
              .build();
        }
      }
    }
    return getWatchEnhancedConnectionsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.ApplyEnhancedConnectionRequest,
      com.connsvc.v1.ApplyEnhancedConnectionResponse> getApplyEnhancedConnectionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ApplyEnhancedConnection",
      requestType = com.connsvc.v1.ApplyEnhancedConnectionRequest.class,
      responseType = com.connsvc.v1.ApplyEnhancedConnectionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.ApplyEnhancedConnectionRequest,
      com.connsvc.v1.ApplyEnhancedConnectionResponse> getApplyEnhancedConnectionMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.ApplyEnhancedConnectionRequest, com.connsvc.v1.ApplyEnhancedConnectionResponse> getApplyEnhancedConnectionMethod;
    if ((getApplyEnhancedConnectionMethod = ConnectionServiceGrpc.getApplyEnhancedConnectionMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getApplyEnhancedConnectionMethod = ConnectionServiceGrpc.getApplyEnhancedConnectionMethod) == null) {
          ConnectionServiceGrpc.getApplyEnhancedConnectionMethod = getApplyEnhancedConnectionMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.ApplyEnhancedConnectionRequest, com.connsvc.v1.ApplyEnhancedConnectionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ApplyEnhancedConnection"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ApplyEnhancedConnectionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ApplyEnhancedConnectionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("ApplyEnhancedConnection"))
              .build();
        }
      }
    }
    return getApplyEnhancedConnectionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.CompareEnhancedConnectionRequest,
      com.connsvc.v1.CompareEnhancedConnectionResponse> getCompareEnhancedConnectionMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CompareEnhancedConnection",
      requestType = com.connsvc.v1.CompareEnhancedConnectionRequest.class,
      responseType = com.connsvc.v1.CompareEnhancedConnectionResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.CompareEnhancedConnectionRequest,
      com.connsvc.v1.CompareEnhancedConnectionResponse> getCompareEnhancedConnectionMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.CompareEnhancedConnectionRequest, com.connsvc.v1.CompareEnhancedConnectionResponse> getCompareEnhancedConnectionMethod;
    if ((getCompareEnhancedConnectionMethod = ConnectionServiceGrpc.getCompareEnhancedConnectionMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getCompareEnhancedConnectionMethod = ConnectionServiceGrpc.getCompareEnhancedConnectionMethod) == null) {
          ConnectionServiceGrpc.getCompareEnhancedConnectionMethod = getCompareEnhancedConnectionMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.CompareEnhancedConnectionRequest, com.connsvc.v1.CompareEnhancedConnectionResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CompareEnhancedConnection"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CompareEnhancedConnectionRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CompareEnhancedConnectionResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("CompareEnhancedConnection"))
              .build();
        }
      }
    }
    return getCompareEnhancedConnectionMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.ListHostsRequest,
      com.connsvc.v1.ListHostsResponse> getListHostsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListHosts",
      requestType = com.connsvc.v1.ListHostsRequest.class,
      responseType = com.connsvc.v1.ListHostsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.ListHostsRequest,
      com.connsvc.v1.ListHostsResponse> getListHostsMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.ListHostsRequest, com.connsvc.v1.ListHostsResponse> getListHostsMethod;
    if ((getListHostsMethod = ConnectionServiceGrpc.getListHostsMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getListHostsMethod = ConnectionServiceGrpc.getListHostsMethod) == null) {
          ConnectionServiceGrpc.getListHostsMethod = getListHostsMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.ListHostsRequest, com.connsvc.v1.ListHostsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListHosts"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListHostsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.ListHostsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("ListHosts"))
              .build();
        }
      }
    }
    return getListHostsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.AddHostsRequest,
      com.connsvc.v1.AddHostsResponse> getAddHostsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AddHosts",
      requestType = com.connsvc.v1.AddHostsRequest.class,
      responseType = com.connsvc.v1.AddHostsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.AddHostsRequest,
      com.connsvc.v1.AddHostsResponse> getAddHostsMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.AddHostsRequest, com.connsvc.v1.AddHostsResponse> getAddHostsMethod;
    if ((getAddHostsMethod = ConnectionServiceGrpc.getAddHostsMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getAddHostsMethod = ConnectionServiceGrpc.getAddHostsMethod) == null) {
          ConnectionServiceGrpc.getAddHostsMethod = getAddHostsMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.AddHostsRequest, com.connsvc.v1.AddHostsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AddHosts"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.AddHostsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.AddHostsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("AddHosts"))
              .build();
        }
      }
    }
    return getAddHostsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.RemoveHostsRequest,
      com.connsvc.v1.RemoveHostsResponse> getRemoveHostsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RemoveHosts",
      requestType = com.connsvc.v1.RemoveHostsRequest.class,
      responseType = com.connsvc.v1.RemoveHostsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.RemoveHostsRequest,
      com.connsvc.v1.RemoveHostsResponse> getRemoveHostsMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.RemoveHostsRequest, com.connsvc.v1.RemoveHostsResponse> getRemoveHostsMethod;
    if ((getRemoveHostsMethod = ConnectionServiceGrpc.getRemoveHostsMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getRemoveHostsMethod = ConnectionServiceGrpc.getRemoveHostsMethod) == null) {
          ConnectionServiceGrpc.getRemoveHostsMethod = getRemoveHostsMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.RemoveHostsRequest, com.connsvc.v1.RemoveHostsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RemoveHosts"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.RemoveHostsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.RemoveHostsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("RemoveHosts"))
              .build();
        }
      }
    }
    return getRemoveHostsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.CreateConnectivityTestRequest,
      com.connsvc.v1.CreateConnectivityTestResponse> getCreateConnectivityTestMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateConnectivityTest",
      requestType = com.connsvc.v1.CreateConnectivityTestRequest.class,
      responseType = com.connsvc.v1.CreateConnectivityTestResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.CreateConnectivityTestRequest,
      com.connsvc.v1.CreateConnectivityTestResponse> getCreateConnectivityTestMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.CreateConnectivityTestRequest, com.connsvc.v1.CreateConnectivityTestResponse> getCreateConnectivityTestMethod;
    if ((getCreateConnectivityTestMethod = ConnectionServiceGrpc.getCreateConnectivityTestMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getCreateConnectivityTestMethod = ConnectionServiceGrpc.getCreateConnectivityTestMethod) == null) {
          ConnectionServiceGrpc.getCreateConnectivityTestMethod = getCreateConnectivityTestMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.CreateConnectivityTestRequest, com.connsvc.v1.CreateConnectivityTestResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateConnectivityTest"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CreateConnectivityTestRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.CreateConnectivityTestResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("CreateConnectivityTest"))
              .build();
        }
      }
    }
    return getCreateConnectivityTestMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.connsvc.v1.GetConnectivityTestRequest,
      com.connsvc.v1.GetConnectivityTestResponse> getGetConnectivityTestMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetConnectivityTest",
      requestType = com.connsvc.v1.GetConnectivityTestRequest.class,
      responseType = com.connsvc.v1.GetConnectivityTestResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.connsvc.v1.GetConnectivityTestRequest,
      com.connsvc.v1.GetConnectivityTestResponse> getGetConnectivityTestMethod() {
    io.grpc.MethodDescriptor<com.connsvc.v1.GetConnectivityTestRequest, com.connsvc.v1.GetConnectivityTestResponse> getGetConnectivityTestMethod;
    if ((getGetConnectivityTestMethod = ConnectionServiceGrpc.getGetConnectivityTestMethod) == null) {
      synchronized (ConnectionServiceGrpc.class) {
        if ((getGetConnectivityTestMethod = ConnectionServiceGrpc.getGetConnectivityTestMethod) == null) {
          ConnectionServiceGrpc.getGetConnectivityTestMethod = getGetConnectivityTestMethod =
              io.grpc.MethodDescriptor.<com.connsvc.v1.GetConnectivityTestRequest, com.connsvc.v1.GetConnectivityTestResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetConnectivityTest"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.GetConnectivityTestRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.connsvc.v1.GetConnectivityTestResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ConnectionServiceMethodDescriptorSupplier("GetConnectivityTest"))
              .build();
        }
      }
    }
    return getGetConnectivityTestMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static ConnectionServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ConnectionServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ConnectionServiceStub>() {
        @java.lang.Override
        public ConnectionServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ConnectionServiceStub(channel, callOptions);
        }
      };
    return ConnectionServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static ConnectionServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ConnectionServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ConnectionServiceBlockingStub>() {
        @java.lang.Override
        public ConnectionServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ConnectionServiceBlockingStub(channel, callOptions);
        }
      };
    return ConnectionServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static ConnectionServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ConnectionServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ConnectionServiceFutureStub>() {
        @java.lang.Override
        public ConnectionServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ConnectionServiceFutureStub(channel, callOptions);
        }
      };
    return ConnectionServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * ConnectionService manages the enhanced datasource connections of Data Lake
   * Insight (DLI). An RPC whose comment has one of DLI's document IDs is that DLI operation,
   * and its HTTP bindings are DLI's own paths. The others are what DLI leaves to its callers;
   * their paths begin with /connsvc/v1/.
   * Every error is a google.rpc.Status with an ErrorInfo whose reason is an
   * ErrorReason. An RPC with an idempotency_level may be sent again after any failure.
   * Any call can fail with VALIDATION_FAILED, PROJECT_NOT_CONFIGURED,
   * OVERLOADED or an UPSTREAM_ reason; the comment of each RPC names its other errors.
   * </pre>
   */
  public static abstract class ConnectionServiceImplBase implements io.grpc.BindableService {

    /**
     * <pre>
     * Creates a connection (dli_02_0187). The connection is ACTIVE at once; a queue
     * is reachable when its peering is ACTIVE. A taken name is
     * ALREADY_EXISTS/NAME_TAKEN; an unknown queue is NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public void createEnhancedConnection(com.connsvc.v1.CreateEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CreateEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateEnhancedConnectionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns a connection (dli_02_0189). A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * buf:lint:ignore RPC_RESPONSE_STANDARD_NAME
     * The response is the resource itself (AIP-131), the element type of a list.
     * </pre>
     */
    public void getEnhancedConnection(com.connsvc.v1.GetEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.EnhancedConnection> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetEnhancedConnectionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the connections of a project in the order of their creation
     * (dli_02_0190). Over gRPC a response is smaller than 4 MiB, the default limit of
     * clients; next_page_token continues a list that is cut at this size. A list that
     * exceeds connsvc's limit of DLI's responses is RESOURCE_EXHAUSTED/ANSWER_TOO_LARGE:
     * ask for a smaller limit.
     * </pre>
     */
    public void listEnhancedConnections(com.connsvc.v1.ListEnhancedConnectionsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListEnhancedConnectionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListEnhancedConnectionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes a connection (dli_02_0188). DLI rejects this while one of its peerings is
     * CREATING: FAILED_PRECONDITION/CONNECTION_BUSY. A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public void deleteEnhancedConnection(com.connsvc.v1.DeleteEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.DeleteEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteEnhancedConnectionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Replaces all hosts of a connection (dli_02_0200). An empty list removes all hosts.
     * </pre>
     */
    public void updateEnhancedConnectionHosts(com.connsvc.v1.UpdateEnhancedConnectionHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.UpdateEnhancedConnectionHostsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateEnhancedConnectionHostsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Binds queues and elastic resource pools to a connection (dli_02_0191). Each gets
     * a peering, whose first status is CREATING.
     * </pre>
     */
    public void associateQueues(com.connsvc.v1.AssociateQueuesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.AssociateQueuesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAssociateQueuesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Unbinds queues and elastic resource pools from a connection (dli_02_0192).
     * DLI rejects this for a FAILED peering: FAILED_PRECONDITION/PEERING_FAILED.
     * </pre>
     */
    public void disassociateQueues(com.connsvc.v1.DisassociateQueuesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.DisassociateQueuesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDisassociateQueuesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Adds a route to a connection (dli_02_0371).
     * </pre>
     */
    public void createRoute(com.connsvc.v1.CreateRouteRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CreateRouteResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateRouteMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes a route of a connection by its name (dli_02_0372).
     * </pre>
     */
    public void deleteRoute(com.connsvc.v1.DeleteRouteRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.DeleteRouteResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteRouteMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection (dli_02_0256).
     * </pre>
     */
    public void listPrivileges(com.connsvc.v1.ListPrivilegesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListPrivilegesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListPrivilegesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Grants, revokes or replaces a project's privileges on one connection
     * (dli_02_0253). This is DLI's general authorization call; connsvc serves it for
     * connections only.
     * </pre>
     */
    public void updatePrivileges(com.connsvc.v1.UpdatePrivilegesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.UpdatePrivilegesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdatePrivilegesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection, named as an object of
     * DLI's general authorization call.
     * </pre>
     */
    public void listPrivilegesByObject(com.connsvc.v1.ListPrivilegesByObjectRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListPrivilegesByObjectResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListPrivilegesByObjectMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns when a connection can be used: when no peering is CREATING and each queue reaches
     * the addresses, or a peering is FAILED, or the connection is gone, or the time is over.
     * The tests of addresses change nothing in DLI. A missing connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public void waitEnhancedConnection(com.connsvc.v1.WaitEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.WaitEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWaitEnhancedConnectionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Sends the connections of a project, or one connection, and then their changes until the
     * caller or connsvc ends it. Over REST the events are server-sent events. A connection_id
     * that does not exist is NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public void watchEnhancedConnections(com.connsvc.v1.WatchEnhancedConnectionsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.WatchEnhancedConnectionsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchEnhancedConnectionsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Makes a connection as it is wanted, by the least changes: creates it if it is missing,
     * else changes what differs. VPC and network cannot be changed:
     * FAILED_PRECONDITION/REPLACE_NEEDED, unless allow_replace is set. Several connections of
     * the name are FAILED_PRECONDITION/NAME_AMBIGUOUS. The error of a step has an ApplyReport as
     * a detail; the same apply goes on from there.
     * </pre>
     */
    public void applyEnhancedConnection(com.connsvc.v1.ApplyEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ApplyEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getApplyEnhancedConnectionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Compares connections with how they are wanted, and changes nothing.
     * </pre>
     */
    public void compareEnhancedConnection(com.connsvc.v1.CompareEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CompareEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCompareEnhancedConnectionMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the hosts of a connection, with their etag.
     * </pre>
     */
    public void listHosts(com.connsvc.v1.ListHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListHostsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListHostsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Adds hosts to a connection and keeps the others. Hosts that are not those of the etag, or
     * that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public void addHosts(com.connsvc.v1.AddHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.AddHostsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAddHostsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Removes hosts from a connection and keeps the others. Where none would be left it is
     * FAILED_PRECONDITION/EMPTY_NOT_ALLOWED, unless allow_empty is set. Hosts that are not those
     * of the etag, or that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public void removeHosts(com.connsvc.v1.RemoveHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.RemoveHostsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRemoveHostsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Starts a test of whether a queue reaches an address (dli_02_0284). An unknown queue is
     * NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public void createConnectivityTest(com.connsvc.v1.CreateConnectivityTestRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CreateConnectivityTestResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateConnectivityTestMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns the result of a test (dli_02_0285). A missing test is
     * NOT_FOUND/RESOURCE_NOT_FOUND.
     * </pre>
     */
    public void getConnectivityTest(com.connsvc.v1.GetConnectivityTestRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.GetConnectivityTestResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetConnectivityTestMethod(), responseObserver);
    }

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
          .addMethod(
            getCreateEnhancedConnectionMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.CreateEnhancedConnectionRequest,
                com.connsvc.v1.CreateEnhancedConnectionResponse>(
                  this, METHODID_CREATE_ENHANCED_CONNECTION)))
          .addMethod(
            getGetEnhancedConnectionMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.GetEnhancedConnectionRequest,
                com.connsvc.v1.EnhancedConnection>(
                  this, METHODID_GET_ENHANCED_CONNECTION)))
          .addMethod(
            getListEnhancedConnectionsMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.ListEnhancedConnectionsRequest,
                com.connsvc.v1.ListEnhancedConnectionsResponse>(
                  this, METHODID_LIST_ENHANCED_CONNECTIONS)))
          .addMethod(
            getDeleteEnhancedConnectionMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.DeleteEnhancedConnectionRequest,
                com.connsvc.v1.DeleteEnhancedConnectionResponse>(
                  this, METHODID_DELETE_ENHANCED_CONNECTION)))
          .addMethod(
            getUpdateEnhancedConnectionHostsMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.UpdateEnhancedConnectionHostsRequest,
                com.connsvc.v1.UpdateEnhancedConnectionHostsResponse>(
                  this, METHODID_UPDATE_ENHANCED_CONNECTION_HOSTS)))
          .addMethod(
            getAssociateQueuesMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.AssociateQueuesRequest,
                com.connsvc.v1.AssociateQueuesResponse>(
                  this, METHODID_ASSOCIATE_QUEUES)))
          .addMethod(
            getDisassociateQueuesMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.DisassociateQueuesRequest,
                com.connsvc.v1.DisassociateQueuesResponse>(
                  this, METHODID_DISASSOCIATE_QUEUES)))
          .addMethod(
            getCreateRouteMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.CreateRouteRequest,
                com.connsvc.v1.CreateRouteResponse>(
                  this, METHODID_CREATE_ROUTE)))
          .addMethod(
            getDeleteRouteMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.DeleteRouteRequest,
                com.connsvc.v1.DeleteRouteResponse>(
                  this, METHODID_DELETE_ROUTE)))
          .addMethod(
            getListPrivilegesMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.ListPrivilegesRequest,
                com.connsvc.v1.ListPrivilegesResponse>(
                  this, METHODID_LIST_PRIVILEGES)))
          .addMethod(
            getUpdatePrivilegesMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.UpdatePrivilegesRequest,
                com.connsvc.v1.UpdatePrivilegesResponse>(
                  this, METHODID_UPDATE_PRIVILEGES)))
          .addMethod(
            getListPrivilegesByObjectMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.ListPrivilegesByObjectRequest,
                com.connsvc.v1.ListPrivilegesByObjectResponse>(
                  this, METHODID_LIST_PRIVILEGES_BY_OBJECT)))
          .addMethod(
            getWaitEnhancedConnectionMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.WaitEnhancedConnectionRequest,
                com.connsvc.v1.WaitEnhancedConnectionResponse>(
                  this, METHODID_WAIT_ENHANCED_CONNECTION)))
          .addMethod(
            getWatchEnhancedConnectionsMethod(),
            io.grpc.stub.ServerCalls.asyncServerStreamingCall(
              new MethodHandlers<
                com.connsvc.v1.WatchEnhancedConnectionsRequest,
                com.connsvc.v1.WatchEnhancedConnectionsResponse>(
                  this, METHODID_WATCH_ENHANCED_CONNECTIONS)))
          .addMethod(
            getApplyEnhancedConnectionMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.ApplyEnhancedConnectionRequest,
                com.connsvc.v1.ApplyEnhancedConnectionResponse>(
                  this, METHODID_APPLY_ENHANCED_CONNECTION)))
          .addMethod(
            getCompareEnhancedConnectionMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.CompareEnhancedConnectionRequest,
                com.connsvc.v1.CompareEnhancedConnectionResponse>(
                  this, METHODID_COMPARE_ENHANCED_CONNECTION)))
          .addMethod(
            getListHostsMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.ListHostsRequest,
                com.connsvc.v1.ListHostsResponse>(
                  this, METHODID_LIST_HOSTS)))
          .addMethod(
            getAddHostsMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.AddHostsRequest,
                com.connsvc.v1.AddHostsResponse>(
                  this, METHODID_ADD_HOSTS)))
          .addMethod(
            getRemoveHostsMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.RemoveHostsRequest,
                com.connsvc.v1.RemoveHostsResponse>(
                  this, METHODID_REMOVE_HOSTS)))
          .addMethod(
            getCreateConnectivityTestMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.CreateConnectivityTestRequest,
                com.connsvc.v1.CreateConnectivityTestResponse>(
                  this, METHODID_CREATE_CONNECTIVITY_TEST)))
          .addMethod(
            getGetConnectivityTestMethod(),
            io.grpc.stub.ServerCalls.asyncUnaryCall(
              new MethodHandlers<
                com.connsvc.v1.GetConnectivityTestRequest,
                com.connsvc.v1.GetConnectivityTestResponse>(
                  this, METHODID_GET_CONNECTIVITY_TEST)))
          .build();
    }
  }

  /**
   * <pre>
   * ConnectionService manages the enhanced datasource connections of Data Lake
   * Insight (DLI). An RPC whose comment has one of DLI's document IDs is that DLI operation,
   * and its HTTP bindings are DLI's own paths. The others are what DLI leaves to its callers;
   * their paths begin with /connsvc/v1/.
   * Every error is a google.rpc.Status with an ErrorInfo whose reason is an
   * ErrorReason. An RPC with an idempotency_level may be sent again after any failure.
   * Any call can fail with VALIDATION_FAILED, PROJECT_NOT_CONFIGURED,
   * OVERLOADED or an UPSTREAM_ reason; the comment of each RPC names its other errors.
   * </pre>
   */
  public static final class ConnectionServiceStub extends io.grpc.stub.AbstractAsyncStub<ConnectionServiceStub> {
    private ConnectionServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ConnectionServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ConnectionServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a connection (dli_02_0187). The connection is ACTIVE at once; a queue
     * is reachable when its peering is ACTIVE. A taken name is
     * ALREADY_EXISTS/NAME_TAKEN; an unknown queue is NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public void createEnhancedConnection(com.connsvc.v1.CreateEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CreateEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateEnhancedConnectionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns a connection (dli_02_0189). A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * buf:lint:ignore RPC_RESPONSE_STANDARD_NAME
     * The response is the resource itself (AIP-131), the element type of a list.
     * </pre>
     */
    public void getEnhancedConnection(com.connsvc.v1.GetEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.EnhancedConnection> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetEnhancedConnectionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the connections of a project in the order of their creation
     * (dli_02_0190). Over gRPC a response is smaller than 4 MiB, the default limit of
     * clients; next_page_token continues a list that is cut at this size. A list that
     * exceeds connsvc's limit of DLI's responses is RESOURCE_EXHAUSTED/ANSWER_TOO_LARGE:
     * ask for a smaller limit.
     * </pre>
     */
    public void listEnhancedConnections(com.connsvc.v1.ListEnhancedConnectionsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListEnhancedConnectionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListEnhancedConnectionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes a connection (dli_02_0188). DLI rejects this while one of its peerings is
     * CREATING: FAILED_PRECONDITION/CONNECTION_BUSY. A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public void deleteEnhancedConnection(com.connsvc.v1.DeleteEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.DeleteEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteEnhancedConnectionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Replaces all hosts of a connection (dli_02_0200). An empty list removes all hosts.
     * </pre>
     */
    public void updateEnhancedConnectionHosts(com.connsvc.v1.UpdateEnhancedConnectionHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.UpdateEnhancedConnectionHostsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateEnhancedConnectionHostsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Binds queues and elastic resource pools to a connection (dli_02_0191). Each gets
     * a peering, whose first status is CREATING.
     * </pre>
     */
    public void associateQueues(com.connsvc.v1.AssociateQueuesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.AssociateQueuesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAssociateQueuesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Unbinds queues and elastic resource pools from a connection (dli_02_0192).
     * DLI rejects this for a FAILED peering: FAILED_PRECONDITION/PEERING_FAILED.
     * </pre>
     */
    public void disassociateQueues(com.connsvc.v1.DisassociateQueuesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.DisassociateQueuesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDisassociateQueuesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Adds a route to a connection (dli_02_0371).
     * </pre>
     */
    public void createRoute(com.connsvc.v1.CreateRouteRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CreateRouteResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateRouteMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes a route of a connection by its name (dli_02_0372).
     * </pre>
     */
    public void deleteRoute(com.connsvc.v1.DeleteRouteRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.DeleteRouteResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteRouteMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection (dli_02_0256).
     * </pre>
     */
    public void listPrivileges(com.connsvc.v1.ListPrivilegesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListPrivilegesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListPrivilegesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Grants, revokes or replaces a project's privileges on one connection
     * (dli_02_0253). This is DLI's general authorization call; connsvc serves it for
     * connections only.
     * </pre>
     */
    public void updatePrivileges(com.connsvc.v1.UpdatePrivilegesRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.UpdatePrivilegesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdatePrivilegesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection, named as an object of
     * DLI's general authorization call.
     * </pre>
     */
    public void listPrivilegesByObject(com.connsvc.v1.ListPrivilegesByObjectRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListPrivilegesByObjectResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListPrivilegesByObjectMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns when a connection can be used: when no peering is CREATING and each queue reaches
     * the addresses, or a peering is FAILED, or the connection is gone, or the time is over.
     * The tests of addresses change nothing in DLI. A missing connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public void waitEnhancedConnection(com.connsvc.v1.WaitEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.WaitEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getWaitEnhancedConnectionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Sends the connections of a project, or one connection, and then their changes until the
     * caller or connsvc ends it. Over REST the events are server-sent events. A connection_id
     * that does not exist is NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public void watchEnhancedConnections(com.connsvc.v1.WatchEnhancedConnectionsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.WatchEnhancedConnectionsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchEnhancedConnectionsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Makes a connection as it is wanted, by the least changes: creates it if it is missing,
     * else changes what differs. VPC and network cannot be changed:
     * FAILED_PRECONDITION/REPLACE_NEEDED, unless allow_replace is set. Several connections of
     * the name are FAILED_PRECONDITION/NAME_AMBIGUOUS. The error of a step has an ApplyReport as
     * a detail; the same apply goes on from there.
     * </pre>
     */
    public void applyEnhancedConnection(com.connsvc.v1.ApplyEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ApplyEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getApplyEnhancedConnectionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Compares connections with how they are wanted, and changes nothing.
     * </pre>
     */
    public void compareEnhancedConnection(com.connsvc.v1.CompareEnhancedConnectionRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CompareEnhancedConnectionResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCompareEnhancedConnectionMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the hosts of a connection, with their etag.
     * </pre>
     */
    public void listHosts(com.connsvc.v1.ListHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.ListHostsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListHostsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Adds hosts to a connection and keeps the others. Hosts that are not those of the etag, or
     * that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public void addHosts(com.connsvc.v1.AddHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.AddHostsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAddHostsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Removes hosts from a connection and keeps the others. Where none would be left it is
     * FAILED_PRECONDITION/EMPTY_NOT_ALLOWED, unless allow_empty is set. Hosts that are not those
     * of the etag, or that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public void removeHosts(com.connsvc.v1.RemoveHostsRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.RemoveHostsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRemoveHostsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Starts a test of whether a queue reaches an address (dli_02_0284). An unknown queue is
     * NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public void createConnectivityTest(com.connsvc.v1.CreateConnectivityTestRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.CreateConnectivityTestResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateConnectivityTestMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns the result of a test (dli_02_0285). A missing test is
     * NOT_FOUND/RESOURCE_NOT_FOUND.
     * </pre>
     */
    public void getConnectivityTest(com.connsvc.v1.GetConnectivityTestRequest request,
        io.grpc.stub.StreamObserver<com.connsvc.v1.GetConnectivityTestResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetConnectivityTestMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * <pre>
   * ConnectionService manages the enhanced datasource connections of Data Lake
   * Insight (DLI). An RPC whose comment has one of DLI's document IDs is that DLI operation,
   * and its HTTP bindings are DLI's own paths. The others are what DLI leaves to its callers;
   * their paths begin with /connsvc/v1/.
   * Every error is a google.rpc.Status with an ErrorInfo whose reason is an
   * ErrorReason. An RPC with an idempotency_level may be sent again after any failure.
   * Any call can fail with VALIDATION_FAILED, PROJECT_NOT_CONFIGURED,
   * OVERLOADED or an UPSTREAM_ reason; the comment of each RPC names its other errors.
   * </pre>
   */
  public static final class ConnectionServiceBlockingStub extends io.grpc.stub.AbstractBlockingStub<ConnectionServiceBlockingStub> {
    private ConnectionServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ConnectionServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ConnectionServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a connection (dli_02_0187). The connection is ACTIVE at once; a queue
     * is reachable when its peering is ACTIVE. A taken name is
     * ALREADY_EXISTS/NAME_TAKEN; an unknown queue is NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public com.connsvc.v1.CreateEnhancedConnectionResponse createEnhancedConnection(com.connsvc.v1.CreateEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateEnhancedConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns a connection (dli_02_0189). A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * buf:lint:ignore RPC_RESPONSE_STANDARD_NAME
     * The response is the resource itself (AIP-131), the element type of a list.
     * </pre>
     */
    public com.connsvc.v1.EnhancedConnection getEnhancedConnection(com.connsvc.v1.GetEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetEnhancedConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the connections of a project in the order of their creation
     * (dli_02_0190). Over gRPC a response is smaller than 4 MiB, the default limit of
     * clients; next_page_token continues a list that is cut at this size. A list that
     * exceeds connsvc's limit of DLI's responses is RESOURCE_EXHAUSTED/ANSWER_TOO_LARGE:
     * ask for a smaller limit.
     * </pre>
     */
    public com.connsvc.v1.ListEnhancedConnectionsResponse listEnhancedConnections(com.connsvc.v1.ListEnhancedConnectionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListEnhancedConnectionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes a connection (dli_02_0188). DLI rejects this while one of its peerings is
     * CREATING: FAILED_PRECONDITION/CONNECTION_BUSY. A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public com.connsvc.v1.DeleteEnhancedConnectionResponse deleteEnhancedConnection(com.connsvc.v1.DeleteEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteEnhancedConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Replaces all hosts of a connection (dli_02_0200). An empty list removes all hosts.
     * </pre>
     */
    public com.connsvc.v1.UpdateEnhancedConnectionHostsResponse updateEnhancedConnectionHosts(com.connsvc.v1.UpdateEnhancedConnectionHostsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateEnhancedConnectionHostsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Binds queues and elastic resource pools to a connection (dli_02_0191). Each gets
     * a peering, whose first status is CREATING.
     * </pre>
     */
    public com.connsvc.v1.AssociateQueuesResponse associateQueues(com.connsvc.v1.AssociateQueuesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAssociateQueuesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Unbinds queues and elastic resource pools from a connection (dli_02_0192).
     * DLI rejects this for a FAILED peering: FAILED_PRECONDITION/PEERING_FAILED.
     * </pre>
     */
    public com.connsvc.v1.DisassociateQueuesResponse disassociateQueues(com.connsvc.v1.DisassociateQueuesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDisassociateQueuesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Adds a route to a connection (dli_02_0371).
     * </pre>
     */
    public com.connsvc.v1.CreateRouteResponse createRoute(com.connsvc.v1.CreateRouteRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateRouteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes a route of a connection by its name (dli_02_0372).
     * </pre>
     */
    public com.connsvc.v1.DeleteRouteResponse deleteRoute(com.connsvc.v1.DeleteRouteRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteRouteMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection (dli_02_0256).
     * </pre>
     */
    public com.connsvc.v1.ListPrivilegesResponse listPrivileges(com.connsvc.v1.ListPrivilegesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListPrivilegesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Grants, revokes or replaces a project's privileges on one connection
     * (dli_02_0253). This is DLI's general authorization call; connsvc serves it for
     * connections only.
     * </pre>
     */
    public com.connsvc.v1.UpdatePrivilegesResponse updatePrivileges(com.connsvc.v1.UpdatePrivilegesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdatePrivilegesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection, named as an object of
     * DLI's general authorization call.
     * </pre>
     */
    public com.connsvc.v1.ListPrivilegesByObjectResponse listPrivilegesByObject(com.connsvc.v1.ListPrivilegesByObjectRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListPrivilegesByObjectMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns when a connection can be used: when no peering is CREATING and each queue reaches
     * the addresses, or a peering is FAILED, or the connection is gone, or the time is over.
     * The tests of addresses change nothing in DLI. A missing connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public com.connsvc.v1.WaitEnhancedConnectionResponse waitEnhancedConnection(com.connsvc.v1.WaitEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getWaitEnhancedConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Sends the connections of a project, or one connection, and then their changes until the
     * caller or connsvc ends it. Over REST the events are server-sent events. A connection_id
     * that does not exist is NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public java.util.Iterator<com.connsvc.v1.WatchEnhancedConnectionsResponse> watchEnhancedConnections(
        com.connsvc.v1.WatchEnhancedConnectionsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchEnhancedConnectionsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes a connection as it is wanted, by the least changes: creates it if it is missing,
     * else changes what differs. VPC and network cannot be changed:
     * FAILED_PRECONDITION/REPLACE_NEEDED, unless allow_replace is set. Several connections of
     * the name are FAILED_PRECONDITION/NAME_AMBIGUOUS. The error of a step has an ApplyReport as
     * a detail; the same apply goes on from there.
     * </pre>
     */
    public com.connsvc.v1.ApplyEnhancedConnectionResponse applyEnhancedConnection(com.connsvc.v1.ApplyEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getApplyEnhancedConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Compares connections with how they are wanted, and changes nothing.
     * </pre>
     */
    public com.connsvc.v1.CompareEnhancedConnectionResponse compareEnhancedConnection(com.connsvc.v1.CompareEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCompareEnhancedConnectionMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the hosts of a connection, with their etag.
     * </pre>
     */
    public com.connsvc.v1.ListHostsResponse listHosts(com.connsvc.v1.ListHostsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListHostsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Adds hosts to a connection and keeps the others. Hosts that are not those of the etag, or
     * that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public com.connsvc.v1.AddHostsResponse addHosts(com.connsvc.v1.AddHostsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAddHostsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes hosts from a connection and keeps the others. Where none would be left it is
     * FAILED_PRECONDITION/EMPTY_NOT_ALLOWED, unless allow_empty is set. Hosts that are not those
     * of the etag, or that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public com.connsvc.v1.RemoveHostsResponse removeHosts(com.connsvc.v1.RemoveHostsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRemoveHostsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Starts a test of whether a queue reaches an address (dli_02_0284). An unknown queue is
     * NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public com.connsvc.v1.CreateConnectivityTestResponse createConnectivityTest(com.connsvc.v1.CreateConnectivityTestRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateConnectivityTestMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns the result of a test (dli_02_0285). A missing test is
     * NOT_FOUND/RESOURCE_NOT_FOUND.
     * </pre>
     */
    public com.connsvc.v1.GetConnectivityTestResponse getConnectivityTest(com.connsvc.v1.GetConnectivityTestRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetConnectivityTestMethod(), getCallOptions(), request);
    }
  }

  /**
   * <pre>
   * ConnectionService manages the enhanced datasource connections of Data Lake
   * Insight (DLI). An RPC whose comment has one of DLI's document IDs is that DLI operation,
   * and its HTTP bindings are DLI's own paths. The others are what DLI leaves to its callers;
   * their paths begin with /connsvc/v1/.
   * Every error is a google.rpc.Status with an ErrorInfo whose reason is an
   * ErrorReason. An RPC with an idempotency_level may be sent again after any failure.
   * Any call can fail with VALIDATION_FAILED, PROJECT_NOT_CONFIGURED,
   * OVERLOADED or an UPSTREAM_ reason; the comment of each RPC names its other errors.
   * </pre>
   */
  public static final class ConnectionServiceFutureStub extends io.grpc.stub.AbstractFutureStub<ConnectionServiceFutureStub> {
    private ConnectionServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ConnectionServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ConnectionServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a connection (dli_02_0187). The connection is ACTIVE at once; a queue
     * is reachable when its peering is ACTIVE. A taken name is
     * ALREADY_EXISTS/NAME_TAKEN; an unknown queue is NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.CreateEnhancedConnectionResponse> createEnhancedConnection(
        com.connsvc.v1.CreateEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateEnhancedConnectionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns a connection (dli_02_0189). A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * buf:lint:ignore RPC_RESPONSE_STANDARD_NAME
     * The response is the resource itself (AIP-131), the element type of a list.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.EnhancedConnection> getEnhancedConnection(
        com.connsvc.v1.GetEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetEnhancedConnectionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the connections of a project in the order of their creation
     * (dli_02_0190). Over gRPC a response is smaller than 4 MiB, the default limit of
     * clients; next_page_token continues a list that is cut at this size. A list that
     * exceeds connsvc's limit of DLI's responses is RESOURCE_EXHAUSTED/ANSWER_TOO_LARGE:
     * ask for a smaller limit.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.ListEnhancedConnectionsResponse> listEnhancedConnections(
        com.connsvc.v1.ListEnhancedConnectionsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListEnhancedConnectionsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes a connection (dli_02_0188). DLI rejects this while one of its peerings is
     * CREATING: FAILED_PRECONDITION/CONNECTION_BUSY. A missing or deleted connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.DeleteEnhancedConnectionResponse> deleteEnhancedConnection(
        com.connsvc.v1.DeleteEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteEnhancedConnectionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Replaces all hosts of a connection (dli_02_0200). An empty list removes all hosts.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.UpdateEnhancedConnectionHostsResponse> updateEnhancedConnectionHosts(
        com.connsvc.v1.UpdateEnhancedConnectionHostsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateEnhancedConnectionHostsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Binds queues and elastic resource pools to a connection (dli_02_0191). Each gets
     * a peering, whose first status is CREATING.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.AssociateQueuesResponse> associateQueues(
        com.connsvc.v1.AssociateQueuesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAssociateQueuesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Unbinds queues and elastic resource pools from a connection (dli_02_0192).
     * DLI rejects this for a FAILED peering: FAILED_PRECONDITION/PEERING_FAILED.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.DisassociateQueuesResponse> disassociateQueues(
        com.connsvc.v1.DisassociateQueuesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDisassociateQueuesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Adds a route to a connection (dli_02_0371).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.CreateRouteResponse> createRoute(
        com.connsvc.v1.CreateRouteRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateRouteMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes a route of a connection by its name (dli_02_0372).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.DeleteRouteResponse> deleteRoute(
        com.connsvc.v1.DeleteRouteRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteRouteMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection (dli_02_0256).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.ListPrivilegesResponse> listPrivileges(
        com.connsvc.v1.ListPrivilegesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListPrivilegesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Grants, revokes or replaces a project's privileges on one connection
     * (dli_02_0253). This is DLI's general authorization call; connsvc serves it for
     * connections only.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.UpdatePrivilegesResponse> updatePrivileges(
        com.connsvc.v1.UpdatePrivilegesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdatePrivilegesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the privileges of other projects on a connection, named as an object of
     * DLI's general authorization call.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.ListPrivilegesByObjectResponse> listPrivilegesByObject(
        com.connsvc.v1.ListPrivilegesByObjectRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListPrivilegesByObjectMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns when a connection can be used: when no peering is CREATING and each queue reaches
     * the addresses, or a peering is FAILED, or the connection is gone, or the time is over.
     * The tests of addresses change nothing in DLI. A missing connection is
     * NOT_FOUND/CONNECTION_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.WaitEnhancedConnectionResponse> waitEnhancedConnection(
        com.connsvc.v1.WaitEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getWaitEnhancedConnectionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Makes a connection as it is wanted, by the least changes: creates it if it is missing,
     * else changes what differs. VPC and network cannot be changed:
     * FAILED_PRECONDITION/REPLACE_NEEDED, unless allow_replace is set. Several connections of
     * the name are FAILED_PRECONDITION/NAME_AMBIGUOUS. The error of a step has an ApplyReport as
     * a detail; the same apply goes on from there.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.ApplyEnhancedConnectionResponse> applyEnhancedConnection(
        com.connsvc.v1.ApplyEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getApplyEnhancedConnectionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Compares connections with how they are wanted, and changes nothing.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.CompareEnhancedConnectionResponse> compareEnhancedConnection(
        com.connsvc.v1.CompareEnhancedConnectionRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCompareEnhancedConnectionMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the hosts of a connection, with their etag.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.ListHostsResponse> listHosts(
        com.connsvc.v1.ListHostsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListHostsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Adds hosts to a connection and keeps the others. Hosts that are not those of the etag, or
     * that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.AddHostsResponse> addHosts(
        com.connsvc.v1.AddHostsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAddHostsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Removes hosts from a connection and keeps the others. Where none would be left it is
     * FAILED_PRECONDITION/EMPTY_NOT_ALLOWED, unless allow_empty is set. Hosts that are not those
     * of the etag, or that somebody else changes meanwhile, are ABORTED/CONCURRENT_CHANGE.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.RemoveHostsResponse> removeHosts(
        com.connsvc.v1.RemoveHostsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRemoveHostsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Starts a test of whether a queue reaches an address (dli_02_0284). An unknown queue is
     * NOT_FOUND/QUEUE_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.CreateConnectivityTestResponse> createConnectivityTest(
        com.connsvc.v1.CreateConnectivityTestRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateConnectivityTestMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns the result of a test (dli_02_0285). A missing test is
     * NOT_FOUND/RESOURCE_NOT_FOUND.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.connsvc.v1.GetConnectivityTestResponse> getConnectivityTest(
        com.connsvc.v1.GetConnectivityTestRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetConnectivityTestMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_ENHANCED_CONNECTION = 0;
  private static final int METHODID_GET_ENHANCED_CONNECTION = 1;
  private static final int METHODID_LIST_ENHANCED_CONNECTIONS = 2;
  private static final int METHODID_DELETE_ENHANCED_CONNECTION = 3;
  private static final int METHODID_UPDATE_ENHANCED_CONNECTION_HOSTS = 4;
  private static final int METHODID_ASSOCIATE_QUEUES = 5;
  private static final int METHODID_DISASSOCIATE_QUEUES = 6;
  private static final int METHODID_CREATE_ROUTE = 7;
  private static final int METHODID_DELETE_ROUTE = 8;
  private static final int METHODID_LIST_PRIVILEGES = 9;
  private static final int METHODID_UPDATE_PRIVILEGES = 10;
  private static final int METHODID_LIST_PRIVILEGES_BY_OBJECT = 11;
  private static final int METHODID_WAIT_ENHANCED_CONNECTION = 12;
  private static final int METHODID_WATCH_ENHANCED_CONNECTIONS = 13;
  private static final int METHODID_APPLY_ENHANCED_CONNECTION = 14;
  private static final int METHODID_COMPARE_ENHANCED_CONNECTION = 15;
  private static final int METHODID_LIST_HOSTS = 16;
  private static final int METHODID_ADD_HOSTS = 17;
  private static final int METHODID_REMOVE_HOSTS = 18;
  private static final int METHODID_CREATE_CONNECTIVITY_TEST = 19;
  private static final int METHODID_GET_CONNECTIVITY_TEST = 20;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final ConnectionServiceImplBase serviceImpl;
    private final int methodId;

    MethodHandlers(ConnectionServiceImplBase serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_CREATE_ENHANCED_CONNECTION:
          serviceImpl.createEnhancedConnection((com.connsvc.v1.CreateEnhancedConnectionRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.CreateEnhancedConnectionResponse>) responseObserver);
          break;
        case METHODID_GET_ENHANCED_CONNECTION:
          serviceImpl.getEnhancedConnection((com.connsvc.v1.GetEnhancedConnectionRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.EnhancedConnection>) responseObserver);
          break;
        case METHODID_LIST_ENHANCED_CONNECTIONS:
          serviceImpl.listEnhancedConnections((com.connsvc.v1.ListEnhancedConnectionsRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.ListEnhancedConnectionsResponse>) responseObserver);
          break;
        case METHODID_DELETE_ENHANCED_CONNECTION:
          serviceImpl.deleteEnhancedConnection((com.connsvc.v1.DeleteEnhancedConnectionRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.DeleteEnhancedConnectionResponse>) responseObserver);
          break;
        case METHODID_UPDATE_ENHANCED_CONNECTION_HOSTS:
          serviceImpl.updateEnhancedConnectionHosts((com.connsvc.v1.UpdateEnhancedConnectionHostsRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.UpdateEnhancedConnectionHostsResponse>) responseObserver);
          break;
        case METHODID_ASSOCIATE_QUEUES:
          serviceImpl.associateQueues((com.connsvc.v1.AssociateQueuesRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.AssociateQueuesResponse>) responseObserver);
          break;
        case METHODID_DISASSOCIATE_QUEUES:
          serviceImpl.disassociateQueues((com.connsvc.v1.DisassociateQueuesRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.DisassociateQueuesResponse>) responseObserver);
          break;
        case METHODID_CREATE_ROUTE:
          serviceImpl.createRoute((com.connsvc.v1.CreateRouteRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.CreateRouteResponse>) responseObserver);
          break;
        case METHODID_DELETE_ROUTE:
          serviceImpl.deleteRoute((com.connsvc.v1.DeleteRouteRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.DeleteRouteResponse>) responseObserver);
          break;
        case METHODID_LIST_PRIVILEGES:
          serviceImpl.listPrivileges((com.connsvc.v1.ListPrivilegesRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.ListPrivilegesResponse>) responseObserver);
          break;
        case METHODID_UPDATE_PRIVILEGES:
          serviceImpl.updatePrivileges((com.connsvc.v1.UpdatePrivilegesRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.UpdatePrivilegesResponse>) responseObserver);
          break;
        case METHODID_LIST_PRIVILEGES_BY_OBJECT:
          serviceImpl.listPrivilegesByObject((com.connsvc.v1.ListPrivilegesByObjectRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.ListPrivilegesByObjectResponse>) responseObserver);
          break;
        case METHODID_WAIT_ENHANCED_CONNECTION:
          serviceImpl.waitEnhancedConnection((com.connsvc.v1.WaitEnhancedConnectionRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.WaitEnhancedConnectionResponse>) responseObserver);
          break;
        case METHODID_WATCH_ENHANCED_CONNECTIONS:
          serviceImpl.watchEnhancedConnections((com.connsvc.v1.WatchEnhancedConnectionsRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.WatchEnhancedConnectionsResponse>) responseObserver);
          break;
        case METHODID_APPLY_ENHANCED_CONNECTION:
          serviceImpl.applyEnhancedConnection((com.connsvc.v1.ApplyEnhancedConnectionRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.ApplyEnhancedConnectionResponse>) responseObserver);
          break;
        case METHODID_COMPARE_ENHANCED_CONNECTION:
          serviceImpl.compareEnhancedConnection((com.connsvc.v1.CompareEnhancedConnectionRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.CompareEnhancedConnectionResponse>) responseObserver);
          break;
        case METHODID_LIST_HOSTS:
          serviceImpl.listHosts((com.connsvc.v1.ListHostsRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.ListHostsResponse>) responseObserver);
          break;
        case METHODID_ADD_HOSTS:
          serviceImpl.addHosts((com.connsvc.v1.AddHostsRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.AddHostsResponse>) responseObserver);
          break;
        case METHODID_REMOVE_HOSTS:
          serviceImpl.removeHosts((com.connsvc.v1.RemoveHostsRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.RemoveHostsResponse>) responseObserver);
          break;
        case METHODID_CREATE_CONNECTIVITY_TEST:
          serviceImpl.createConnectivityTest((com.connsvc.v1.CreateConnectivityTestRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.CreateConnectivityTestResponse>) responseObserver);
          break;
        case METHODID_GET_CONNECTIVITY_TEST:
          serviceImpl.getConnectivityTest((com.connsvc.v1.GetConnectivityTestRequest) request,
              (io.grpc.stub.StreamObserver<com.connsvc.v1.GetConnectivityTestResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  private static abstract class ConnectionServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    ConnectionServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.connsvc.v1.ConnectionServiceOuterClass.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("ConnectionService");
    }
  }

  private static final class ConnectionServiceFileDescriptorSupplier
      extends ConnectionServiceBaseDescriptorSupplier {
    ConnectionServiceFileDescriptorSupplier() {}
  }

  private static final class ConnectionServiceMethodDescriptorSupplier
      extends ConnectionServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final String methodName;

    ConnectionServiceMethodDescriptorSupplier(String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (ConnectionServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new ConnectionServiceFileDescriptorSupplier())
              .addMethod(getCreateEnhancedConnectionMethod())
              .addMethod(getGetEnhancedConnectionMethod())
              .addMethod(getListEnhancedConnectionsMethod())
              .addMethod(getDeleteEnhancedConnectionMethod())
              .addMethod(getUpdateEnhancedConnectionHostsMethod())
              .addMethod(getAssociateQueuesMethod())
              .addMethod(getDisassociateQueuesMethod())
              .addMethod(getCreateRouteMethod())
              .addMethod(getDeleteRouteMethod())
              .addMethod(getListPrivilegesMethod())
              .addMethod(getUpdatePrivilegesMethod())
              .addMethod(getListPrivilegesByObjectMethod())
              .addMethod(getWaitEnhancedConnectionMethod())
              .addMethod(getWatchEnhancedConnectionsMethod())
              .addMethod(getApplyEnhancedConnectionMethod())
              .addMethod(getCompareEnhancedConnectionMethod())
              .addMethod(getListHostsMethod())
              .addMethod(getAddHostsMethod())
              .addMethod(getRemoveHostsMethod())
              .addMethod(getCreateConnectivityTestMethod())
              .addMethod(getGetConnectivityTestMethod())
              .build();
        }
      }
    }
    return result;
  }
}
