// Original file: custody/v1/vault.proto

import type { DepositAddress as _custody_v1_DepositAddress, DepositAddress__Output as _custody_v1_DepositAddress__Output } from '../../custody/v1/DepositAddress.ts';

export interface ListDepositAddressesResponse {
  'addresses'?: (_custody_v1_DepositAddress)[];
  /**
   * `from` of the next page; 0 at the end.
   */
  'next'?: (number);
}

export interface ListDepositAddressesResponse__Output {
  'addresses': (_custody_v1_DepositAddress__Output)[];
  /**
   * `from` of the next page; 0 at the end.
   */
  'next': (number);
}
