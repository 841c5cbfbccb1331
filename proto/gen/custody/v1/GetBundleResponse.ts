// Original file: custody/v1/ceremony.proto


export interface GetBundleResponse {
  'name'?: (string);
  'content'?: (Buffer | Uint8Array | string);
  /**
   * More of the same file follows.
   */
  'partial'?: (boolean);
}

export interface GetBundleResponse__Output {
  'name': (string);
  'content': (Buffer);
  /**
   * More of the same file follows.
   */
  'partial': (boolean);
}
