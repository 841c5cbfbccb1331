// Original file: custody/v1/signing.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CancelRequestRequest as _custody_v1_CancelRequestRequest, CancelRequestRequest__Output as _custody_v1_CancelRequestRequest__Output } from '../../custody/v1/CancelRequestRequest.ts';
import type { CancelRequestResponse as _custody_v1_CancelRequestResponse, CancelRequestResponse__Output as _custody_v1_CancelRequestResponse__Output } from '../../custody/v1/CancelRequestResponse.ts';
import type { GetRequestRequest as _custody_v1_GetRequestRequest, GetRequestRequest__Output as _custody_v1_GetRequestRequest__Output } from '../../custody/v1/GetRequestRequest.ts';
import type { GetRequestResponse as _custody_v1_GetRequestResponse, GetRequestResponse__Output as _custody_v1_GetRequestResponse__Output } from '../../custody/v1/GetRequestResponse.ts';
import type { ListRequestsRequest as _custody_v1_ListRequestsRequest, ListRequestsRequest__Output as _custody_v1_ListRequestsRequest__Output } from '../../custody/v1/ListRequestsRequest.ts';
import type { ListRequestsResponse as _custody_v1_ListRequestsResponse, ListRequestsResponse__Output as _custody_v1_ListRequestsResponse__Output } from '../../custody/v1/ListRequestsResponse.ts';
import type { SimulateIntentRequest as _custody_v1_SimulateIntentRequest, SimulateIntentRequest__Output as _custody_v1_SimulateIntentRequest__Output } from '../../custody/v1/SimulateIntentRequest.ts';
import type { SimulateIntentResponse as _custody_v1_SimulateIntentResponse, SimulateIntentResponse__Output as _custody_v1_SimulateIntentResponse__Output } from '../../custody/v1/SimulateIntentResponse.ts';
import type { SubmitIntentRequest as _custody_v1_SubmitIntentRequest, SubmitIntentRequest__Output as _custody_v1_SubmitIntentRequest__Output } from '../../custody/v1/SubmitIntentRequest.ts';
import type { SubmitIntentResponse as _custody_v1_SubmitIntentResponse, SubmitIntentResponse__Output as _custody_v1_SubmitIntentResponse__Output } from '../../custody/v1/SubmitIntentResponse.ts';
import type { WatchRequestsRequest as _custody_v1_WatchRequestsRequest, WatchRequestsRequest__Output as _custody_v1_WatchRequestsRequest__Output } from '../../custody/v1/WatchRequestsRequest.ts';
import type { WatchRequestsResponse as _custody_v1_WatchRequestsResponse, WatchRequestsResponse__Output as _custody_v1_WatchRequestsResponse__Output } from '../../custody/v1/WatchRequestsResponse.ts';

/**
 * For internal callers: services that move money.
 */
export interface SigningServiceClient extends grpc.Client {
  /**
   * Before the first attempt only.
   */
  CancelRequest(argument: _custody_v1_CancelRequestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  CancelRequest(argument: _custody_v1_CancelRequestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  CancelRequest(argument: _custody_v1_CancelRequestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  CancelRequest(argument: _custody_v1_CancelRequestRequest, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Before the first attempt only.
   */
  cancelRequest(argument: _custody_v1_CancelRequestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  cancelRequest(argument: _custody_v1_CancelRequestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  cancelRequest(argument: _custody_v1_CancelRequestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  cancelRequest(argument: _custody_v1_CancelRequestRequest, callback: grpc.requestCallback<_custody_v1_CancelRequestResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * One request by its id (the intent digest) or by (initiator, id).
   */
  GetRequest(argument: _custody_v1_GetRequestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  GetRequest(argument: _custody_v1_GetRequestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  GetRequest(argument: _custody_v1_GetRequestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  GetRequest(argument: _custody_v1_GetRequestRequest, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  /**
   * One request by its id (the intent digest) or by (initiator, id).
   */
  getRequest(argument: _custody_v1_GetRequestRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  getRequest(argument: _custody_v1_GetRequestRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  getRequest(argument: _custody_v1_GetRequestRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  getRequest(argument: _custody_v1_GetRequestRequest, callback: grpc.requestCallback<_custody_v1_GetRequestResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Requests, newest first, by page.
   */
  ListRequests(argument: _custody_v1_ListRequestsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  ListRequests(argument: _custody_v1_ListRequestsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  ListRequests(argument: _custody_v1_ListRequestsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  ListRequests(argument: _custody_v1_ListRequestsRequest, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Requests, newest first, by page.
   */
  listRequests(argument: _custody_v1_ListRequestsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  listRequests(argument: _custody_v1_ListRequestsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  listRequests(argument: _custody_v1_ListRequestsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  listRequests(argument: _custody_v1_ListRequestsRequest, callback: grpc.requestCallback<_custody_v1_ListRequestsResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Dry run: what the policy would say now. Nothing is reserved or logged.
   */
  SimulateIntent(argument: _custody_v1_SimulateIntentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  SimulateIntent(argument: _custody_v1_SimulateIntentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  SimulateIntent(argument: _custody_v1_SimulateIntentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  SimulateIntent(argument: _custody_v1_SimulateIntentRequest, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Dry run: what the policy would say now. Nothing is reserved or logged.
   */
  simulateIntent(argument: _custody_v1_SimulateIntentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  simulateIntent(argument: _custody_v1_SimulateIntentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  simulateIntent(argument: _custody_v1_SimulateIntentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  simulateIntent(argument: _custody_v1_SimulateIntentRequest, callback: grpc.requestCallback<_custody_v1_SimulateIntentResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Takes a signed intent. Idempotent by (initiator, id); answers within a second, never waits for people.
   */
  SubmitIntent(argument: _custody_v1_SubmitIntentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  SubmitIntent(argument: _custody_v1_SubmitIntentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  SubmitIntent(argument: _custody_v1_SubmitIntentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  SubmitIntent(argument: _custody_v1_SubmitIntentRequest, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Takes a signed intent. Idempotent by (initiator, id); answers within a second, never waits for people.
   */
  submitIntent(argument: _custody_v1_SubmitIntentRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  submitIntent(argument: _custody_v1_SubmitIntentRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  submitIntent(argument: _custody_v1_SubmitIntentRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  submitIntent(argument: _custody_v1_SubmitIntentRequest, callback: grpc.requestCallback<_custody_v1_SubmitIntentResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Every change of a request from a log position on, at least once.
   */
  WatchRequests(argument: _custody_v1_WatchRequestsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_WatchRequestsResponse__Output>;
  WatchRequests(argument: _custody_v1_WatchRequestsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_WatchRequestsResponse__Output>;
  /**
   * Every change of a request from a log position on, at least once.
   */
  watchRequests(argument: _custody_v1_WatchRequestsRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_WatchRequestsResponse__Output>;
  watchRequests(argument: _custody_v1_WatchRequestsRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_WatchRequestsResponse__Output>;
  
}

/**
 * For internal callers: services that move money.
 */
export interface SigningServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Before the first attempt only.
   */
  CancelRequest: grpc.handleUnaryCall<_custody_v1_CancelRequestRequest__Output, _custody_v1_CancelRequestResponse>;
  
  /**
   * One request by its id (the intent digest) or by (initiator, id).
   */
  GetRequest: grpc.handleUnaryCall<_custody_v1_GetRequestRequest__Output, _custody_v1_GetRequestResponse>;
  
  /**
   * Requests, newest first, by page.
   */
  ListRequests: grpc.handleUnaryCall<_custody_v1_ListRequestsRequest__Output, _custody_v1_ListRequestsResponse>;
  
  /**
   * Dry run: what the policy would say now. Nothing is reserved or logged.
   */
  SimulateIntent: grpc.handleUnaryCall<_custody_v1_SimulateIntentRequest__Output, _custody_v1_SimulateIntentResponse>;
  
  /**
   * Takes a signed intent. Idempotent by (initiator, id); answers within a second, never waits for people.
   */
  SubmitIntent: grpc.handleUnaryCall<_custody_v1_SubmitIntentRequest__Output, _custody_v1_SubmitIntentResponse>;
  
  /**
   * Every change of a request from a log position on, at least once.
   */
  WatchRequests: grpc.handleServerStreamingCall<_custody_v1_WatchRequestsRequest__Output, _custody_v1_WatchRequestsResponse>;
  
}

export interface SigningServiceDefinition extends grpc.ServiceDefinition {
  CancelRequest: MethodDefinition<_custody_v1_CancelRequestRequest, _custody_v1_CancelRequestResponse, _custody_v1_CancelRequestRequest__Output, _custody_v1_CancelRequestResponse__Output>
  GetRequest: MethodDefinition<_custody_v1_GetRequestRequest, _custody_v1_GetRequestResponse, _custody_v1_GetRequestRequest__Output, _custody_v1_GetRequestResponse__Output>
  ListRequests: MethodDefinition<_custody_v1_ListRequestsRequest, _custody_v1_ListRequestsResponse, _custody_v1_ListRequestsRequest__Output, _custody_v1_ListRequestsResponse__Output>
  SimulateIntent: MethodDefinition<_custody_v1_SimulateIntentRequest, _custody_v1_SimulateIntentResponse, _custody_v1_SimulateIntentRequest__Output, _custody_v1_SimulateIntentResponse__Output>
  SubmitIntent: MethodDefinition<_custody_v1_SubmitIntentRequest, _custody_v1_SubmitIntentResponse, _custody_v1_SubmitIntentRequest__Output, _custody_v1_SubmitIntentResponse__Output>
  WatchRequests: MethodDefinition<_custody_v1_WatchRequestsRequest, _custody_v1_WatchRequestsResponse, _custody_v1_WatchRequestsRequest__Output, _custody_v1_WatchRequestsResponse__Output>
}
