// Original file: custody/v1/ceremony.proto

import type { Long } from '@grpc/proto-loader';

export interface Ceremony {
  /**
   * Digest of the plan.
   */
  'plan'?: (string);
  /**
   * The approved change that planned it.
   */
  'change'?: (string);
  /**
   * genesis, sign, reshare or drill.
   */
  'kind'?: (string);
  'vaults'?: (string)[];
  'requests'?: (string)[];
  /**
   * RFC 3339, UTC.
   */
  'from'?: (string);
  'until'?: (string);
  /**
   * planned, exported, concluded, aborted, or overdue.
   */
  'state'?: (string);
  /**
   * Digest of the manifest of the Bundle in; empty before it was made.
   */
  'bundle'?: (string);
  /**
   * Newest line about it.
   */
  'seq'?: (number | string | Long);
  /**
   * Lines of the main log under the head that went in with the Bundle; zero where none did.
   */
  'mainSize'?: (number | string | Long);
}

export interface Ceremony__Output {
  /**
   * Digest of the plan.
   */
  'plan': (string);
  /**
   * The approved change that planned it.
   */
  'change': (string);
  /**
   * genesis, sign, reshare or drill.
   */
  'kind': (string);
  'vaults': (string)[];
  'requests': (string)[];
  /**
   * RFC 3339, UTC.
   */
  'from': (string);
  'until': (string);
  /**
   * planned, exported, concluded, aborted, or overdue.
   */
  'state': (string);
  /**
   * Digest of the manifest of the Bundle in; empty before it was made.
   */
  'bundle': (string);
  /**
   * Newest line about it.
   */
  'seq': (number);
  /**
   * Lines of the main log under the head that went in with the Bundle; zero where none did.
   */
  'mainSize': (number);
}
