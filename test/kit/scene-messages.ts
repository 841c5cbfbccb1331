// A permit for an exchange's router over USDC, and a declaration, both allowed by a policy that was
// written for them: the scenes of messages, in which tests change one thing.
import { encodeMessage, parseMessage } from '../../policy/chain/evm-message.ts'
import type { Destination } from '../../policy/destination.ts'
import { parseHandle, parsePersonId, parseVaultId } from '../../proto/ids.ts'
import { type Json, type JsonObject, text } from '../../proto/jcs.ts'
import { payout } from './examples.ts'
import { type Parts, toRecord } from './scene.ts'
import { addressOf, customerRecord, instant, supported } from './scene-world.ts'

export const usdc = '0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48'
const router = '0x2222222222222222222222222222222222222222'
export const owner = addressOf('warm-eth')

const permitType = [
  ['address', 'owner'],
  ['address', 'spender'],
  ['uint256', 'value'],
  ['uint256', 'nonce'],
  ['uint256', 'deadline'],
] as const

const permitFields: JsonObject = {
  owner,
  spender: router,
  value: '5000000',
  nonce: '0',
  deadline: '1796000000',
}

/** The text of a message, with some of its fields changed. */
export function permit(change: JsonObject = {}, domain: JsonObject = {}): string {
  return text({
    domain: {
      chainId: '1',
      name: 'USD Coin',
      verifyingContract: usdc,
      version: '2',
      ...domain,
    },
    message: { ...permitFields, ...change },
    primaryType: 'Permit',
    types: { Permit: permitType.map(([type, name]) => ({ name, type })) },
  })
}

export const said = 'We hold this address for our customers.\n\nChallenge 7f3a'
export const declaration = (written = said): string => text({ declaration: written })

export const usdcPermit: JsonObject = {
  network: 'eth',
  domain: { name: 'USD Coin', verifyingContract: usdc, version: '2' },
  type: `Permit(${permitType.map((one) => one.join(' ')).join(',')})`,
  fields: [
    { field: 'owner', in: [owner] },
    { field: 'spender', in: [router] },
    { field: 'value', lte: '1000000000' },
    { field: 'nonce', lte: '1000000' },
    { field: 'deadline', lte: '1800000000' },
  ],
}

export const custody: JsonObject = {
  network: 'eth',
  begins: 'We hold this address for our customers.\n\nChallenge ',
  more: 16,
}

const match: JsonObject = {
  op: ['evm.message'],
  from: ['warm-eth'],
  to: ['exchange'],
  asset: ['eth-native'],
  initiator: ['treasury'],
  amount: { lte: '0' },
  when: 'always',
  message: ['usdc-permit'],
}

const permitRule: JsonObject = {
  id: 'router-permit',
  require: [{ role: 'ops', count: 2 }],
  ttl: '8h',
}
const messageCount: JsonObject = {
  id: 'message-count',
  count: true,
  rule: ['router-permit', 'declaration'],
  window: 'sliding 24h',
  max: '20',
}

interface Change {
  readonly messages?: JsonObject
  readonly rule?: JsonObject
  readonly limits?: readonly Json[]
}

/** The policy of the scenes with one permit and one declaration, as its author would add them. */
export function messagePolicy(change: Change = {}): JsonObject {
  const { messages = { 'usdc-permit': usdcPermit, custody } } = change
  const { rule = {}, limits = [messageCount] } = change
  const lists = (key: string) => supported[key] as readonly JsonObject[]
  const ops = ['erc20.transfer', 'trc20.transfer', 'evm.transfer', 'tron.transfer', 'evm.message']
  const ofDeclaration = { ...match, to: ['warm'], message: ['custody'] }
  return {
    ...supported,
    messages,
    guards: lists('guards').map((guard) =>
      guard['id'] === 'g-ops' ? { ...guard, deny: { op: { notIn: ops } } } : guard,
    ),
    rules: [
      ...lists('rules'),
      { ...permitRule, match: { ...match, ...rule } },
      { ...permitRule, id: 'declaration', match: ofDeclaration },
    ],
    limits: [...lists('limits'), ...limits],
  }
}

export const usdcRecord: Destination = {
  ...customerRecord,
  book: parseHandle('exchange'),
  address: usdc,
  label: 'usdc',
}

const at = instant('2026-12-07T11:30:00Z')

const asking = {
  vault: parseVaultId('warm-eth'),
  op: 'evm.message',
  asset: parseHandle('eth-native'),
  contract: '',
  amount: 0n,
  maxFee: 0n,
  initiator: parsePersonId('gus'),
  purpose: payout.purpose,
} as const

const shared: Partial<Parts> = {
  policy: messagePolicy(),
  initiator: { key: 'gus', credential: 'gus-1' },
  transaction: { gasLimit: 0n, price: 0n, tip: 0n },
  approvers: [
    ['ana', 'ops'],
    ['bo', 'ops'],
  ],
  attempt: { t: at },
  own: { clockMs: at },
}

/** A lawful scene: typed data for its contract. */
export function permitting(message = permit(), change: Partial<Parts> = {}): Partial<Parts> {
  return {
    ...shared,
    intent: toRecord(usdcRecord, { ...asking, message }),
    rule: 'router-permit',
    record: usdcRecord,
    listed: [usdcRecord],
    raw: encodeMessage(parseMessage(message)),
    ...change,
  }
}

/** A lawful scene: a declaration by the key of the vault. */
export function stating(message = declaration(), change: Partial<Parts> = {}): Partial<Parts> {
  return {
    ...shared,
    intent: { ...payout, ...asking, message, to: owner, dest: '' },
    rule: 'declaration',
    record: undefined,
    raw: encodeMessage(parseMessage(message)),
    ...change,
  }
}
