// Original file: custody/v1/policy.proto

import type { Document as _custody_v1_Document, Document__Output as _custody_v1_Document__Output } from '../../custody/v1/Document.ts';
import type { RootStep as _custody_v1_RootStep, RootStep__Output as _custody_v1_RootStep__Output } from '../../custody/v1/RootStep.ts';

export interface GetRulesetResponse {
  /**
   * Digest of the ruleset manifest.
   */
  'ruleset'?: (string);
  'root'?: (Buffer | Uint8Array | string);
  'policy'?: (Buffer | Uint8Array | string);
  'directory'?: (Buffer | Uint8Array | string);
  'books'?: (_custody_v1_Document)[];
  /**
   * Every root of the log, the first one first.
   */
  'roots'?: (_custody_v1_RootStep)[];
}

export interface GetRulesetResponse__Output {
  /**
   * Digest of the ruleset manifest.
   */
  'ruleset': (string);
  'root': (Buffer);
  'policy': (Buffer);
  'directory': (Buffer);
  'books': (_custody_v1_Document__Output)[];
  /**
   * Every root of the log, the first one first.
   */
  'roots': (_custody_v1_RootStep__Output)[];
}
