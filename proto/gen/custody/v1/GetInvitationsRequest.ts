// Original file: custody/v1/vault.proto


export interface GetInvitationsRequest {
  'vault'?: (string);
}

export interface GetInvitationsRequest__Output {
  'vault': (string);
}
