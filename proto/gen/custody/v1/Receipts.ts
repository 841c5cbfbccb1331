// Original file: custody/v1/node_link.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface Receipts {
  'receipts'?: (_custody_v1_Signed)[];
}

export interface Receipts__Output {
  'receipts': (_custody_v1_Signed__Output)[];
}
