// Original file: custody/v1/common.proto


/**
 * Field for field google.protobuf.Any.
 */
export interface StatusDetail {
  /**
   * type.googleapis.com/google.rpc.ErrorInfo: the first three fields of ErrorInfo are that message's.
   */
  'typeUrl'?: (string);
  'value'?: (Buffer | Uint8Array | string);
}

/**
 * Field for field google.protobuf.Any.
 */
export interface StatusDetail__Output {
  /**
   * type.googleapis.com/google.rpc.ErrorInfo: the first three fields of ErrorInfo are that message's.
   */
  'typeUrl': (string);
  'value': (Buffer);
}
