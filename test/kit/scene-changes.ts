// Single changes to a scene, and lawful requests of every kind, for the tests of `admit`.
import { admit } from '../../policy/admit.ts'
import type { EvmTransaction } from '../../policy/chain/evm.ts'
import { plainDigest, toUtf8 } from '../../proto/crypto.ts'
import {
  parseDigest,
  parseHandle,
  parseNodeId,
  parsePersonId,
  parseVaultId,
} from '../../proto/ids.ts'
import { isRefusal } from '../../proto/refusal.ts'
import { payout } from './examples.ts'
import { activatedAt, type Parts, type Scene, scene, toRecord } from './scene.ts'
import { addressOf, customerRecord, instant, vaults } from './scene-world.ts'

export type Change = Partial<Parts>

export function answer(submission: Scene): string {
  const result = admit(submission)
  if (!isRefusal(result)) return 'admitted'
  return `${result.check} ${result.code}`
}

export const judged = (change: Change = {}): string => answer(scene(change))
export const other = parseDigest('ee'.repeat(32))
export const stranger = '0x1111111111111111111111111111111111111111'

export const sweep: Change = {
  intent: { ...payout, to: addressOf('warm-eth'), dest: '', amount: 5_000_000_000n },
  rule: 'hot-sweep',
  record: undefined,
  approvers: [],
}
export const gas: Change = {
  intent: {
    ...payout,
    vault: parseVaultId('warm-eth'),
    op: 'evm.transfer',
    asset: parseHandle('eth-native'),
    contract: '',
    to: addressOf('hot-eth'),
    dest: '',
    amount: 10n ** 18n,
    initiator: parsePersonId('ana'),
  },
  initiator: { key: 'ana', credential: 'ana-1' },
  rule: 'gas-eth',
  record: undefined,
  approvers: [['eli', 'treasury']],
}
export const desk = {
  ...customerRecord,
  book: parseHandle('exchange'),
  address: stranger,
  label: 'desk-1',
}
export const tradeAt = instant('2026-12-07T11:30:00Z')
export const trade: Change = {
  intent: toRecord(desk, {
    vault: parseVaultId('warm-eth'),
    amount: 2_000_000_000_000n,
    initiator: parsePersonId('gus'),
  }),
  initiator: { key: 'gus', credential: 'gus-1' },
  rule: 'warm-trade-xl',
  record: desk,
  listed: [desk],
  approvers: [
    ['eli', 'treasury'],
    ['fay', 'treasury'],
    ['oli', 'risk'],
    ['jun', 'director'],
  ],
  attempt: { t: tradeAt },
  own: { clockMs: tradeAt },
}

/** A second attempt whose line replaces the first by these fees. */
export function second(patch: Partial<EvmTransaction>, more: Change = {}): Change {
  return {
    transaction: patch,
    warrant: { replaces: other },
    attempt: { attempt: 2 },
    before: (row) => [
      {
        ...row,
        warrant: other,
        replaces: '',
        bytes: plainDigest(toUtf8('first')),
        fee: { max: 1n, price: 20_000_000_000n, tip: 1_000_000_000n },
      },
    ],
    ...more,
  }
}
export const bumped = { price: 22_000_000_000n, tip: 1_100_000_000n }

export type Row = readonly [what: string, expected: string, change: Change]

export const view =
  (patch: (row: Scene['own']['view']) => Partial<Scene['own']['view']>): Parts['after'] =>
  (row) => ({ ...row, ...patch(row) })
export const reserved = (patch: object): Change => ({
  after: view(({ reservation }) => ({ reservation: { ...reservation!, ...patch } })),
})
export const created = (patch: object): Change => ({
  after: view(({ intent }) => ({ intent: { ...intent!, ...patch } })),
})
export const key = (patch: object): Change => ({
  after: view(() => ({ vaults: vaults.map((row) => ({ ...row, ...patch })) })),
})
export const nodes = (...names: string[]): Change => ({
  attempt: { participants: names.map(parseNodeId) },
})

export function cooling(activated: number | undefined): Change {
  const witnessedAt = (seq: number) => (seq === 4 ? activated : activatedAt)
  return { ...trade, own: { ...trade.own, witnessedAt } }
}

export function full(limit: string, used: bigint): Change {
  return {
    after: view(({ reservation }) => ({
      reservation: {
        ...reservation!,
        limits: reservation!.limits.map((use) => (use.id === limit ? { ...use, used } : use)),
      },
    })),
  }
}
