// Original file: custody/v1/vault.proto

import type { DepositAddress as _custody_v1_DepositAddress, DepositAddress__Output as _custody_v1_DepositAddress__Output } from '../../custody/v1/DepositAddress.ts';

export interface CreateDepositAddressResponse {
  'address'?: (_custody_v1_DepositAddress | null);
}

export interface CreateDepositAddressResponse__Output {
  'address': (_custody_v1_DepositAddress__Output | null);
}
