// Original file: custody/v1/vault.proto


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
  /**
   * The log line key.generated, with the signature of every node over the key: whoever has the
   * root can check an address before funding it. Empty while there is no key.
   */
  'line'?: (Buffer | Uint8Array | string);
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
  /**
   * The log line key.generated, with the signature of every node over the key: whoever has the
   * root can check an address before funding it. Empty while there is no key.
   */
  'line': (Buffer);
}
