import { describe, expect, it } from 'vitest'
import { destinationJson } from '../../policy/destination.ts'
import type { Intent } from '../../policy/intent.ts'
import type { VaultRow } from '../../policy/view.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { text } from '../../proto/jcs.ts'
import { payout } from '../kit/examples.ts'
import { activatedAt, scene, startedAt, toRecord } from '../kit/scene.ts'
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
  view,
} from '../kit/scene-changes.ts'
import { addressOf, customerRecord, supported } from '../kit/scene-world.ts'
import { endingAt, underDirectory } from './admit-changes.ts'

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

const ownWarm = { ...customerRecord, address: addressOf('warm-eth') }
const ownListed = { ...desk, address: addressOf('warm-eth') }
const elsewhere = { ...customerRecord, book: parseHandle('exchange'), label: 'desk-9' }
const ended = underDirectory(endingAt('svc-payouts-1', '2026-12-07T10:30:00Z'), {
  intent: { ...payout, initiator: parsePersonId('ana') },
  initiator: { key: 'ana', credential: 'ana-1' },
})
/** The book came into force again an hour before, with the record edited. */
const editedAnew: Change = {
  ...trade,
  record: renewed,
  listed: [renewed],
  intent: { ...trade.intent!, ...dest(renewed) },
  own: {
    ...trade.own,
    witnessedAt: (seq) => (seq === 9 ? tradeAt - 3_600_000 : activatedAt),
  },
  after: view(({ ruleset }) => ({
    ruleset: { ...ruleset, books: ruleset.books.map((book) => ({ ...book, seq: 9 })) },
  })),
}
const editedOld: Change = {
  ...trade,
  record: renewed,
  intent: { ...trade.intent!, ...dest(renewed) },
  warrant: { dest: { kind: 'book', record: text(destinationJson(renewed)) } },
}

const destinations: readonly Row[] = [
  [
    'an attested record of an own vault',
    'N10 DEST_UNKNOWN',
    { record: ownWarm, intent: toRecord(ownWarm) },
  ],
  [
    'a listed record of an own vault',
    'N10 DEST_UNKNOWN',
    {
      ...trade,
      record: ownListed,
      listed: [ownListed],
      intent: { ...trade.intent!, ...dest(ownListed) },
    },
  ],
  ['an attested record of an address in another book', 'N10 DEST_UNKNOWN', { listed: [elsewhere] }],
  [
    'an attested record of an address that another book removed',
    'N10 DEST_UNKNOWN',
    { listed: [{ ...elsewhere, status: 'removed' }] },
  ],
  ['a record whose key was withdrawn before the attempt', 'N10 DEST_UNKNOWN', ended],
  ['AUTH-16 an edited record under its old cool-down', 'N10 DEST_UNKNOWN', editedOld],
  ['AUTH-16 an edited record that cools anew', 'N10 DEST_COOLDOWN', editedAnew],
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
  [
    'an own vault whose backups are not proven yet',
    'N10 DEST_UNKNOWN',
    {
      ...sweep,
      after: view(({ shown }) => ({ shown: shown.filter((one) => one !== 'warm-eth') })),
    },
  ],
  ...(['unrefreshed', 'exported', 'disabled'] as const).map(
    (standing): Row => [
      `an own vault whose key is ${standing}`,
      'N10 DEST_UNKNOWN',
      { ...sweep, after: view(({ vaults }) => ({ vaults: vaults.map(warmIs(standing)) })) },
    ],
  ),
  [
    'an address of an own vault at another path than the named one',
    'N10 DEST_UNKNOWN',
    inside('m/1/8', addressOf('warm-eth', 'm/1/7')),
  ],
  [
    'an address below an own vault whose path is not named',
    'N10 DEST_UNKNOWN',
    inside(undefined, addressOf('warm-eth', 'm/1/7')),
  ],
  [
    "a path beside the vault's own address",
    'N10 DEST_UNKNOWN',
    inside('m/1/7', addressOf('warm-eth')),
  ],
  ['a path beside the address of nobody', 'N10 DEST_UNKNOWN', inside('m/1/7', stranger)],
  [
    'an address below a vault whose backups are not proven yet',
    'N10 DEST_UNKNOWN',
    {
      ...inside('m/1/7', addressOf('warm-eth', 'm/1/7')),
      after: view(({ shown }) => ({ shown: shown.filter((one) => one !== 'warm-eth') })),
    },
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
  [
    'AUTH-16 a record inside its cool-down',
    'N10 DEST_COOLDOWN',
    cooling(tradeAt - 48 * 3_600_000 + 1),
  ],
  ['a record whose activation no head proves', 'N10 DEST_COOLDOWN', cooling(undefined)],
]

/** A payment to an address of the own vault below `m`, at the path that the intent names. */
function inside(toPath: string | undefined, address: string): Change {
  const { toPath: _, ...intent } = sweep.intent!
  const path = toPath === undefined ? {} : { toPath }
  return { ...sweep, intent: { ...intent, ...path, to: address } }
}

function warmIs(standing: VaultRow['standing']): (row: VaultRow) => VaultRow {
  return (row) => (row.vault === 'warm-eth' ? { ...row, standing } : row)
}

function dest(record: typeof desk): Pick<Intent, 'dest' | 'to'> {
  const { dest: digest, to } = toRecord(record)
  return { dest: digest, to }
}

function listedNowhere(): Change {
  const { dest: proof } = scene(trade).warrantValue
  return { listed: [], warrant: { dest: proof } }
}

const lawful: readonly Row[] = [
  ['a record whose key still speaks', 'N22 RULE', { ...ended, ...underDirectory(valid(), ended) }],
  ['an own vault that is shown and active', 'admitted', sweep],
  [
    'an own vault, whatever another one waits for',
    'admitted',
    { ...sweep, after: view(() => ({ shown: [parseVaultId('warm-eth')] })) },
  ],
  ['an address of the book on another network', 'admitted', { listed: [onSepolia()] }],
  ['an address below a vault, which no row names', 'admitted', below()],
  [
    'an address below an own vault at the path that the intent names',
    'admitted',
    inside('m/1/7', addressOf('warm-eth', 'm/1/7')),
  ],
]

function valid(): string {
  return endingAt('svc-payouts-1', '2026-12-07T10:30:01Z')
}

function onSepolia(): typeof elsewhere {
  return { ...elsewhere, network: 'eip155:11155111' }
}

function below(): Change {
  const record = { ...customerRecord, address: addressOf('warm-eth', 'm/1') }
  return { record, intent: toRecord(record) }
}

describe('admit has nothing against the record of', () => {
  it.each(lawful)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})

describe('admit refuses to pay with', () => {
  it.each(destinations)('%s: %s', (_what, expected, change) => {
    expect(judged(change)).toBe(expected)
  })
})
