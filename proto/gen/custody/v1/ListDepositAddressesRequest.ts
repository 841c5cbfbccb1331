// Original file: custody/v1/vault.proto


export interface ListDepositAddressesRequest {
  'vault'?: (string);
  /**
   * The first index of the page.
   */
  'from'?: (number);
  /**
   * 1 to 50.
   */
  'count'?: (number);
}

export interface ListDepositAddressesRequest__Output {
  'vault': (string);
  /**
   * The first index of the page.
   */
  'from': (number);
  /**
   * 1 to 50.
   */
  'count': (number);
}
