// Original file: custody/v1/node_link.proto

import type { Welcome as _custody_v1_Welcome, Welcome__Output as _custody_v1_Welcome__Output } from '../../custody/v1/Welcome.ts';
import type { Lines as _custody_v1_Lines, Lines__Output as _custody_v1_Lines__Output } from '../../custody/v1/Lines.ts';
import type { Heads as _custody_v1_Heads, Heads__Output as _custody_v1_Heads__Output } from '../../custody/v1/Heads.ts';
import type { Prepare as _custody_v1_Prepare, Prepare__Output as _custody_v1_Prepare__Output } from '../../custody/v1/Prepare.ts';
import type { Start as _custody_v1_Start, Start__Output as _custody_v1_Start__Output } from '../../custody/v1/Start.ts';
import type { Envelope as _custody_v1_Envelope, Envelope__Output as _custody_v1_Envelope__Output } from '../../custody/v1/Envelope.ts';
import type { Note as _custody_v1_Note, Note__Output as _custody_v1_Note__Output } from '../../custody/v1/Note.ts';
import type { Stop as _custody_v1_Stop, Stop__Output as _custody_v1_Stop__Output } from '../../custody/v1/Stop.ts';
import type { Heartbeat as _custody_v1_Heartbeat, Heartbeat__Output as _custody_v1_Heartbeat__Output } from '../../custody/v1/Heartbeat.ts';
import type { RequestLines as _custody_v1_RequestLines, RequestLines__Output as _custody_v1_RequestLines__Output } from '../../custody/v1/RequestLines.ts';
import type { Invite as _custody_v1_Invite, Invite__Output as _custody_v1_Invite__Output } from '../../custody/v1/Invite.ts';
import type { RequestPart as _custody_v1_RequestPart, RequestPart__Output as _custody_v1_RequestPart__Output } from '../../custody/v1/RequestPart.ts';
import type { Paper as _custody_v1_Paper, Paper__Output as _custody_v1_Paper__Output } from '../../custody/v1/Paper.ts';
import type { Certify as _custody_v1_Certify, Certify__Output as _custody_v1_Certify__Output } from '../../custody/v1/Certify.ts';

/**
 * Down: from coordinator to node.
 */
export interface AttachResponse {
  'welcome'?: (_custody_v1_Welcome | null);
  'lines'?: (_custody_v1_Lines | null);
  'heads'?: (_custody_v1_Heads | null);
  'prepare'?: (_custody_v1_Prepare | null);
  'start'?: (_custody_v1_Start | null);
  'envelope'?: (_custody_v1_Envelope | null);
  'note'?: (_custody_v1_Note | null);
  'stop'?: (_custody_v1_Stop | null);
  'heartbeat'?: (_custody_v1_Heartbeat | null);
  'requestLines'?: (_custody_v1_RequestLines | null);
  'invite'?: (_custody_v1_Invite | null);
  'requestPart'?: (_custody_v1_RequestPart | null);
  'paper'?: (_custody_v1_Paper | null);
  'certify'?: (_custody_v1_Certify | null);
  'frame'?: "welcome"|"lines"|"heads"|"prepare"|"start"|"envelope"|"note"|"stop"|"heartbeat"|"requestLines"|"invite"|"requestPart"|"paper"|"certify";
}

/**
 * Down: from coordinator to node.
 */
export interface AttachResponse__Output {
  'welcome'?: (_custody_v1_Welcome__Output | null);
  'lines'?: (_custody_v1_Lines__Output | null);
  'heads'?: (_custody_v1_Heads__Output | null);
  'prepare'?: (_custody_v1_Prepare__Output | null);
  'start'?: (_custody_v1_Start__Output | null);
  'envelope'?: (_custody_v1_Envelope__Output | null);
  'note'?: (_custody_v1_Note__Output | null);
  'stop'?: (_custody_v1_Stop__Output | null);
  'heartbeat'?: (_custody_v1_Heartbeat__Output | null);
  'requestLines'?: (_custody_v1_RequestLines__Output | null);
  'invite'?: (_custody_v1_Invite__Output | null);
  'requestPart'?: (_custody_v1_RequestPart__Output | null);
  'paper'?: (_custody_v1_Paper__Output | null);
  'certify'?: (_custody_v1_Certify__Output | null);
  'frame'?: "welcome"|"lines"|"heads"|"prepare"|"start"|"envelope"|"note"|"stop"|"heartbeat"|"requestLines"|"invite"|"requestPart"|"paper"|"certify";
}
