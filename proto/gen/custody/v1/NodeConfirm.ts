// Original file: custody/v1/vault.proto


/**
 * A node's signature over the key, so that a payer can check an address before funding it.
 */
export interface NodeConfirm {
  'node'?: (string);
  'signature'?: (Buffer | Uint8Array | string);
}

/**
 * A node's signature over the key, so that a payer can check an address before funding it.
 */
export interface NodeConfirm__Output {
  'node': (string);
  'signature': (Buffer);
}
