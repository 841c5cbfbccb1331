// Original file: custody/v1/ceremony.proto

import type { Long } from '@grpc/proto-loader';

/**
 * What an operator puts is theirs: who puts a Bundle imports it. Of one plan each has a few, and a
 * further one takes the place of the one longest untouched.
 */
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

/**
 * What an operator puts is theirs: who puts a Bundle imports it. Of one plan each has a few, and a
 * further one takes the place of the one longest untouched.
 */
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
