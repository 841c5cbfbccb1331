// Original file: custody/v1/vault.proto


export interface CreateVaultRequest {
  'vault'?: (string);
}

export interface CreateVaultRequest__Output {
  'vault': (string);
}
