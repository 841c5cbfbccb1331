// Original file: custody/v1/vault.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { CreateDepositAddressRequest as _custody_v1_CreateDepositAddressRequest, CreateDepositAddressRequest__Output as _custody_v1_CreateDepositAddressRequest__Output } from '../../custody/v1/CreateDepositAddressRequest.ts';
import type { CreateDepositAddressResponse as _custody_v1_CreateDepositAddressResponse, CreateDepositAddressResponse__Output as _custody_v1_CreateDepositAddressResponse__Output } from '../../custody/v1/CreateDepositAddressResponse.ts';
import type { CreateVaultRequest as _custody_v1_CreateVaultRequest, CreateVaultRequest__Output as _custody_v1_CreateVaultRequest__Output } from '../../custody/v1/CreateVaultRequest.ts';
import type { CreateVaultResponse as _custody_v1_CreateVaultResponse, CreateVaultResponse__Output as _custody_v1_CreateVaultResponse__Output } from '../../custody/v1/CreateVaultResponse.ts';
import type { GetExportRequest as _custody_v1_GetExportRequest, GetExportRequest__Output as _custody_v1_GetExportRequest__Output } from '../../custody/v1/GetExportRequest.ts';
import type { GetExportResponse as _custody_v1_GetExportResponse, GetExportResponse__Output as _custody_v1_GetExportResponse__Output } from '../../custody/v1/GetExportResponse.ts';
import type { GetInvitationsRequest as _custody_v1_GetInvitationsRequest, GetInvitationsRequest__Output as _custody_v1_GetInvitationsRequest__Output } from '../../custody/v1/GetInvitationsRequest.ts';
import type { GetInvitationsResponse as _custody_v1_GetInvitationsResponse, GetInvitationsResponse__Output as _custody_v1_GetInvitationsResponse__Output } from '../../custody/v1/GetInvitationsResponse.ts';
import type { GetVaultRequest as _custody_v1_GetVaultRequest, GetVaultRequest__Output as _custody_v1_GetVaultRequest__Output } from '../../custody/v1/GetVaultRequest.ts';
import type { GetVaultResponse as _custody_v1_GetVaultResponse, GetVaultResponse__Output as _custody_v1_GetVaultResponse__Output } from '../../custody/v1/GetVaultResponse.ts';
import type { ListDepositAddressesRequest as _custody_v1_ListDepositAddressesRequest, ListDepositAddressesRequest__Output as _custody_v1_ListDepositAddressesRequest__Output } from '../../custody/v1/ListDepositAddressesRequest.ts';
import type { ListDepositAddressesResponse as _custody_v1_ListDepositAddressesResponse, ListDepositAddressesResponse__Output as _custody_v1_ListDepositAddressesResponse__Output } from '../../custody/v1/ListDepositAddressesResponse.ts';
import type { ListVaultsRequest as _custody_v1_ListVaultsRequest, ListVaultsRequest__Output as _custody_v1_ListVaultsRequest__Output } from '../../custody/v1/ListVaultsRequest.ts';
import type { ListVaultsResponse as _custody_v1_ListVaultsResponse, ListVaultsResponse__Output as _custody_v1_ListVaultsResponse__Output } from '../../custody/v1/ListVaultsResponse.ts';

/**
 * Vaults and their keys.
 */
export interface VaultServiceClient extends grpc.Client {
  /**
   * The deposit address of one customer: the same reference has the same address for ever.
   */
  CreateDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  CreateDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  CreateDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  CreateDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The deposit address of one customer: the same reference has the same address for ever.
   */
  createDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  createDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  createDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  createDepositAddress(argument: _custody_v1_CreateDepositAddressRequest, callback: grpc.requestCallback<_custody_v1_CreateDepositAddressResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * Makes the key of a vault that the policy names: all nodes take part.
   */
  CreateVault(argument: _custody_v1_CreateVaultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  CreateVault(argument: _custody_v1_CreateVaultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  CreateVault(argument: _custody_v1_CreateVaultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  CreateVault(argument: _custody_v1_CreateVaultRequest, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  /**
   * Makes the key of a vault that the policy names: all nodes take part.
   */
  createVault(argument: _custody_v1_CreateVaultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  createVault(argument: _custody_v1_CreateVaultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  createVault(argument: _custody_v1_CreateVaultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  createVault(argument: _custody_v1_CreateVaultRequest, callback: grpc.requestCallback<_custody_v1_CreateVaultResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * The sealed parts of an exported key, for its recipient, with the line and its proof.
   */
  GetExport(argument: _custody_v1_GetExportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  GetExport(argument: _custody_v1_GetExportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  GetExport(argument: _custody_v1_GetExportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  GetExport(argument: _custody_v1_GetExportRequest, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The sealed parts of an exported key, for its recipient, with the line and its proof.
   */
  getExport(argument: _custody_v1_GetExportRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  getExport(argument: _custody_v1_GetExportRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  getExport(argument: _custody_v1_GetExportRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  getExport(argument: _custody_v1_GetExportRequest, callback: grpc.requestCallback<_custody_v1_GetExportResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * The one-time keys of all nodes for the import of a key into a vault that has none.
   */
  GetInvitations(argument: _custody_v1_GetInvitationsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  GetInvitations(argument: _custody_v1_GetInvitationsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  GetInvitations(argument: _custody_v1_GetInvitationsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  GetInvitations(argument: _custody_v1_GetInvitationsRequest, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  /**
   * The one-time keys of all nodes for the import of a key into a vault that has none.
   */
  getInvitations(argument: _custody_v1_GetInvitationsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  getInvitations(argument: _custody_v1_GetInvitationsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  getInvitations(argument: _custody_v1_GetInvitationsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  getInvitations(argument: _custody_v1_GetInvitationsRequest, callback: grpc.requestCallback<_custody_v1_GetInvitationsResponse__Output>): grpc.ClientUnaryCall;
  
  GetVault(argument: _custody_v1_GetVaultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  GetVault(argument: _custody_v1_GetVaultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  GetVault(argument: _custody_v1_GetVaultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  GetVault(argument: _custody_v1_GetVaultRequest, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  getVault(argument: _custody_v1_GetVaultRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  getVault(argument: _custody_v1_GetVaultRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  getVault(argument: _custody_v1_GetVaultRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  getVault(argument: _custody_v1_GetVaultRequest, callback: grpc.requestCallback<_custody_v1_GetVaultResponse__Output>): grpc.ClientUnaryCall;
  
  /**
   * In the order in which they were given out.
   */
  ListDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  ListDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  ListDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  ListDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  /**
   * In the order in which they were given out.
   */
  listDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  listDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  listDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  listDepositAddresses(argument: _custody_v1_ListDepositAddressesRequest, callback: grpc.requestCallback<_custody_v1_ListDepositAddressesResponse__Output>): grpc.ClientUnaryCall;
  
  ListVaults(argument: _custody_v1_ListVaultsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  ListVaults(argument: _custody_v1_ListVaultsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  ListVaults(argument: _custody_v1_ListVaultsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  ListVaults(argument: _custody_v1_ListVaultsRequest, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  listVaults(argument: _custody_v1_ListVaultsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  listVaults(argument: _custody_v1_ListVaultsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  listVaults(argument: _custody_v1_ListVaultsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  listVaults(argument: _custody_v1_ListVaultsRequest, callback: grpc.requestCallback<_custody_v1_ListVaultsResponse__Output>): grpc.ClientUnaryCall;
  
}

/**
 * Vaults and their keys.
 */
export interface VaultServiceHandlers extends grpc.UntypedServiceImplementation {
  /**
   * The deposit address of one customer: the same reference has the same address for ever.
   */
  CreateDepositAddress: grpc.handleUnaryCall<_custody_v1_CreateDepositAddressRequest__Output, _custody_v1_CreateDepositAddressResponse>;
  
  /**
   * Makes the key of a vault that the policy names: all nodes take part.
   */
  CreateVault: grpc.handleUnaryCall<_custody_v1_CreateVaultRequest__Output, _custody_v1_CreateVaultResponse>;
  
  /**
   * The sealed parts of an exported key, for its recipient, with the line and its proof.
   */
  GetExport: grpc.handleUnaryCall<_custody_v1_GetExportRequest__Output, _custody_v1_GetExportResponse>;
  
  /**
   * The one-time keys of all nodes for the import of a key into a vault that has none.
   */
  GetInvitations: grpc.handleUnaryCall<_custody_v1_GetInvitationsRequest__Output, _custody_v1_GetInvitationsResponse>;
  
  GetVault: grpc.handleUnaryCall<_custody_v1_GetVaultRequest__Output, _custody_v1_GetVaultResponse>;
  
  /**
   * In the order in which they were given out.
   */
  ListDepositAddresses: grpc.handleUnaryCall<_custody_v1_ListDepositAddressesRequest__Output, _custody_v1_ListDepositAddressesResponse>;
  
  ListVaults: grpc.handleUnaryCall<_custody_v1_ListVaultsRequest__Output, _custody_v1_ListVaultsResponse>;
  
}

export interface VaultServiceDefinition extends grpc.ServiceDefinition {
  CreateDepositAddress: MethodDefinition<_custody_v1_CreateDepositAddressRequest, _custody_v1_CreateDepositAddressResponse, _custody_v1_CreateDepositAddressRequest__Output, _custody_v1_CreateDepositAddressResponse__Output>
  CreateVault: MethodDefinition<_custody_v1_CreateVaultRequest, _custody_v1_CreateVaultResponse, _custody_v1_CreateVaultRequest__Output, _custody_v1_CreateVaultResponse__Output>
  GetExport: MethodDefinition<_custody_v1_GetExportRequest, _custody_v1_GetExportResponse, _custody_v1_GetExportRequest__Output, _custody_v1_GetExportResponse__Output>
  GetInvitations: MethodDefinition<_custody_v1_GetInvitationsRequest, _custody_v1_GetInvitationsResponse, _custody_v1_GetInvitationsRequest__Output, _custody_v1_GetInvitationsResponse__Output>
  GetVault: MethodDefinition<_custody_v1_GetVaultRequest, _custody_v1_GetVaultResponse, _custody_v1_GetVaultRequest__Output, _custody_v1_GetVaultResponse__Output>
  ListDepositAddresses: MethodDefinition<_custody_v1_ListDepositAddressesRequest, _custody_v1_ListDepositAddressesResponse, _custody_v1_ListDepositAddressesRequest__Output, _custody_v1_ListDepositAddressesResponse__Output>
  ListVaults: MethodDefinition<_custody_v1_ListVaultsRequest, _custody_v1_ListVaultsResponse, _custody_v1_ListVaultsRequest__Output, _custody_v1_ListVaultsResponse__Output>
}
