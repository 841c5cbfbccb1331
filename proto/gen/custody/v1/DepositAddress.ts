// Original file: custody/v1/vault.proto


export interface DepositAddress {
  'vault'?: (string);
  /**
   * As the service named it.
   */
  'reference'?: (string);
  'index'?: (number);
  /**
   * m/1/INDEX.
   */
  'path'?: (string);
  'network'?: (string);
  'address'?: (string);
  /**
   * As that of a vault: t nodes derived this address, and a payer can check it offline.
   */
  'certificate'?: (Buffer | Uint8Array | string);
  /**
   * Whose customer it is: the service that asked for it.
   */
  'service'?: (string);
}

export interface DepositAddress__Output {
  'vault': (string);
  /**
   * As the service named it.
   */
  'reference': (string);
  'index': (number);
  /**
   * m/1/INDEX.
   */
  'path': (string);
  'network': (string);
  'address': (string);
  /**
   * As that of a vault: t nodes derived this address, and a payer can check it offline.
   */
  'certificate': (Buffer);
  /**
   * Whose customer it is: the service that asked for it.
   */
  'service': (string);
}
