// Original file: custody/v1/node_link.proto

import type { Lines as _custody_v1_Lines, Lines__Output as _custody_v1_Lines__Output } from '../../custody/v1/Lines.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * Lines, and what to judge on top of them: a warrant, a key to make or a change to carry out.
 */
export interface Prepare {
  'lines'?: (_custody_v1_Lines | null);
  /**
   * Canonical warrant text; empty for a key.
   */
  'warrant'?: (Buffer | Uint8Array | string);
  /**
   * Seq of the attempt line; unused for a key.
   */
  'attemptSeq'?: (number | string | Long);
  /**
   * Canonical keygen document, or change-run document when `order` is given; empty for a signature.
   */
  'keygen'?: (Buffer | Uint8Array | string);
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket'?: (Buffer | Uint8Array | string);
  /**
   * Some participant signs only over pairings made in the session: all of them do so.
   */
  'fresh'?: (boolean);
  /**
   * Canonical order of an approved change; empty for a signature and for a first key.
   */
  'order'?: (Buffer | Uint8Array | string);
  /**
   * Canonical dealing of an import; empty for everything else.
   */
  'dealing'?: (Buffer | Uint8Array | string);
  /**
   * Of a ceremony: who of the stations in the attempt line signs, in the order of their x; empty when
   * all of them do, and for everything else.
   */
  'participants'?: (string)[];
}

/**
 * Lines, and what to judge on top of them: a warrant, a key to make or a change to carry out.
 */
export interface Prepare__Output {
  'lines': (_custody_v1_Lines__Output | null);
  /**
   * Canonical warrant text; empty for a key.
   */
  'warrant': (Buffer);
  /**
   * Seq of the attempt line; unused for a key.
   */
  'attemptSeq': (number);
  /**
   * Canonical keygen document, or change-run document when `order` is given; empty for a signature.
   */
  'keygen': (Buffer);
  /**
   * Names the answer; 16 bytes chosen by the coordinator.
   */
  'ticket': (Buffer);
  /**
   * Some participant signs only over pairings made in the session: all of them do so.
   */
  'fresh': (boolean);
  /**
   * Canonical order of an approved change; empty for a signature and for a first key.
   */
  'order': (Buffer);
  /**
   * Canonical dealing of an import; empty for everything else.
   */
  'dealing': (Buffer);
  /**
   * Of a ceremony: who of the stations in the attempt line signs, in the order of their x; empty when
   * all of them do, and for everything else.
   */
  'participants': (string)[];
}
