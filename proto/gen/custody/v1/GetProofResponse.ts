// Original file: custody/v1/audit.proto


export interface GetProofResponse {
  'proof'?: (Buffer | Uint8Array | string)[];
}

export interface GetProofResponse__Output {
  'proof': (Buffer)[];
}
