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
   * Compressed point, hex. Empty, as chain code and address are, while the vault is not shown.
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
   * Log lines key.backup-tested, each signed by its node: of the epoch of `line`. The address may be
   * shown when every node of the key is among them.
   */
  'backups'?: (Buffer | Uint8Array | string)[];
  /**
   * Nodes without a proven backup of the epoch in force.
   */
  'unproven'?: (string)[];
  /**
   * The lines about the key after that one, in order: refreshed, reshared, exported, disabled.
   */
  'later'?: (Buffer | Uint8Array | string)[];
  /**
   * The address as t nodes derived it, each in its own signed words, with the roots that name them: a
   * file that a payer can check offline. Of a cold vault in the words of q witnesses, with what every
   * station confirmed of the key. Empty while there is none.
   */
  'certificate'?: (Buffer | Uint8Array | string);
  /**
   * Why there is none, of a vault that is shown.
   */
  'uncertified'?: (string);
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
   * Compressed point, hex. Empty, as chain code and address are, while the vault is not shown.
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
   * Log lines key.backup-tested, each signed by its node: of the epoch of `line`. The address may be
   * shown when every node of the key is among them.
   */
  'backups': (Buffer)[];
  /**
   * Nodes without a proven backup of the epoch in force.
   */
  'unproven': (string)[];
  /**
   * The lines about the key after that one, in order: refreshed, reshared, exported, disabled.
   */
  'later': (Buffer)[];
  /**
   * The address as t nodes derived it, each in its own signed words, with the roots that name them: a
   * file that a payer can check offline. Of a cold vault in the words of q witnesses, with what every
   * station confirmed of the key. Empty while there is none.
   */
  'certificate': (Buffer);
  /**
   * Why there is none, of a vault that is shown.
   */
  'uncertified': (string);
}
