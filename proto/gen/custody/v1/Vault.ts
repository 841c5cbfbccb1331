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
   * The log line that made the key (key.generated, key.created or key.imported), with the signature
   * of every node over the key: whoever has the root can check an address before funding it. Empty
   * while there is no key.
   */
  'line'?: (Buffer | Uint8Array | string);
  /**
   * The lines about the key after that one, in order: refreshed, reshared, exported, disabled.
   */
  'later'?: (Buffer | Uint8Array | string)[];
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
   * The log line that made the key (key.generated, key.created or key.imported), with the signature
   * of every node over the key: whoever has the root can check an address before funding it. Empty
   * while there is no key.
   */
  'line': (Buffer);
  /**
   * The lines about the key after that one, in order: refreshed, reshared, exported, disabled.
   */
  'later': (Buffer)[];
}
