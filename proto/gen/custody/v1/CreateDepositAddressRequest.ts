// Original file: custody/v1/vault.proto


export interface CreateDepositAddressRequest {
  'vault'?: (string);
  /**
   * The service's own name of its customer: 1 to 128 printable characters of ASCII without a space.
   * A number rather than a name: it is kept in the database as it is.
   */
  'reference'?: (string);
}

export interface CreateDepositAddressRequest__Output {
  'vault': (string);
  /**
   * The service's own name of its customer: 1 to 128 printable characters of ASCII without a space.
   * A number rather than a name: it is kept in the database as it is.
   */
  'reference': (string);
}
