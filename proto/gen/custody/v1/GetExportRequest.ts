// Original file: custody/v1/vault.proto


export interface GetExportRequest {
  'vault'?: (string);
}

export interface GetExportRequest__Output {
  'vault': (string);
}
