// Original file: custody/v1/node_link.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AttachRequest as _custody_v1_AttachRequest, AttachRequest__Output as _custody_v1_AttachRequest__Output } from '../../custody/v1/AttachRequest.ts';
import type { AttachResponse as _custody_v1_AttachResponse, AttachResponse__Output as _custody_v1_AttachResponse__Output } from '../../custody/v1/AttachResponse.ts';

/**
 * Served by the coordinator, dialled by nodes: the only connection of a node.
 * Nothing a coordinator says here is believed.
 */
export interface NodeLinkServiceClient extends grpc.Client {
  Attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_custody_v1_AttachRequest, _custody_v1_AttachResponse__Output>;
  Attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_custody_v1_AttachRequest, _custody_v1_AttachResponse__Output>;
  attach(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_custody_v1_AttachRequest, _custody_v1_AttachResponse__Output>;
  attach(options?: grpc.CallOptions): grpc.ClientDuplexStream<_custody_v1_AttachRequest, _custody_v1_AttachResponse__Output>;
  
}

/**
 * Served by the coordinator, dialled by nodes: the only connection of a node.
 * Nothing a coordinator says here is believed.
 */
export interface NodeLinkServiceHandlers extends grpc.UntypedServiceImplementation {
  Attach: grpc.handleBidiStreamingCall<_custody_v1_AttachRequest__Output, _custody_v1_AttachResponse>;
  
}

export interface NodeLinkServiceDefinition extends grpc.ServiceDefinition {
  Attach: MethodDefinition<_custody_v1_AttachRequest, _custody_v1_AttachResponse, _custody_v1_AttachRequest__Output, _custody_v1_AttachResponse__Output>
}
