// Original file: custody/v1/signing.proto


export interface GetRequestRequest {
  /**
   * Request id, or empty when initiator and caller_id are given.
   */
  'id'?: (string);
  'initiator'?: (string);
  'callerId'?: (string);
}

export interface GetRequestRequest__Output {
  /**
   * Request id, or empty when initiator and caller_id are given.
   */
  'id': (string);
  'initiator': (string);
  'callerId': (string);
}
