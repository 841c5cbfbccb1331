/**
 * Abort: how a protocol run ends when something is wrong. The reason decides the remedy, in the
 * one table below (specification 1.13), so no caller can soften a ban or harden a mismatch.
 *
 * retry  nobody is to blame, a new session may work      fault  the culprit sent something wrong
 * ban    the culprit cheated, its pairing is destroyed   abort  wrong, but nobody can be named
 */

import type { Party } from './party.ts'

export type Remedy = 'retry' | 'fault' | 'ban' | 'abort'

const REMEDIES = {
  'missing-message': 'retry',
  'view-mismatch': 'retry',
  'pairing-mismatch': 'retry',
  'pairing-dead': 'retry',
  'pprf-check': 'retry',
  'unknown-sender': 'fault',
  'duplicate-message': 'fault',
  'wrong-round': 'fault',
  'wrong-size': 'fault',
  malformed: 'fault',
  commitment: 'fault',
  proof: 'fault',
  share: 'fault',
  constant: 'fault',
  'identity-point': 'fault',
  'ot-check': 'ban',
  'rvole-check': 'ban',
  'gamma-check': 'ban',
  'public-key-sum': 'abort',
  'signature-invalid': 'abort',
  degenerate: 'abort',
} as const satisfies Record<string, Remedy>

export type AbortReason = keyof typeof REMEDIES

export function isAbortReason(text: string): text is AbortReason {
  return Object.hasOwn(REMEDIES, text)
}

export interface Blame {
  readonly culprit?: Party
  /** What the culprit sent, for a complaint. Never Delta, leaves, pads, beta or chi (1.13). */
  readonly evidence?: Uint8Array
}

export class Abort extends Error {
  override readonly name = 'Abort'
  readonly reason: AbortReason
  readonly remedy: Remedy
  readonly culprit: Party | undefined
  readonly #evidence: Uint8Array | undefined

  constructor(reason: AbortReason, because: string, blame: Blame = {}) {
    super(because)
    this.reason = reason
    this.remedy = REMEDIES[reason]
    this.culprit = blame.culprit
    this.#evidence = blame.evidence
  }

  /** Whoever files the complaint asks for it; it is never printed or serialized with the Abort. */
  get evidence(): Uint8Array | undefined {
    return this.#evidence
  }
}
