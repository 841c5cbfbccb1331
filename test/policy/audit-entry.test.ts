import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { append, emptyHead, extend, type Head, link } from '../../policy/audit/chain.ts'
import { type Entry, leafDigest, parseEntry, writeEntry } from '../../policy/audit/entry.ts'
import { rootOf } from '../../policy/audit/merkle.ts'
import { fromUtf8, toBase64, toUtf8 } from '../../proto/crypto.ts'
import type { JsonObject } from '../../proto/jcs.ts'
import { samples } from '../kit/entry-samples.ts'

const file = new URL('../vectors/logs/five-entries.jsonl', import.meta.url)
const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
const bytes = lines.map(toUtf8)

const five = (): readonly Entry[] => extend(emptyHead, bytes).entries

function write(type: keyof typeof samples, body: JsonObject): Entry {
  const t = Date.parse('2026-12-07T10:21:31.007Z')
  return writeEntry(
    { actor: 'coordinator', type, body, t },
    { seq: 7, prev: leafDigest(five()[0]!) },
  )
}

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
    for (const type of Object.keys(samples) as (keyof typeof samples)[]) {
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
    const bent: readonly [keyof typeof samples, JsonObject][] = [
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
