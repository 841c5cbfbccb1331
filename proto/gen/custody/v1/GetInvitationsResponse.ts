// Original file: custody/v1/vault.proto

import type { Signed as _custody_v1_Signed, Signed__Output as _custody_v1_Signed__Output } from '../../custody/v1/Signed.ts';

export interface GetInvitationsResponse {
  /**
   * Each signed by its node, in ascending x.
   */
  'invitations'?: (_custody_v1_Signed)[];
}

export interface GetInvitationsResponse__Output {
  /**
   * Each signed by its node, in ascending x.
   */
  'invitations': (_custody_v1_Signed__Output)[];
}
