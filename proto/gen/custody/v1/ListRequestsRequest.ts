// Original file: custody/v1/signing.proto


export interface ListRequestsRequest {
  /**
   * Empty: every state.
   */
  'state'?: (string);
  /**
   * At most 200.
   */
  'pageSize'?: (number);
  'pageToken'?: (string);
  /**
   * Only those that have not ended; a message ends as SIGNED.
   */
  'open'?: (boolean);
}

export interface ListRequestsRequest__Output {
  /**
   * Empty: every state.
   */
  'state': (string);
  /**
   * At most 200.
   */
  'pageSize': (number);
  'pageToken': (string);
  /**
   * Only those that have not ended; a message ends as SIGNED.
   */
  'open': (boolean);
}
