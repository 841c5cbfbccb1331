// Original file: custody/v1/vault.proto


export interface GetVaultRequest {
  'vault'?: (string);
}

export interface GetVaultRequest__Output {
  'vault': (string);
}
