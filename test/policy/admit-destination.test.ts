import { describe, expect, it } from 'vitest'
import type { Intent } from '../../policy/intent.ts'
import { parseHandle } from '../../proto/ids.ts'
import { payout } from '../kit/examples.ts'
import { scene, startedAt, toRecord } from '../kit/scene.ts'
import {
  type Change,
  cooling,
  desk,
  judged,
  other,
  type Row,
  stranger,
  sweep,
  trade,
  tradeAt,
} from '../kit/scene-changes.ts'
import { customerRecord, supported } from '../kit/scene-world.ts'

const retired = { ...customerRecord, status: 'removed' } as const
const later = { ...customerRecord, activeFrom: startedAt + 1_000 }
const unlisted = { ...customerRecord, book: parseHandle('nowhere') }
const renewed = { ...desk, version: 4 }
const attestedDesk = {
  ...supported,
  destinations: {
    ...(supported['destinations'] as object),
    exchange: { book: 'exchange', cooldown: '0s', attestedBy: 'svc-payouts' },
  },
}

const foreign = { ...customerRecord, org: parseHandle('acme') }
const signed = scene().warrantValue.dest
const forged: Change =
  signed.kind === 'attested'
    ? {
        warrant: {
          dest: { ...signed, record: { ...signed.record, signature: new Uint8Array(64) } },
        },
      }
    : {}

const destinations: readonly Row[] = [
  [
    'a record of another organisation',
    'N10 DEST_UNKNOWN',
    { record: foreign, intent: toRecord(foreign) },
  ],
  ['a record whose signature is another', 'N10 DEST_UNKNOWN', forged],
  ['a record of another address', 'N10 DEST_UNKNOWN', { intent: { ...payout, to: stranger } }],
  ['another record than the named one', 'N10 DEST_UNKNOWN', { intent: { ...payout, dest: other } }],
  ['no record', 'N10 DEST_UNKNOWN', { warrant: { dest: { kind: 'vault' } } }],
  ['a record for an own vault', 'N10 DEST_UNKNOWN', { intent: { ...payout, dest: '' } }],
  [
    'an own vault that is nobody',
    'N10 DEST_UNKNOWN',
    { ...sweep, intent: { ...payout, to: stranger, dest: '' } },
  ],
  ['a record attested by another person', 'N10 DEST_UNKNOWN', { attestedBy: 'ana' }],
  ['a removed record', 'N10 DEST_UNKNOWN', { record: retired, intent: toRecord(retired) }],
  [
    'a record that is not active yet',
    'N10 DEST_UNKNOWN',
    { record: later, intent: toRecord(later) },
  ],
  [
    'a record of no known book',
    'N10 DEST_UNKNOWN',
    { record: unlisted, intent: toRecord(unlisted) },
  ],
  ['an attested record where only the book counts', 'N10 DEST_UNKNOWN', { ...trade, listed: [] }],
  [
    'an attested record of an address that the book lists in another version',
    'N10 DEST_UNKNOWN',
    {
      ...trade,
      policy: attestedDesk,
      record: renewed,
      intent: { ...trade.intent!, ...dest(renewed) },
    },
  ],
  [
    'a record that the book in force does not hold',
    'N10 DEST_UNKNOWN',
    { ...trade, ...listedNowhere() },
  ],
  ['a record inside its cool-down', 'N10 DEST_COOLDOWN', cooling(tradeAt - 48 * 3_600_000 + 1)],
  ['a record whose activation no head proves', 'N10 DEST_COOLDOWN', cooling(undefined)],
]

function dest(record: typeof desk): Pick<Intent, 'dest' | 'to'> {
  const { dest: digest, to } = toRecord(record)
  return { dest: digest, to }
}

function listedNowhere(): Change {
  const { dest: proof } = scene(trade).warrantValue
  return { listed: [], warrant: { dest: proof } }
}

describe('admit refuses to pay with', () => {
  it.each(destinations)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})
