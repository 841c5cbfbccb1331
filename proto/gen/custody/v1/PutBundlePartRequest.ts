// Original file: custody/v1/ceremony.proto

import type { Long } from '@grpc/proto-loader';

export interface PutBundlePartRequest {
  'plan'?: (string);
  /**
   * Digest of the manifest of the Bundle out.
   */
  'bundle'?: (string);
  'name'?: (string);
  /**
   * How many bytes of the file came before; parts of a file come in order.
   */
  'offset'?: (number | string | Long);
  'content'?: (Buffer | Uint8Array | string);
}

export interface PutBundlePartRequest__Output {
  'plan': (string);
  /**
   * Digest of the manifest of the Bundle out.
   */
  'bundle': (string);
  'name': (string);
  /**
   * How many bytes of the file came before; parts of a file come in order.
   */
  'offset': (number);
  'content': (Buffer);
}
