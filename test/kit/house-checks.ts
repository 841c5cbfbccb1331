// What must hold in a house after any weather, asked of the world's own record, of the log, of the
// chain and of the nodes' disks; never of what a process believes. Each check says in a sentence what
// it found broken; no sentence, no breach. Plain loops on purpose: no code of the fold is used here.

import { Tree } from '../../coordinator/tree.ts'
import type { EntryType } from '../../policy/audit/bodies.ts'
import type { Entry } from '../../policy/audit/entry.ts'
import { toHex } from '../../proto/crypto.ts'
import type { House } from './house.ts'
import { ownerOf } from './house-instances.ts'
import type { Left, LeftShare } from './house-record.ts'

export interface Seen {
  readonly house: House
  readonly entries: readonly Entry[]
}

export type Check = (seen: Seen) => readonly string[] | Promise<readonly string[]>

const hourMs = 3_600_000
/** As the development policy says, in base units. */
const limitsOfPolicy = [
  { name: 'payout-1h', windowMs: hourMs, max: 250_000_000_000n, by: 'all' },
  { name: 'payout-24h', windowMs: 24 * hourMs, max: 1_000_000_000_000n, by: 'all' },
  { name: 'payout-dest-24h', windowMs: 24 * hourMs, max: 100_000_000_000n, by: 'to' },
] as const
const quorum = 2

export const checks: Readonly<Record<string, Check>> = {
  'a share leaves only for an attempt of the log that its node accepted': admitted,
  'a share leaves only when q witnesses are known to have seen its attempt': witnessed,
  'a share leaves only while nothing in the own copy forbids it': unforbidden,
  'a share is in the journal of its node': journalled,
  'an attempt is accepted once by a node, a counter used once in an incarnation': acceptedOnce,
  'no nonce point serves two sessions, and no r two transactions': freshNonces,
  'an intent has one nonce of its address, and a nonce one effect': oneEffect,
  'no window holds more than its limit': withinLimits,
  'all heads are of one log': oneLog,
  'nobody is banned, and nobody raises an alarm about another': noBlame,
  'a stranger finds the Export OK': verified,
}

/** Sentences about everything that is broken. */
export async function breaches(house: House): Promise<readonly string[]> {
  const seen = { house, entries: await house.entries() }
  const found: string[] = []
  for (const [rule, check] of Object.entries(checks)) {
    for (const what of await check(seen)) found.push(`${rule}: ${what}`)
  }
  return found
}

type LineOf<T extends EntryType> = Extract<Entry, { readonly type: T }>

export function linesOf<T extends EntryType>(
  entries: readonly Entry[],
  type: T,
): readonly LineOf<T>[] {
  return entries.filter((entry): entry is LineOf<T> => entry.type === type)
}

function lineOf(entries: readonly Entry[], { intent, attempt }: LeftShare) {
  return linesOf(entries, 'session.started').find(
    ({ body }) => body.intent === intent && body.attempt === attempt,
  )
}

/** A control proof has no attempt line: it rests on what people decided about it. */
function isProofOf(entries: readonly Entry[], intent: string): boolean {
  return linesOf(entries, 'intent.created').some(
    ({ body }) => body.intent === intent && body.op === 'key.prove',
  )
}

function decidedAt(entries: readonly Entry[], intent: string): readonly number[] {
  const lines = linesOf(entries, 'approval.recorded').filter(({ body }) => body.intent === intent)
  return [Number.NEGATIVE_INFINITY, ...lines.map(({ seq }) => seq)]
}

const nameOf = ({ node, value }: Left<LeftShare>): string =>
  `share ${value.counter} of ${node} for ${value.intent.slice(0, 8)}/${value.attempt}`

function admitted({ house, entries }: Seen): readonly string[] {
  const { shares, accepted } = house.record
  return shares.flatMap((share) => {
    const { warrant, digest, intent, attempt } = share.value
    const isProof = isProofOf(entries, intent)
    const line = lineOf(entries, share.value)
    if (line === undefined && !isProof) return [`${nameOf(share)}: no attempt line`]
    const isSame = line && line.body.warrant === warrant && toHex(line.body.digest) === digest
    const isMember = line?.body.participants.some((node) => node === ownerOf(share.node))
    const isAccepted = accepted.some(
      ({ node, value, atMs }) =>
        node === share.node &&
        atMs <= share.atMs &&
        value.intent === intent &&
        value.attempt === attempt &&
        value.warrant === warrant &&
        value.digest === digest,
    )
    return (isProof || (isSame && isMember)) && isAccepted
      ? []
      : [`${nameOf(share)}: not what was admitted`]
  })
}

function witnessed({ house, entries }: Seen): readonly string[] {
  return house.record.shares.flatMap((share) => {
    const { intent } = share.value
    const seq = isProofOf(entries, intent)
      ? Math.max(...decidedAt(entries, intent))
      : (lineOf(entries, share.value)?.seq ?? Number.POSITIVE_INFINITY)
    const count = [...share.value.known.values()].filter((size) => size > seq).length
    return count >= quorum ? [] : [`${nameOf(share)}: expected ${quorum} witnesses, got ${count}`]
  })
}

/** Its receipt says how much of the log the node had. */
function unforbidden({ house, entries }: Seen): readonly string[] {
  return house.record.shares.flatMap((share) => {
    const { intent, attempt, size } = share.value
    const against = entries.slice(0, size).filter((entry) => {
      switch (entry.type) {
        case 'freeze.set':
          return entry.body.scope === 'all' || entry.body.scope === 'hot'
        case 'approval.rejected':
        case 'intent.cancelled':
        case 'intent.expired':
          return entry.body.intent === intent
        case 'session.aborted':
          return entry.body.intent === intent && entry.body.attempt === attempt
        case 'session.started':
          return entry.body.intent === intent && entry.body.attempt > attempt
        default:
          return false
      }
    })
    return against.map(({ type, seq }) => `${nameOf(share)}: line ${seq} is ${type}`)
  })
}

function journalled({ house }: Seen): readonly string[] {
  return house.record.shares.flatMap((share) => {
    const process = house.at(share.node)
    if (!process.isUp) return []
    const row = process.store.first(
      'select sid from journal where counter = ?',
      share.value.counter,
    )
    return row?.['sid'] === share.value.sid ? [] : [nameOf(share)]
  })
}

function acceptedOnce({ house }: Seen): readonly string[] {
  const byAttempt = new Map<string, string>()
  const byCounter = new Map<string, string>()
  return house.record.accepted.flatMap(({ node, value }) => {
    const { intent, attempt, incarnation, counter } = value
    const nonce = toHex(value.nonce)
    const attemptKey = `${node} ${intent}/${attempt}`
    const counterKey = `${node} ${toHex(incarnation)}/${counter}`
    const isNew = (map: Map<string, string>, key: string): boolean => {
      const known = map.get(key) ?? nonce
      map.set(key, nonce)
      return known === nonce
    }
    const fine = isNew(byAttempt, attemptKey) && isNew(byCounter, counterKey)
    return fine ? [] : [`${attemptKey} with counter ${counter}`]
  })
}

function freshNonces({ house }: Seen): readonly string[] {
  const found: string[] = []
  const sessions = new Map<string, string>()
  for (const { value } of house.record.shares) {
    const known = sessions.get(value.rPoint) ?? value.sid
    if (known !== value.sid) found.push(`the point ${value.rPoint.slice(0, 16)} in two sessions`)
    sessions.set(value.rPoint, value.sid)
  }
  const transactions = new Map<string, string>()
  for (const { r, txid } of house.chain.seen.values()) {
    if (transactions.has(r)) found.push(`r of ${txid} and of ${transactions.get(r)}`)
    transactions.set(r, txid)
  }
  return found
}

function oneEffect({ house, entries }: Seen): readonly string[] {
  const found: string[] = []
  const slots = new Map<string, string>()
  for (const { body } of linesOf(entries, 'session.started')) {
    // Where accounts have no nonces the bytes are what may be used once.
    const used = body.slot === '' ? body.bytes : body.slot
    const slot = slots.get(body.intent) ?? used
    if (slot !== used) found.push(`${body.intent} has the nonces ${slot} and ${used}`)
    slots.set(body.intent, slot)
  }
  const accounts = new Map(
    linesOf(entries, 'spend.reserved').map(({ body }) => {
      return [body.intent, `${body.vault} ${body.path} ${body.network}`] as const
    }),
  )
  const signers = new Map<string, string>()
  for (const { body } of linesOf(entries, 'sign.completed')) {
    const slot = `${accounts.get(body.intent)} ${slots.get(body.intent)}`
    const holder = signers.get(slot) ?? body.intent
    if (holder !== body.intent) found.push(`nonce ${slot} is signed for two intents`)
    signers.set(slot, holder)
  }
  const effects = new Map<string, string>()
  for (const { from, nonce, effect, txid } of house.chain.seen.values()) {
    const place = `${from}/${nonce}`
    const known = effects.get(place) ?? effect
    if (known !== effect) found.push(`nonce ${nonce} has two effects, one of ${txid}`)
    effects.set(place, known)
  }
  const named = new Set(linesOf(entries, 'sign.completed').map(({ body }) => body.txid))
  for (const txid of house.chain.seen.keys()) {
    if (!named.has(txid)) found.push(`the chain was sent ${txid}, which no line names`)
  }
  return found
}

/** By the times at which shares left: the signature exists from then on. */
function withinLimits({ house, entries }: Seen): readonly string[] {
  const spends = linesOf(entries, 'spend.reserved').flatMap(({ body }) => {
    const times = house.record.sharesOf(body.intent).map(({ atMs }) => atMs)
    const { intent, amount, to } = body
    return times.length < 2 ? [] : [{ intent, amount, to, atMs: Math.min(...times) }]
  })
  const once = [...new Map(spends.map((spend) => [spend.intent, spend])).values()]
  return limitsOfPolicy.flatMap(({ name, windowMs, max, by }) =>
    once.flatMap((last) => {
      const inWindow = once.filter(
        ({ atMs, to }) =>
          atMs <= last.atMs && atMs > last.atMs - windowMs && (by === 'all' || to === last.to),
      )
      const sum = inWindow.reduce((total, { amount }) => total + amount, 0n)
      return sum <= max ? [] : [`${name}: ${sum}`]
    }),
  )
}

function oneLog({ house, entries }: Seen): readonly string[] {
  const tree = new Tree()
  for (const { leaf } of entries) tree.append(leaf)
  const different = new Set<string>()
  for (const { size, root, by } of house.record.heads) {
    const isOwn = size <= tree.size && toHex(tree.root(size)) === root
    if (!isOwn) different.add(`${by} signed another log of ${size} lines`)
  }
  return [...different]
}

/** Events that accuse somebody, or say that the product broke: weather is no reason for any. */
const accusations = new Set([
  ...[
    'peer-banned',
    'probation-failed',
    'peer-faulty',
    'ban-restored',
    'clone',
    'rollback',
    'fork',
    'receipt-beyond-journal',
  ],
  ...['keyshare-closed', 'page-refused', 'node.fork', 'node.name', 'node.supply'],
  ...['node.cosignature', 'node.refused', 'signature.disputed', 'sequencer.bug', 'sequencer.held'],
  ...['transaction.reverted', 'transaction.short', 'driver.failed', 'log.failed'],
])

function noBlame({ house, entries }: Seen): readonly string[] {
  const said = house.record.events.filter(({ name }) => accusations.has(name))
  return [
    ...linesOf(entries, 'peer.banned').map(({ body }) => `${body.node} banned ${body.peer}`),
    ...said.map(({ process, name, because }) => `${process}: ${name} ${because}`),
  ]
}

async function verified({ house }: Seen): Promise<readonly string[]> {
  const { word, findings } = await house.verify()
  if (word === 'OK') return []
  return [`${word}: ${findings.map(({ code, because }) => `${code} ${because}`).join('; ')}`]
}
