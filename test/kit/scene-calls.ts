// An approval of Tether's token to an exchange's router, allowed by a policy that was written for it:
// the scene of a contract call, in which tests change one thing.

import { encodeCall, parseCall } from '../../policy/chain/evm-call.ts'
import type { Destination } from '../../policy/destination.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import type { Json, JsonObject } from '../../proto/jcs.ts'
import { payout, token } from './examples.ts'
import { build, type Parts, toRecord } from './scene.ts'
import { customerRecord, instant, supported } from './scene-world.ts'

export const router = '0x2222222222222222222222222222222222222222'
export const approval = `approve(address spender = ${router}, uint256 value = 5000000)`

export const approveRouter: JsonObject = {
  network: 'eth',
  contract: token,
  function: 'approve(address spender, uint256 value)',
  arguments: [{ in: [router] }, { lte: '1000000000' }],
}

const callMatch: JsonObject = {
  op: ['evm.call'],
  from: ['warm-eth'],
  to: ['exchange'],
  asset: ['eth-native'],
  initiator: ['treasury'],
  amount: { lte: '0' },
  when: 'always',
  call: ['approve-router'],
}

const callRule: JsonObject = {
  id: 'router-approve',
  require: [{ role: 'ops', count: 2 }],
  ttl: '8h',
}
const callCount: JsonObject = {
  id: 'router-count',
  count: true,
  rule: ['router-approve'],
  window: 'sliding 24h',
  max: '20',
}

/** The policy of the scenes with one call, as its author would add it. */
export function callPolicy(
  change: { calls?: JsonObject; rule?: JsonObject; limits?: readonly Json[] } = {},
): JsonObject {
  const { calls = { 'approve-router': approveRouter }, rule = {}, limits = [callCount] } = change
  const lists = (key: string) => supported[key] as readonly JsonObject[]
  const ops = ['erc20.transfer', 'trc20.transfer', 'evm.transfer', 'tron.transfer', 'evm.call']
  const match = { ...callMatch, ...rule }
  return {
    ...supported,
    calls,
    guards: lists('guards').map((guard) =>
      guard['id'] === 'g-ops' ? { ...guard, deny: { op: { notIn: ops } } } : guard,
    ),
    rules: [...lists('rules'), { ...callRule, match }],
    limits: [...lists('limits'), ...limits],
  }
}

export const contractRecord: Destination = {
  ...customerRecord,
  book: parseHandle('exchange'),
  address: token,
  label: 'tether-usdt',
}

const at = instant('2026-12-07T11:30:00Z')

/** A lawful scene; `build` in the scenes knows transfers, so the calldata is given. */
export function calling(call = approval, change: Partial<Parts> = {}): Partial<Parts> {
  const intent = toRecord(contractRecord, {
    vault: parseVaultId('warm-eth'),
    op: 'evm.call',
    asset: parseHandle('eth-native'),
    contract: '',
    amount: 0n,
    call,
    initiator: parsePersonId('gus'),
    purpose: payout.purpose,
  })
  return {
    policy: callPolicy(),
    intent,
    initiator: { key: 'gus', credential: 'gus-1' },
    rule: 'router-approve',
    record: contractRecord,
    listed: [contractRecord],
    transaction: { ...build(intent), gasLimit: 90_000n, calldata: encodeCall(parseCall(call)) },
    approvers: [
      ['ana', 'ops'],
      ['bo', 'ops'],
    ],
    attempt: { t: at },
    own: { clockMs: at },
    ...change,
  }
}
