// Original file: custody/v1/ceremony.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AbortCeremonyRequest as _custody_v1_AbortCeremonyRequest, AbortCeremonyRequest__Output as _custody_v1_AbortCeremonyRequest__Output } from '../../custody/v1/AbortCeremonyRequest.ts';
import type { AbortCeremonyResponse as _custody_v1_AbortCeremonyResponse, AbortCeremonyResponse__Output as _custody_v1_AbortCeremonyResponse__Output } from '../../custody/v1/AbortCeremonyResponse.ts';
import type { AnchorColdRequest as _custody_v1_AnchorColdRequest, AnchorColdRequest__Output as _custody_v1_AnchorColdRequest__Output } from '../../custody/v1/AnchorColdRequest.ts';
import type { AnchorColdResponse as _custody_v1_AnchorColdResponse, AnchorColdResponse__Output as _custody_v1_AnchorColdResponse__Output } from '../../custody/v1/AnchorColdResponse.ts';
import type { GetBundleRequest as _custody_v1_GetBundleRequest, GetBundleRequest__Output as _custody_v1_GetBundleRequest__Output } from '../../custody/v1/GetBundleRequest.ts';
import type { GetBundleResponse as _custody_v1_GetBundleResponse, GetBundleResponse__Output as _custody_v1_GetBundleResponse__Output } from '../../custody/v1/GetBundleResponse.ts';
import type { ImportCeremonyRequest as _custody_v1_ImportCeremonyRequest, ImportCeremonyRequest__Output as _custody_v1_ImportCeremonyRequest__Output } from '../../custody/v1/ImportCeremonyRequest.ts';
import type { ImportCeremonyResponse as _custody_v1_ImportCeremonyResponse, ImportCeremonyResponse__Output as _custody_v1_ImportCeremonyResponse__Output } from '../../custody/v1/ImportCeremonyResponse.ts';
import type { ListCeremoniesRequest as _custody_v1_ListCeremoniesRequest, ListCeremoniesRequest__Output as _custody_v1_ListCeremoniesRequest__Output } from '../../custody/v1/ListCeremoniesRequest.ts';
import type { ListCeremoniesResponse as _custody_v1_ListCeremoniesResponse, ListCeremoniesResponse__Output as _custody_v1_ListCeremoniesResponse__Output } from '../../custody/v1/ListCeremoniesResponse.ts';
import type { PrepareCeremonyRequest as _custody_v1_PrepareCeremonyRequest, PrepareCeremonyRequest__Output as _custody_v1_PrepareCeremonyRequest__Output } from '../../custody/v1/PrepareCeremonyRequest.ts';
import type { PrepareCeremonyResponse as _custody_v1_PrepareCeremonyResponse, PrepareCeremonyResponse__Output as _custody_v1_PrepareCeremonyResponse__Output } from '../../custody/v1/PrepareCeremonyResponse.ts';
import type { PutBundlePartRequest as _custody_v1_PutBundlePartRequest, PutBundlePartRequest__Output as _custody_v1_PutBundlePartRequest__Output } from '../../custody/v1/PutBundlePartRequest.ts';
import type { PutBundlePartResponse as _custody_v1_PutBundlePartResponse, PutBundlePartResponse__Output as _custody_v1_PutBundlePartResponse__Output } from '../../custody/v1/PutBundlePartResponse.ts';

/**
 * What goes into the room of a cold ceremony and what comes out of it. The lines prove themselves:
 * whoever calls is believed in nothing.
 */
export interface CeremonyServiceClient extends grpc.Client {
  /**
   * Ends a ceremony that brought nothing.
   */
  AbortCeremony(argument: _custody_v1_AbortCeremonyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  AbortCeremony(argument: _custody_v1_AbortCeremonyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  AbortCeremony(argument: _custody_v1_AbortCeremonyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  AbortCeremony(argument: _custody_v1_AbortCeremonyRequest, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Ends a ceremony that brought nothing.
   */
  abortCeremony(argument: _custody_v1_AbortCeremonyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  abortCeremony(argument: _custody_v1_AbortCeremonyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  abortCeremony(argument: _custody_v1_AbortCeremonyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  abortCeremony(argument: _custody_v1_AbortCeremonyRequest, callback: grpc.requestCallback<_custody_v1_AbortCeremonyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Of the main log: writes down how far the log of cold vaults has come, by a head of that log.
   */
  AnchorCold(argument: _custody_v1_AnchorColdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  AnchorCold(argument: _custody_v1_AnchorColdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  AnchorCold(argument: _custody_v1_AnchorColdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  AnchorCold(argument: _custody_v1_AnchorColdRequest, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Of the main log: writes down how far the log of cold vaults has come, by a head of that log.
   */
  anchorCold(argument: _custody_v1_AnchorColdRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  anchorCold(argument: _custody_v1_AnchorColdRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  anchorCold(argument: _custody_v1_AnchorColdRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  anchorCold(argument: _custody_v1_AnchorColdRequest, callback: grpc.requestCallback<_custody_v1_AnchorColdResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * The files of the Bundle in, in parts.
   */
  GetBundle(argument: _custody_v1_GetBundleRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_GetBundleResponse__Output>;
  GetBundle(argument: _custody_v1_GetBundleRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_GetBundleResponse__Output>;
  /**
   * The files of the Bundle in, in parts.
   */
  getBundle(argument: _custody_v1_GetBundleRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_GetBundleResponse__Output>;
  getBundle(argument: _custody_v1_GetBundleRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_custody_v1_GetBundleResponse__Output>;
  
  /**
   * Judges a Bundle out that was put, and writes what came of it. Asked again, the same answer.
   */
  ImportCeremony(argument: _custody_v1_ImportCeremonyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  ImportCeremony(argument: _custody_v1_ImportCeremonyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  ImportCeremony(argument: _custody_v1_ImportCeremonyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  ImportCeremony(argument: _custody_v1_ImportCeremonyRequest, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Judges a Bundle out that was put, and writes what came of it. Asked again, the same answer.
   */
  importCeremony(argument: _custody_v1_ImportCeremonyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  importCeremony(argument: _custody_v1_ImportCeremonyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  importCeremony(argument: _custody_v1_ImportCeremonyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  importCeremony(argument: _custody_v1_ImportCeremonyRequest, callback: grpc.requestCallback<_custody_v1_ImportCeremonyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Every ceremony of this log, the newest first.
   */
  ListCeremonies(argument: _custody_v1_ListCeremoniesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  ListCeremonies(argument: _custody_v1_ListCeremoniesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  ListCeremonies(argument: _custody_v1_ListCeremoniesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  ListCeremonies(argument: _custody_v1_ListCeremoniesRequest, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Every ceremony of this log, the newest first.
   */
  listCeremonies(argument: _custody_v1_ListCeremoniesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  listCeremonies(argument: _custody_v1_ListCeremoniesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  listCeremonies(argument: _custody_v1_ListCeremoniesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  listCeremonies(argument: _custody_v1_ListCeremoniesRequest, callback: grpc.requestCallback<_custody_v1_ListCeremoniesResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Builds what the plan names, waits for the witnesses and keeps the Bundle in. Asked again, the same one.
   */
  PrepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  PrepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  PrepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  PrepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Builds what the plan names, waits for the witnesses and keeps the Bundle in. Asked again, the same one.
   */
  prepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  prepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  prepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  prepareCeremony(argument: _custody_v1_PrepareCeremonyRequest, callback: grpc.requestCallback<_custody_v1_PrepareCeremonyResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * The next part of one file of a Bundle out; nothing is judged before all of it is there.
   */
  PutBundlePart(argument: _custody_v1_PutBundlePartRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  PutBundlePart(argument: _custody_v1_PutBundlePartRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  PutBundlePart(argument: _custody_v1_PutBundlePartRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  PutBundlePart(argument: _custody_v1_PutBundlePartRequest, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The next part of one file of a Bundle out; nothing is judged before all of it is there.
   */
  putBundlePart(argument: _custody_v1_PutBundlePartRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  putBundlePart(argument: _custody_v1_PutBundlePartRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  putBundlePart(argument: _custody_v1_PutBundlePartRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  putBundlePart(argument: _custody_v1_PutBundlePartRequest, callback: grpc.requestCallback<_custody_v1_PutBundlePartResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * What goes into the room of a cold ceremony and what comes out of it. The lines prove themselves:
 * whoever calls is believed in nothing.
 */
export interface CeremonyServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * Ends a ceremony that brought nothing.
   */
  AbortCeremony: grpc.handleUnaryCall<_custody_v1_AbortCeremonyRequest__Output, _custody_v1_AbortCeremonyResponse>;
  
  /**
   * Of the main log: writes down how far the log of cold vaults has come, by a head of that log.
   */
  AnchorCold: grpc.handleUnaryCall<_custody_v1_AnchorColdRequest__Output, _custody_v1_AnchorColdResponse>;
  
  /**
   * The files of the Bundle in, in parts.
   */
  GetBundle: grpc.handleServerStreamingCall<_custody_v1_GetBundleRequest__Output, _custody_v1_GetBundleResponse>;
  
  /**
   * Judges a Bundle out that was put, and writes what came of it. Asked again, the same answer.
   */
  ImportCeremony: grpc.handleUnaryCall<_custody_v1_ImportCeremonyRequest__Output, _custody_v1_ImportCeremonyResponse>;
  
  /**
   * Every ceremony of this log, the newest first.
   */
  ListCeremonies: grpc.handleUnaryCall<_custody_v1_ListCeremoniesRequest__Output, _custody_v1_ListCeremoniesResponse>;
  
  /**
   * Builds what the plan names, waits for the witnesses and keeps the Bundle in. Asked again, the same one.
   */
  PrepareCeremony: grpc.handleUnaryCall<_custody_v1_PrepareCeremonyRequest__Output, _custody_v1_PrepareCeremonyResponse>;
  
  /**
   * The next part of one file of a Bundle out; nothing is judged before all of it is there.
   */
  PutBundlePart: grpc.handleUnaryCall<_custody_v1_PutBundlePartRequest__Output, _custody_v1_PutBundlePartResponse>;
  
}

export interface CeremonyServiceDefinition extends grpc.ServiceDefinition {
  AbortCeremony: MethodDefinition<_custody_v1_AbortCeremonyRequest, _custody_v1_AbortCeremonyResponse, _custody_v1_AbortCeremonyRequest__Output, _custody_v1_AbortCeremonyResponse__Output>
  AnchorCold: MethodDefinition<_custody_v1_AnchorColdRequest, _custody_v1_AnchorColdResponse, _custody_v1_AnchorColdRequest__Output, _custody_v1_AnchorColdResponse__Output>
  GetBundle: MethodDefinition<_custody_v1_GetBundleRequest, _custody_v1_GetBundleResponse, _custody_v1_GetBundleRequest__Output, _custody_v1_GetBundleResponse__Output>
  ImportCeremony: MethodDefinition<_custody_v1_ImportCeremonyRequest, _custody_v1_ImportCeremonyResponse, _custody_v1_ImportCeremonyRequest__Output, _custody_v1_ImportCeremonyResponse__Output>
  ListCeremonies: MethodDefinition<_custody_v1_ListCeremoniesRequest, _custody_v1_ListCeremoniesResponse, _custody_v1_ListCeremoniesRequest__Output, _custody_v1_ListCeremoniesResponse__Output>
  PrepareCeremony: MethodDefinition<_custody_v1_PrepareCeremonyRequest, _custody_v1_PrepareCeremonyResponse, _custody_v1_PrepareCeremonyRequest__Output, _custody_v1_PrepareCeremonyResponse__Output>
  PutBundlePart: MethodDefinition<_custody_v1_PutBundlePartRequest, _custody_v1_PutBundlePartResponse, _custody_v1_PutBundlePartRequest__Output, _custody_v1_PutBundlePartResponse__Output>
}
