// Original file: custody/v1/approval.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetApprovalPackageRequest as _custody_v1_GetApprovalPackageRequest, GetApprovalPackageRequest__Output as _custody_v1_GetApprovalPackageRequest__Output } from '../../custody/v1/GetApprovalPackageRequest.ts';
import type { GetApprovalPackageResponse as _custody_v1_GetApprovalPackageResponse, GetApprovalPackageResponse__Output as _custody_v1_GetApprovalPackageResponse__Output } from '../../custody/v1/GetApprovalPackageResponse.ts';
import type { ListPendingRequest as _custody_v1_ListPendingRequest, ListPendingRequest__Output as _custody_v1_ListPendingRequest__Output } from '../../custody/v1/ListPendingRequest.ts';
import type { ListPendingResponse as _custody_v1_ListPendingResponse, ListPendingResponse__Output as _custody_v1_ListPendingResponse__Output } from '../../custody/v1/ListPendingResponse.ts';
import type { SubmitDecisionRequest as _custody_v1_SubmitDecisionRequest, SubmitDecisionRequest__Output as _custody_v1_SubmitDecisionRequest__Output } from '../../custody/v1/SubmitDecisionRequest.ts';
import type { SubmitDecisionResponse as _custody_v1_SubmitDecisionResponse, SubmitDecisionResponse__Output as _custody_v1_SubmitDecisionResponse__Output } from '../../custody/v1/SubmitDecisionResponse.ts';

/**
 * For approvers. What they sign is decoded and rendered on their own machine.
 */
export interface ApprovalServiceClient extends grpc.Client {
  /**
   * Bytes and digests to render and sign locally.
   */
  GetApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  GetApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  GetApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  GetApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Bytes and digests to render and sign locally.
   */
  getApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  getApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  getApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  getApprovalPackage(argument: _custody_v1_GetApprovalPackageRequest, callback: grpc.requestCallback<_custody_v1_GetApprovalPackageResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * What this approver may decide now.
   */
  ListPending(argument: _custody_v1_ListPendingRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  ListPending(argument: _custody_v1_ListPendingRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  ListPending(argument: _custody_v1_ListPendingRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  ListPending(argument: _custody_v1_ListPendingRequest, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  /**
   * What this approver may decide now.
   */
  listPending(argument: _custody_v1_ListPendingRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  listPending(argument: _custody_v1_ListPendingRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  listPending(argument: _custody_v1_ListPendingRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  listPending(argument: _custody_v1_ListPendingRequest, callback: grpc.requestCallback<_custody_v1_ListPendingResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Approve or reject, as the signed document.
   */
  SubmitDecision(argument: _custody_v1_SubmitDecisionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  SubmitDecision(argument: _custody_v1_SubmitDecisionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  SubmitDecision(argument: _custody_v1_SubmitDecisionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  SubmitDecision(argument: _custody_v1_SubmitDecisionRequest, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Approve or reject, as the signed document.
   */
  submitDecision(argument: _custody_v1_SubmitDecisionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  submitDecision(argument: _custody_v1_SubmitDecisionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  submitDecision(argument: _custody_v1_SubmitDecisionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  submitDecision(argument: _custody_v1_SubmitDecisionRequest, callback: grpc.requestCallback<_custody_v1_SubmitDecisionResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * For approvers. What they sign is decoded and rendered on their own machine.
 */
export interface ApprovalServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Bytes and digests to render and sign locally.
   */
  GetApprovalPackage: grpc.handleUnaryCall<_custody_v1_GetApprovalPackageRequest__Output, _custody_v1_GetApprovalPackageResponse>;
  
  /**
   * What this approver may decide now.
   */
  ListPending: grpc.handleUnaryCall<_custody_v1_ListPendingRequest__Output, _custody_v1_ListPendingResponse>;
  
  /**
   * Approve or reject, as the signed document.
   */
  SubmitDecision: grpc.handleUnaryCall<_custody_v1_SubmitDecisionRequest__Output, _custody_v1_SubmitDecisionResponse>;
  
}

export interface ApprovalServiceDefinition extends grpc.ServiceDefinition {
  GetApprovalPackage: MethodDefinition<_custody_v1_GetApprovalPackageRequest, _custody_v1_GetApprovalPackageResponse, _custody_v1_GetApprovalPackageRequest__Output, _custody_v1_GetApprovalPackageResponse__Output>
  ListPending: MethodDefinition<_custody_v1_ListPendingRequest, _custody_v1_ListPendingResponse, _custody_v1_ListPendingRequest__Output, _custody_v1_ListPendingResponse__Output>
  SubmitDecision: MethodDefinition<_custody_v1_SubmitDecisionRequest, _custody_v1_SubmitDecisionResponse, _custody_v1_SubmitDecisionRequest__Output, _custody_v1_SubmitDecisionResponse__Output>
}
