// Original file: custody/v1/signing.proto


export interface CancelRequestRequest {
  'id'?: (string);
}

export interface CancelRequestRequest__Output {
  'id': (string);
}
