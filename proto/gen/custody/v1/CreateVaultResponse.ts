// Original file: custody/v1/vault.proto

import type { Vault as _custody_v1_Vault, Vault__Output as _custody_v1_Vault__Output } from '../../custody/v1/Vault.ts';

export interface CreateVaultResponse {
  'vault'?: (_custody_v1_Vault | null);
}

export interface CreateVaultResponse__Output {
  'vault': (_custody_v1_Vault__Output | null);
}
