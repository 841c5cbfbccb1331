import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { bodies } from '../../policy/audit/bodies.ts'
import { append, emptyHead, extend, type Head, link } from '../../policy/audit/chain.ts'
import { type Entry, leafDigest, parseEntry, writeEntry } from '../../policy/audit/entry.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { fromUtf8, toBase64, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'

const file = new URL('../vectors/logs/five-entries.jsonl', import.meta.url)
const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
const bytes = lines.map(toUtf8)

const zero = '0'.repeat(64)
const keyLine = {
  chainCode: zero,
  confirms: [{ node: 'node-a', signature: '00'.repeat(64) }],
  epoch: 0,
  key: 'k-1',
  keyState: zero,
  participants: [{ node: 'node-a', x: 1 }],
  publicKey: '02'.repeat(33),
  t: 2,
  vault: 'hot-eth',
}
const carriedOut = { change: zero, order: zero }
const retired = {
  ...carriedOut,
  confirms: keyLine.confirms,
  epoch: 1,
  keyState: zero,
  vault: 'hot-eth',
}
/** One lawful body for each type; written, read and bent below. */
const samples: { readonly [T in keyof typeof bodies]: JsonObject } = {
  'log.genesis': {
    created: '2026-12-01T00:00:00Z',
    format: 'custody-log/v1',
    hash: 'sha256',
    leaf: 'rfc6962',
    origin: 'log.acme.example/custody-prod',
    vkey: 'log.acme.example/custody-prod+fd9f12d5+AR45pmqK2KjrhaBqgZ2iW5laIzmat7srU/YqzO5qK/A6',
  },
  'log.heartbeat': {},
  'root.activated': { root: zero, ruleset: zero, version: 1 },
  'policy.proposed': { change: zero, policy: zero, ruleset: zero, version: 2 },
  'policy.activated': { change: zero, policy: zero, ruleset: zero, version: 1 },
  'directory.proposed': { change: zero, directory: zero, ruleset: zero, version: 2 },
  'directory.activated': { change: zero, directory: zero, ruleset: zero, version: 1 },
  'book.activated': { book: zero, change: zero, name: 'otc', ruleset: zero, version: 1 },
  'list.published': { change: zero, list: zero, name: 'ofac', ruleset: zero, version: 1 },
  'intent.created': {
    credential: 'svc-1',
    id: 'a-1',
    initiator: 'svc',
    intent: zero,
    notAfter: '2026-12-07T18:15:00Z',
    op: 'erc20.transfer',
    vault: 'hot-eth',
  },
  'intent.evaluated': {
    engine: 1,
    facts: zero,
    intent: zero,
    policy: zero,
    result: 'deny',
    rule: '',
    trace: zero,
  },
  'approval.recorded': { approval: zero, intent: zero, person: 'ana', rule: 'payout' },
  'approval.rejected': { approval: zero, intent: zero, person: 'ana', rule: 'payout' },
  'intent.cancelled': { by: 'svc', intent: zero },
  'intent.expired': { by: 'coordinator', intent: zero },
  'spend.reserved': {
    amount: '1',
    asset: 'usdt-eth',
    dest: 'customer',
    feeMax: '2',
    initiator: 'svc',
    intent: zero,
    network: 'eip155:1',
    op: 'erc20.transfer',
    path: 'm/1/2',
    policy: zero,
    rule: 'payout',
    slot: '0',
    to: `0x${'ab'.repeat(20)}`,
    vault: 'hot-eth',
  },
  'spend.released': { intent: zero },
  'session.started': {
    attempt: 1,
    bytes: zero,
    digest: zero,
    epoch: 0,
    fee: { max: '2', price: '1', tip: '0' },
    intent: zero,
    participants: ['node-a', 'node-b'],
    replaces: '',
    slot: '0',
    until: '',
    warrant: zero,
  },
  'session.aborted': {
    attempt: 1,
    culprit: '',
    intent: zero,
    reason: 'SESSION_TIMEOUT',
    receipts: [],
    refusals: [zero],
  },
  'share.receipt': { counter: 1, node: 'node-a', receipt: zero },
  'sign.completed': {
    attempt: 1,
    intent: zero,
    receipts: [zero, zero],
    sid: zero,
    signature: '00'.repeat(65),
    txid: `0x${zero}`,
    warrant: zero,
  },
  'tx.broadcast': { intent: zero, txid: `0x${zero}` },
  'tx.settled': { height: '18446744073709551615', intent: zero, txid: zero },
  'tx.dropped': { evidence: zero, intent: zero, txid: zero },
  'freeze.set': { freeze: zero, scope: 'all' },
  'freeze.cleared': { change: zero, scope: 'hot-eth' },
  'key.generated': keyLine,
  'key.created': { ...keyLine, ...carriedOut },
  'key.imported': { ...keyLine, ...carriedOut },
  'key.refreshed': { ...keyLine, ...carriedOut },
  'key.reshared': { ...keyLine, ...carriedOut, from: 1 },
  'key.exported': { ...retired, recipient: zero },
  'key.disabled': retired,
  'key.proved': {
    ...carriedOut,
    attempt: 1,
    digest: zero,
    epoch: 1,
    keyState: zero,
    receipts: [zero],
    sid: zero,
    signature: '00'.repeat(65),
    vault: 'hot-eth',
  },
  'peer.readmitted': {
    ...carriedOut,
    confirms: keyLine.confirms,
    node: 'node-a',
    peer: 'node-b',
  },
  'ceremony.planned': {
    ...carriedOut,
    from: '2026-12-07T09:00:00Z',
    kind: 'sign',
    plan: zero,
    requests: [zero],
    until: '2026-12-07T17:00:00Z',
    vaults: ['cold-eth'],
  },
  'ceremony.exported': { bundle: zero, plan: zero },
  'ceremony.concluded': {
    exceptions: 0,
    plan: zero,
    record: { root: zero, size: 41 },
    results: zero,
    statements: zero,
  },
  'ceremony.aborted': { plan: zero, reason: 'TIME', record: { root: '', size: 0 } },
  'cold.anchored': { origin: 'log.acme.example/custody-cold', root: zero, size: 7 },
  'addresses.opened': { count: 256, from: 0, vault: 'hot-eth' },
  'key.backup-tested': {
    backup: zero,
    epoch: 0,
    keyState: zero,
    node: 'node-a',
    proof: zero,
    recovery: 'r-1',
    signature: '00'.repeat(64),
    vault: 'hot-eth',
  },
  'peer.banned': {
    node: 'node-a',
    number: 1,
    peer: 'node-b',
    reason: 'PEER_BANNED',
    signature: '00'.repeat(64),
  },
}

function write(type: keyof typeof bodies, body: JsonObject): Entry {
  const t = Date.parse('2026-12-07T10:21:31.007Z')
  return writeEntry(
    { actor: 'coordinator', type, body, t },
    { seq: 7, prev: leafDigest(five()[0]!) },
  )
}

const five = (): readonly Entry[] => extend(emptyHead, bytes).entries

describe('the five published entries', () => {
  it('parse, chain from the genesis digest, and give the published leaf and root', () => {
    const { entries, head } = extend(emptyHead, bytes)
    expect(entries.map((entry) => entry.type)).toEqual([
      'log.genesis',
      'policy.activated',
      'intent.created',
      'intent.evaluated',
      'approval.recorded',
    ])
    expect(entries[0]!.prev).toBe(
      '59db10dc69e631cf4c6e31bd97a22ee83abe85ccdd2bb8264837aff7b198d15f',
    )
    expect(head.prev).toBe('a0eb4f1fc2aed2c713fcca1c11cb0c653077b8da2f3cbac04b4e23c5f14ac4cb')
    expect(toBase64(rootOf(head.frontier))).toBe('jrVt20kHnnFJZTYMK3BIxBrps0dPywDVyaYxXVbXGFg=')
    expect(head.t).toBe(Date.parse('2026-12-07T10:21:31.007Z'))
  })

  it('are written byte for byte from their meaning', () => {
    let head: Head = emptyHead
    for (const line of lines) {
      const { actor, body, t, type } = JSON.parse(line)
      const written = append(head, { actor, body, type, t: Date.parse(t) })
      expect(fromUtf8(written.entry.bytes)).toBe(line)
      head = written.head
    }
    expect(head).toEqual(extend(emptyHead, bytes).head)
  })
})

describe('a line', () => {
  it('of every type is written and read, and refuses each key left out or added', () => {
    for (const type of Object.keys(samples) as (keyof typeof bodies)[]) {
      const body = samples[type]
      expect(write(type, body).type).toBe(type)
      expect(() => write(type, { ...body, extra: 1 }), type).toThrow('unknown key "extra"')
      for (const key of Object.keys(body)) {
        const { [key]: _, ...rest } = body
        expect(() => write(type, rest), `${type} without ${key}`).toThrow('LOG_MALFORMED')
        expect(() => write(type, { ...body, [key]: [true] }), `${type}.${key}`).toThrow()
      }
    }
  })

  it('refuses a value outside the form of its key', () => {
    const bent: readonly [keyof typeof bodies, JsonObject][] = [
      ['log.genesis', { hash: 'sha512' }],
      ['log.genesis', { vkey: 'no key' }],
      ['log.genesis', { origin: 'Log.Acme' }],
      ['intent.created', { op: 'raw.sign' }],
      ['intent.created', { notAfter: '2026-12-07T18:15:00.000Z' }],
      ['intent.created', { notAfter: '2026-02-30T18:15:00Z' }],
      ['intent.evaluated', { result: 'ALLOW' }],
      ['intent.evaluated', { engine: 0 }],
      ['spend.reserved', { amount: '01' }],
      ['spend.reserved', { amount: 1 }],
      ['spend.reserved', { network: 'ethereum' }],
      ['spend.reserved', { path: "m/44'" }],
      ['spend.reserved', { slot: '-1' }],
      ['spend.reserved', { to: `0x${'AB'.repeat(20)}` }],
      ['session.started', { attempt: 0 }],
      ['session.started', { participants: [] }],
      ['session.started', { participants: Array(17).fill('node-a') }],
      ['session.started', { fee: { max: '2', price: '1' } }],
      ['session.started', { until: 'soon' }],
      ['session.aborted', { reason: 'timed out' }],
      ['session.aborted', { culprit: 'Node A' }],
      ['share.receipt', { counter: 0 }],
      ['sign.completed', { signature: '00'.repeat(64) }],
      ['sign.completed', { txid: 'ab' }],
      ['tx.settled', { height: '00' }],
      ['tx.settled', { height: 1 }],
      ['key.generated', { publicKey: '02'.repeat(32) }],
      ['key.generated', { participants: [{ node: 'node-a', x: 0 }] }],
    ]
    for (const [type, change] of bent) {
      const body = { ...samples[type], ...change }
      expect(() => write(type, body), JSON.stringify(change)).toThrow('LOG_MALFORMED')
    }
  })

  it('is refused in every form but the canonical one', () => {
    const line = lines[4]!
    const refused: readonly [string, string][] = [
      ['a space', line.replace('"seq":4', '"seq": 4')],
      ['a trailing newline', `${line}\n`],
      ['a trailing byte', `${line} `],
      [
        'keys in another order',
        line.replace(/^\{("actor":"ana"),/, '{').replace(/\}$/, ',"actor":"ana"}'),
      ],
      ['a key twice', line.replace('"seq":4', '"seq":4,"seq":4')],
      ['seq as text', line.replace('"seq":4', '"seq":"04"')],
      ['a needless escape', line.replace('"ana"', '"\\u0061na"')],
      ['another format', line.replace('custody-audit/v1', 'custody-audit/v2')],
      ['an unknown type', line.replace('approval.recorded', 'approval.imagined')],
      ['a type of the prototype', line.replace('approval.recorded', 'constructor')],
      ['an unknown key', line.replace('{"actor"', '{"a":1,"actor"')],
      ['a fractional seq', line.replace('"seq":4', '"seq":4.5')],
      ['time without milliseconds', line.replace('.007Z', 'Z')],
      ['a null', line.replace('"ana"', 'null')],
      ['no object', '[]'],
      ['no json', '{'],
    ]
    for (const [what, text] of refused) {
      expect(() => parseEntry(toUtf8(text)), what).toThrow('LOG_MALFORMED')
    }
  })

  it('is refused when empty, above 65535 bytes, or no text', () => {
    expect(() => parseEntry(new Uint8Array(0))).toThrow('got nothing')
    expect(() => parseEntry(new Uint8Array(65_536))).toThrow('TOO_LARGE')
    expect(() => parseEntry(Uint8Array.of(0x7b, 0xff, 0x7d))).toThrow('well-formed utf-8')
    expect(() => write('log.heartbeat', { x: 'x'.repeat(65_536) })).toThrow('TOO_LARGE')
  })
})

describe('the chain', () => {
  const [first, second, third] = five() as [Entry, Entry, Entry]
  const afterFirst = link(emptyHead, first)

  it('refuses a line removed, swapped, repeated or put first', () => {
    expect(() => link(afterFirst, third)).toThrow('line 1: got seq 2')
    expect(() => link(emptyHead, second)).toThrow('line 0: got seq 1')
    expect(() => link(afterFirst, first)).toThrow('line 1: got seq 0')
    expect(() => extend(emptyHead, [bytes[0]!, bytes[2]!])).toThrow('line 1: got seq 2')
  })

  it('refuses a line that names another line before it', () => {
    const moved = lines[1]!.replace(second.prev, first.prev)
    expect(() => extend(afterFirst, [toUtf8(moved)])).toThrow(`expected prev ${second.prev}`)
  })

  it('refuses a first line that is no genesis, and a genesis that is not first', () => {
    const beat = writeEntry(
      { actor: 'coordinator', type: 'log.heartbeat', body: {}, t: 0 },
      { seq: 0, prev: first.prev },
    )
    expect(() => link(emptyHead, beat)).toThrow('log.genesis is line 0 and no other')
    const again = writeEntry(
      { actor: 'coordinator', type: 'log.genesis', body: samples['log.genesis'], t: first.t },
      { seq: 1, prev: second.prev },
    )
    expect(() => link(afterFirst, again)).toThrow('log.genesis is line 0 and no other')
  })

  it('refuses a genesis whose prev is not its own digest', () => {
    const other = lines[0]!.replace(first.prev, second.prev)
    expect(() => extend(emptyHead, [toUtf8(other)])).toThrow('line 0: expected prev 59db10dc')
  })

  it('refuses time that runs backwards, and lets it stand still', () => {
    const draft = { actor: 'coordinator', type: 'log.heartbeat', body: {} } as const
    expect(append(afterFirst, { ...draft, t: first.t }).head.size).toBe(2)
    expect(() => append(afterFirst, { ...draft, t: first.t - 1 })).toThrow('time runs backwards')
  })
})
