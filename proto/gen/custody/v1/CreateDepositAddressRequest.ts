// Original file: custody/v1/vault.proto


export interface CreateDepositAddressRequest {
  'vault'?: (string);
  /**
   * The calling service's own name of its customer: 1 to 128 printable characters of ASCII without a
   * space. Another service with the same name for a customer of its own gets another address.
   * A number rather than a name: it is kept in the database as it is.
   */
  'reference'?: (string);
}

export interface CreateDepositAddressRequest__Output {
  'vault': (string);
  /**
   * The calling service's own name of its customer: 1 to 128 printable characters of ASCII without a
   * space. Another service with the same name for a customer of its own gets another address.
   * A number rather than a name: it is kept in the database as it is.
   */
  'reference': (string);
}
