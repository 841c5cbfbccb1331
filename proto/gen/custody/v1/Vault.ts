// Original file: custody/v1/vault.proto

import type { NodeConfirm as _custody_v1_NodeConfirm, NodeConfirm__Output as _custody_v1_NodeConfirm__Output } from '../../custody/v1/NodeConfirm.ts';

export interface Vault {
  'vault'?: (string);
  'tier'?: (string);
  'network'?: (string);
  /**
   * Empty while there is no key.
   */
  'key'?: (string);
  'epoch'?: (number);
  /**
   * Compressed point, hex.
   */
  'publicKey'?: (string);
  'chainCode'?: (string);
  'address'?: (string);
  'threshold'?: (number);
  'confirms'?: (_custody_v1_NodeConfirm)[];
}

export interface Vault__Output {
  'vault': (string);
  'tier': (string);
  'network': (string);
  /**
   * Empty while there is no key.
   */
  'key': (string);
  'epoch': (number);
  /**
   * Compressed point, hex.
   */
  'publicKey': (string);
  'chainCode': (string);
  'address': (string);
  'threshold': (number);
  'confirms': (_custody_v1_NodeConfirm__Output)[];
}
