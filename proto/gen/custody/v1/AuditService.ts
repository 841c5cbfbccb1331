// Original file: custody/v1/audit.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { ExportRequest as _custody_v1_ExportRequest, ExportRequest__Output as _custody_v1_ExportRequest__Output } from '../../custody/v1/ExportRequest.ts';
import type { ExportResponse as _custody_v1_ExportResponse, ExportResponse__Output as _custody_v1_ExportResponse__Output } from '../../custody/v1/ExportResponse.ts';
import type { GetCheckpointRequest as _custody_v1_GetCheckpointRequest, GetCheckpointRequest__Output as _custody_v1_GetCheckpointRequest__Output } from '../../custody/v1/GetCheckpointRequest.ts';
import type { GetCheckpointResponse as _custody_v1_GetCheckpointResponse, GetCheckpointResponse__Output as _custody_v1_GetCheckpointResponse__Output } from '../../custody/v1/GetCheckpointResponse.ts';
import type { GetProofRequest as _custody_v1_GetProofRequest, GetProofRequest__Output as _custody_v1_GetProofRequest__Output } from '../../custody/v1/GetProofRequest.ts';
import type { GetProofResponse as _custody_v1_GetProofResponse, GetProofResponse__Output as _custody_v1_GetProofResponse__Output } from '../../custody/v1/GetProofResponse.ts';
import type { GetStatusRequest as _custody_v1_GetStatusRequest, GetStatusRequest__Output as _custody_v1_GetStatusRequest__Output } from '../../custody/v1/GetStatusRequest.ts';
import type { GetStatusResponse as _custody_v1_GetStatusResponse, GetStatusResponse__Output as _custody_v1_GetStatusResponse__Output } from '../../custody/v1/GetStatusResponse.ts';
import type { ReadEntriesRequest as _custody_v1_ReadEntriesRequest, ReadEntriesRequest__Output as _custody_v1_ReadEntriesRequest__Output } from '../../custody/v1/ReadEntriesRequest.ts';
import type { ReadEntriesResponse as _custody_v1_ReadEntriesResponse, ReadEntriesResponse__Output as _custody_v1_ReadEntriesResponse__Output } from '../../custody/v1/ReadEntriesResponse.ts';

/**
 * The log, for anyone who may read it.
 */
export interface AuditServiceClient extends grpc.Client {
  /**
   * The Export for the offline verifier, file by file.
   */
  Export(argument: _custody_v1_ExportRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_ExportResponse__Output>;
  Export(argument: _custody_v1_ExportRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_ExportResponse__Output>;
  /**
   * The Export for the offline verifier, file by file.
   */
  export(argument: _custody_v1_ExportRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_ExportResponse__Output>;
  export(argument: _custody_v1_ExportRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_ExportResponse__Output>;
  
  GetCheckpoint(argument: _custody_v1_GetCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _custody_v1_GetCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _custody_v1_GetCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  GetCheckpoint(argument: _custody_v1_GetCheckpointRequest, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _custody_v1_GetCheckpointRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _custody_v1_GetCheckpointRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _custody_v1_GetCheckpointRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  getCheckpoint(argument: _custody_v1_GetCheckpointRequest, callback: grpc.requestCallback<_custody_v1_GetCheckpointResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Inclusion of one entry, or consistency of two sizes.
   */
  GetProof(argument: _custody_v1_GetProofRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  GetProof(argument: _custody_v1_GetProofRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  GetProof(argument: _custody_v1_GetProofRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  GetProof(argument: _custody_v1_GetProofRequest, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Inclusion of one entry, or consistency of two sizes.
   */
  getProof(argument: _custody_v1_GetProofRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  getProof(argument: _custody_v1_GetProofRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  getProof(argument: _custody_v1_GetProofRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  getProof(argument: _custody_v1_GetProofRequest, callback: grpc.requestCallback<_custody_v1_GetProofResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Coordinator, nodes and witnesses as seen from here.
   */
  GetStatus(argument: _custody_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _custody_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _custody_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  GetStatus(argument: _custody_v1_GetStatusRequest, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Coordinator, nodes and witnesses as seen from here.
   */
  getStatus(argument: _custody_v1_GetStatusRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _custody_v1_GetStatusRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _custody_v1_GetStatusRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  getStatus(argument: _custody_v1_GetStatusRequest, callback: grpc.requestCallback<_custody_v1_GetStatusResponse__Output>): grpc.ClientUnaryCall;
  
  ReadEntries(argument: _custody_v1_ReadEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  ReadEntries(argument: _custody_v1_ReadEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  ReadEntries(argument: _custody_v1_ReadEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  ReadEntries(argument: _custody_v1_ReadEntriesRequest, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  readEntries(argument: _custody_v1_ReadEntriesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  readEntries(argument: _custody_v1_ReadEntriesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  readEntries(argument: _custody_v1_ReadEntriesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  readEntries(argument: _custody_v1_ReadEntriesRequest, callback: grpc.requestCallback<_custody_v1_ReadEntriesResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * The log, for anyone who may read it.
 */
export interface AuditServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * The Export for the offline verifier, file by file.
   */
  Export: grpc.handleServerStreamingCall<_custody_v1_ExportRequest__Output, _custody_v1_ExportResponse>;
  
  GetCheckpoint: grpc.handleUnaryCall<_custody_v1_GetCheckpointRequest__Output, _custody_v1_GetCheckpointResponse>;
  
  /**
   * Inclusion of one entry, or consistency of two sizes.
   */
  GetProof: grpc.handleUnaryCall<_custody_v1_GetProofRequest__Output, _custody_v1_GetProofResponse>;
  
  /**
   * Coordinator, nodes and witnesses as seen from here.
   */
  GetStatus: grpc.handleUnaryCall<_custody_v1_GetStatusRequest__Output, _custody_v1_GetStatusResponse>;
  
  ReadEntries: grpc.handleUnaryCall<_custody_v1_ReadEntriesRequest__Output, _custody_v1_ReadEntriesResponse>;
  
}

export interface AuditServiceDefinition extends grpc.ServiceDefinition {
  Export: MethodDefinition<_custody_v1_ExportRequest, _custody_v1_ExportResponse, _custody_v1_ExportRequest__Output, _custody_v1_ExportResponse__Output>
  GetCheckpoint: MethodDefinition<_custody_v1_GetCheckpointRequest, _custody_v1_GetCheckpointResponse, _custody_v1_GetCheckpointRequest__Output, _custody_v1_GetCheckpointResponse__Output>
  GetProof: MethodDefinition<_custody_v1_GetProofRequest, _custody_v1_GetProofResponse, _custody_v1_GetProofRequest__Output, _custody_v1_GetProofResponse__Output>
  GetStatus: MethodDefinition<_custody_v1_GetStatusRequest, _custody_v1_GetStatusResponse, _custody_v1_GetStatusRequest__Output, _custody_v1_GetStatusResponse__Output>
  ReadEntries: MethodDefinition<_custody_v1_ReadEntriesRequest, _custody_v1_ReadEntriesResponse, _custody_v1_ReadEntriesRequest__Output, _custody_v1_ReadEntriesResponse__Output>
}
