// Original file: custody/v1/approval.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';
import type { Decision as _custody_v1_Decision, Decision__Output as _custody_v1_Decision__Output } from '../../custody/v1/Decision.ts';

export interface GetApprovalPackageResponse {
  /**
   * The signed intent.
   */
  'intent'?: (_custody_v1_Signed | null);
  /**
   * Canonical text of the destination record, empty for an own vault.
   */
  'record'?: (Buffer | Uint8Array | string);
  /**
   * Canonical texts of the documents in force, to be checked against pinned digests.
   */
  'policy'?: (Buffer | Uint8Array | string);
  'directory'?: (Buffer | Uint8Array | string);
  'rule'?: (string);
  /**
   * Decisions recorded so far: person, role, decision.
   */
  'decisions'?: (_custody_v1_Decision)[];
  'state'?: (string);
  /**
   * The plan that a request for a ceremony names; empty for every other one.
   */
  'plan'?: (Buffer | Uint8Array | string);
  /**
   * Why what a room has signed is held back from its chain; empty where it is not.
   */
  'held'?: (string);
}

export interface GetApprovalPackageResponse__Output {
  /**
   * The signed intent.
   */
  'intent': (_custody_v1_Signed__Output | null);
  /**
   * Canonical text of the destination record, empty for an own vault.
   */
  'record': (Buffer);
  /**
   * Canonical texts of the documents in force, to be checked against pinned digests.
   */
  'policy': (Buffer);
  'directory': (Buffer);
  'rule': (string);
  /**
   * Decisions recorded so far: person, role, decision.
   */
  'decisions': (_custody_v1_Decision__Output)[];
  'state': (string);
  /**
   * The plan that a request for a ceremony names; empty for every other one.
   */
  'plan': (Buffer);
  /**
   * Why what a room has signed is held back from its chain; empty where it is not.
   */
  'held': (string);
}
