// Original file: custody/v1/vault.proto

import type { Vault as _custody_v1_Vault, Vault__Output as _custody_v1_Vault__Output } from '../../custody/v1/Vault.ts';

export interface ListVaultsResponse {
  'vaults'?: (_custody_v1_Vault)[];
}

export interface ListVaultsResponse__Output {
  'vaults': (_custody_v1_Vault__Output)[];
}
