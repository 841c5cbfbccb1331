// Original file: custody/v1/vault.proto

import type { SealedPart as _custody_v1_SealedPart, SealedPart__Output as _custody_v1_SealedPart__Output } from '../../custody/v1/SealedPart.ts';

export interface GetExportResponse {
  /**
   * The log line key.exported, its place in the witnessed tree, and the head of that tree.
   */
  'line'?: (Buffer | Uint8Array | string);
  'proof'?: (Buffer | Uint8Array | string)[];
  'checkpoint'?: (Buffer | Uint8Array | string);
  /**
   * One of each exporter, made over the same pairings.
   */
  'parts'?: (_custody_v1_SealedPart)[];
}

export interface GetExportResponse__Output {
  /**
   * The log line key.exported, its place in the witnessed tree, and the head of that tree.
   */
  'line': (Buffer);
  'proof': (Buffer)[];
  'checkpoint': (Buffer);
  /**
   * One of each exporter, made over the same pairings.
   */
  'parts': (_custody_v1_SealedPart__Output)[];
}
