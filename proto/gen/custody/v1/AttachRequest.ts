// Original file: custody/v1/node_link.proto

import type { Hello as _custody_v1_Hello, Hello__Output as _custody_v1_Hello__Output } from '../../custody/v1/Hello.ts';
import type { Cosigned as _custody_v1_Cosigned, Cosigned__Output as _custody_v1_Cosigned__Output } from '../../custody/v1/Cosigned.ts';
import type { Behind as _custody_v1_Behind, Behind__Output as _custody_v1_Behind__Output } from '../../custody/v1/Behind.ts';
import type { Ahead as _custody_v1_Ahead, Ahead__Output as _custody_v1_Ahead__Output } from '../../custody/v1/Ahead.ts';
import type { Fork as _custody_v1_Fork, Fork__Output as _custody_v1_Fork__Output } from '../../custody/v1/Fork.ts';
import type { Accepted as _custody_v1_Accepted, Accepted__Output as _custody_v1_Accepted__Output } from '../../custody/v1/Accepted.ts';
import type { Refused as _custody_v1_Refused, Refused__Output as _custody_v1_Refused__Output } from '../../custody/v1/Refused.ts';
import type { Envelope as _custody_v1_Envelope, Envelope__Output as _custody_v1_Envelope__Output } from '../../custody/v1/Envelope.ts';
import type { Note as _custody_v1_Note, Note__Output as _custody_v1_Note__Output } from '../../custody/v1/Note.ts';
import type { Share as _custody_v1_Share, Share__Output as _custody_v1_Share__Output } from '../../custody/v1/Share.ts';
import type { Stopped as _custody_v1_Stopped, Stopped__Output as _custody_v1_Stopped__Output } from '../../custody/v1/Stopped.ts';
import type { Receipts as _custody_v1_Receipts, Receipts__Output as _custody_v1_Receipts__Output } from '../../custody/v1/Receipts.ts';
import type { Heartbeat as _custody_v1_Heartbeat, Heartbeat__Output as _custody_v1_Heartbeat__Output } from '../../custody/v1/Heartbeat.ts';
import type { KeyConfirm as _custody_v1_KeyConfirm, KeyConfirm__Output as _custody_v1_KeyConfirm__Output } from '../../custody/v1/KeyConfirm.ts';
import type { State as _custody_v1_State, State__Output as _custody_v1_State__Output } from '../../custody/v1/State.ts';
import type { SupplyLines as _custody_v1_SupplyLines, SupplyLines__Output as _custody_v1_SupplyLines__Output } from '../../custody/v1/SupplyLines.ts';
import type { Bans as _custody_v1_Bans, Bans__Output as _custody_v1_Bans__Output } from '../../custody/v1/Bans.ts';
import type { BackupTested as _custody_v1_BackupTested, BackupTested__Output as _custody_v1_BackupTested__Output } from '../../custody/v1/BackupTested.ts';
import type { Invited as _custody_v1_Invited, Invited__Output as _custody_v1_Invited__Output } from '../../custody/v1/Invited.ts';
import type { ExportPart as _custody_v1_ExportPart, ExportPart__Output as _custody_v1_ExportPart__Output } from '../../custody/v1/ExportPart.ts';
import type { Paper as _custody_v1_Paper, Paper__Output as _custody_v1_Paper__Output } from '../../custody/v1/Paper.ts';
import type { Certified as _custody_v1_Certified, Certified__Output as _custody_v1_Certified__Output } from '../../custody/v1/Certified.ts';

/**
 * Up: from node to coordinator.
 */
export interface AttachRequest {
  'hello'?: (_custody_v1_Hello | null);
  'cosigned'?: (_custody_v1_Cosigned | null);
  'behind'?: (_custody_v1_Behind | null);
  'ahead'?: (_custody_v1_Ahead | null);
  'fork'?: (_custody_v1_Fork | null);
  'accepted'?: (_custody_v1_Accepted | null);
  'refused'?: (_custody_v1_Refused | null);
  'envelope'?: (_custody_v1_Envelope | null);
  'note'?: (_custody_v1_Note | null);
  'share'?: (_custody_v1_Share | null);
  'stopped'?: (_custody_v1_Stopped | null);
  'receipts'?: (_custody_v1_Receipts | null);
  'heartbeat'?: (_custody_v1_Heartbeat | null);
  'keyConfirm'?: (_custody_v1_KeyConfirm | null);
  'state'?: (_custody_v1_State | null);
  'supplyLines'?: (_custody_v1_SupplyLines | null);
  'bans'?: (_custody_v1_Bans | null);
  'backupTested'?: (_custody_v1_BackupTested | null);
  'invited'?: (_custody_v1_Invited | null);
  'exportPart'?: (_custody_v1_ExportPart | null);
  'paper'?: (_custody_v1_Paper | null);
  'certified'?: (_custody_v1_Certified | null);
  'frame'?: "hello"|"cosigned"|"behind"|"ahead"|"fork"|"accepted"|"refused"|"envelope"|"note"|"share"|"stopped"|"receipts"|"heartbeat"|"keyConfirm"|"state"|"supplyLines"|"bans"|"backupTested"|"invited"|"exportPart"|"paper"|"certified";
}

/**
 * Up: from node to coordinator.
 */
export interface AttachRequest__Output {
  'hello'?: (_custody_v1_Hello__Output | null);
  'cosigned'?: (_custody_v1_Cosigned__Output | null);
  'behind'?: (_custody_v1_Behind__Output | null);
  'ahead'?: (_custody_v1_Ahead__Output | null);
  'fork'?: (_custody_v1_Fork__Output | null);
  'accepted'?: (_custody_v1_Accepted__Output | null);
  'refused'?: (_custody_v1_Refused__Output | null);
  'envelope'?: (_custody_v1_Envelope__Output | null);
  'note'?: (_custody_v1_Note__Output | null);
  'share'?: (_custody_v1_Share__Output | null);
  'stopped'?: (_custody_v1_Stopped__Output | null);
  'receipts'?: (_custody_v1_Receipts__Output | null);
  'heartbeat'?: (_custody_v1_Heartbeat__Output | null);
  'keyConfirm'?: (_custody_v1_KeyConfirm__Output | null);
  'state'?: (_custody_v1_State__Output | null);
  'supplyLines'?: (_custody_v1_SupplyLines__Output | null);
  'bans'?: (_custody_v1_Bans__Output | null);
  'backupTested'?: (_custody_v1_BackupTested__Output | null);
  'invited'?: (_custody_v1_Invited__Output | null);
  'exportPart'?: (_custody_v1_ExportPart__Output | null);
  'paper'?: (_custody_v1_Paper__Output | null);
  'certified'?: (_custody_v1_Certified__Output | null);
  'frame'?: "hello"|"cosigned"|"behind"|"ahead"|"fork"|"accepted"|"refused"|"envelope"|"note"|"share"|"stopped"|"receipts"|"heartbeat"|"keyConfirm"|"state"|"supplyLines"|"bans"|"backupTested"|"invited"|"exportPart"|"paper"|"certified";
}
