// Original file: custody/v1/policy.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { GetLimitsRequest as _custody_v1_GetLimitsRequest, GetLimitsRequest__Output as _custody_v1_GetLimitsRequest__Output } from '../../custody/v1/GetLimitsRequest.ts';
import type { GetLimitsResponse as _custody_v1_GetLimitsResponse, GetLimitsResponse__Output as _custody_v1_GetLimitsResponse__Output } from '../../custody/v1/GetLimitsResponse.ts';
import type { GetRulesetRequest as _custody_v1_GetRulesetRequest, GetRulesetRequest__Output as _custody_v1_GetRulesetRequest__Output } from '../../custody/v1/GetRulesetRequest.ts';
import type { GetRulesetResponse as _custody_v1_GetRulesetResponse, GetRulesetResponse__Output as _custody_v1_GetRulesetResponse__Output } from '../../custody/v1/GetRulesetResponse.ts';
import type { SubmitFreezeRequest as _custody_v1_SubmitFreezeRequest, SubmitFreezeRequest__Output as _custody_v1_SubmitFreezeRequest__Output } from '../../custody/v1/SubmitFreezeRequest.ts';
import type { SubmitFreezeResponse as _custody_v1_SubmitFreezeResponse, SubmitFreezeResponse__Output as _custody_v1_SubmitFreezeResponse__Output } from '../../custody/v1/SubmitFreezeResponse.ts';
import type { SubmitRootRequest as _custody_v1_SubmitRootRequest, SubmitRootRequest__Output as _custody_v1_SubmitRootRequest__Output } from '../../custody/v1/SubmitRootRequest.ts';
import type { SubmitRootResponse as _custody_v1_SubmitRootResponse, SubmitRootResponse__Output as _custody_v1_SubmitRootResponse__Output } from '../../custody/v1/SubmitRootResponse.ts';

/**
 * The documents in force, the room left in the limits, and the freeze.
 */
export interface PolicyServiceClient extends grpc.Client {
  GetLimits(argument: _custody_v1_GetLimitsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  GetLimits(argument: _custody_v1_GetLimitsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  GetLimits(argument: _custody_v1_GetLimitsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  GetLimits(argument: _custody_v1_GetLimitsRequest, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  getLimits(argument: _custody_v1_GetLimitsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  getLimits(argument: _custody_v1_GetLimitsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  getLimits(argument: _custody_v1_GetLimitsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  getLimits(argument: _custody_v1_GetLimitsRequest, callback: grpc.requestCallback<_custody_v1_GetLimitsResponse__Output>): grpc.ClientUnaryCall;
  
  GetRuleset(argument: _custody_v1_GetRulesetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  GetRuleset(argument: _custody_v1_GetRulesetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  GetRuleset(argument: _custody_v1_GetRulesetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  GetRuleset(argument: _custody_v1_GetRulesetRequest, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  getRuleset(argument: _custody_v1_GetRulesetRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  getRuleset(argument: _custody_v1_GetRulesetRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  getRuleset(argument: _custody_v1_GetRulesetRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  getRuleset(argument: _custody_v1_GetRulesetRequest, callback: grpc.requestCallback<_custody_v1_GetRulesetResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * One listed person stops everything, or one vault.
   */
  SubmitFreeze(argument: _custody_v1_SubmitFreezeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  SubmitFreeze(argument: _custody_v1_SubmitFreezeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  SubmitFreeze(argument: _custody_v1_SubmitFreezeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  SubmitFreeze(argument: _custody_v1_SubmitFreezeRequest, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  /**
   * One listed person stops everything, or one vault.
   */
  submitFreeze(argument: _custody_v1_SubmitFreezeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  submitFreeze(argument: _custody_v1_SubmitFreezeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  submitFreeze(argument: _custody_v1_SubmitFreezeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  submitFreeze(argument: _custody_v1_SubmitFreezeRequest, callback: grpc.requestCallback<_custody_v1_SubmitFreezeResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * A root that the quorum of the root in force signed out of band, with what its genesis changes.
   */
  SubmitRoot(argument: _custody_v1_SubmitRootRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  SubmitRoot(argument: _custody_v1_SubmitRootRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  SubmitRoot(argument: _custody_v1_SubmitRootRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  SubmitRoot(argument: _custody_v1_SubmitRootRequest, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  /**
   * A root that the quorum of the root in force signed out of band, with what its genesis changes.
   */
  submitRoot(argument: _custody_v1_SubmitRootRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  submitRoot(argument: _custody_v1_SubmitRootRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  submitRoot(argument: _custody_v1_SubmitRootRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  submitRoot(argument: _custody_v1_SubmitRootRequest, callback: grpc.requestCallback<_custody_v1_SubmitRootResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * The documents in force, the room left in the limits, and the freeze.
 */
export interface PolicyServiceHandlers extends grpc.UntypedServiceImplementation {
  GetLimits: grpc.handleUnaryCall<_custody_v1_GetLimitsRequest__Output, _custody_v1_GetLimitsResponse>;
  
  GetRuleset: grpc.handleUnaryCall<_custody_v1_GetRulesetRequest__Output, _custody_v1_GetRulesetResponse>;
  
  /**
   * One listed person stops everything, or one vault.
   */
  SubmitFreeze: grpc.handleUnaryCall<_custody_v1_SubmitFreezeRequest__Output, _custody_v1_SubmitFreezeResponse>;
  
  /**
   * A root that the quorum of the root in force signed out of band, with what its genesis changes.
   */
  SubmitRoot: grpc.handleUnaryCall<_custody_v1_SubmitRootRequest__Output, _custody_v1_SubmitRootResponse>;
  
}

export interface PolicyServiceDefinition extends grpc.ServiceDefinition {
  GetLimits: MethodDefinition<_custody_v1_GetLimitsRequest, _custody_v1_GetLimitsResponse, _custody_v1_GetLimitsRequest__Output, _custody_v1_GetLimitsResponse__Output>
  GetRuleset: MethodDefinition<_custody_v1_GetRulesetRequest, _custody_v1_GetRulesetResponse, _custody_v1_GetRulesetRequest__Output, _custody_v1_GetRulesetResponse__Output>
  SubmitFreeze: MethodDefinition<_custody_v1_SubmitFreezeRequest, _custody_v1_SubmitFreezeResponse, _custody_v1_SubmitFreezeRequest__Output, _custody_v1_SubmitFreezeResponse__Output>
  SubmitRoot: MethodDefinition<_custody_v1_SubmitRootRequest, _custody_v1_SubmitRootResponse, _custody_v1_SubmitRootRequest__Output, _custody_v1_SubmitRootResponse__Output>
}
