import { describe, expect, it } from 'vitest'
import {
  hasLowS,
  keyName,
  parseRecordLine,
  recordLeaf,
  signedBy,
} from '../../../policy/ceremony/record.ts'
import type { RecordType, recordBodies } from '../../../policy/ceremony/record-bodies.ts'
import { beginRecord } from '../../../policy/ceremony/record-chain.ts'
import { fromHex, fromUtf8, plainDigest, toHex, toUtf8 } from '../../../proto/crypto.ts'
import { encode, type Json, type JsonObject, parse } from '../../../proto/jcs.ts'
import { limits } from '../../../proto/limits.ts'
import { digestOfName, genesisBody, lineOf, seats, tokenKey } from '../../kit/record.ts'
import { refusedWith } from '../../kit/refused.ts'

const some = digestOfName('some')
const share = { epoch: 1, keyState: some, medium: 'a', seal: some, vault: 'cold-eth' }

/** One lawful body of each type; written, read and bent below. */
const samples: { readonly [T in keyof typeof recordBodies]: JsonObject } = {
  'record.genesis': genesisBody(),
  'person.present': { how: 'document', person: 'ana', role: 'custodian' },
  'person.left': { person: 'ana', role: 'custodian' },
  'token.enrolled': {
    card: some,
    identity: toHex(tokenKey('ana daily')),
    node: 'station-1',
    place: 'daily',
    serial: 'S-1',
  },
  'item.checked': { intact: true, kind: 'bag', number: 'B 0017', photo: '' },
  'station.ready': {
    build: some,
    checks: 41,
    clock: -2,
    interfaces: ['lo', 'eth0'],
    module: some,
    token: 'S-1',
  },
  'words.read': { by: 'adam', confirmed: ['olga', 'ana'], digest: some, what: 'build' },
  'request.shown': { display: some, request: some },
  'request.confirmed': { display: some, request: some },
  'message.sent': { digest: some, length: 64_000, round: 1, session: some, to: ['station-2'] },
  'session.done': { head: { root: some, size: 7 }, request: some, result: some, session: some },
  'session.aborted': { culprit: '', reason: 'SESSION_TIMEOUT', request: some, session: some },
  'share.sealed': { ...share, tokens: ['S-1', 'S-2'] },
  'seal.tested': { ...share, token: 'S-2' },
  'signature.made': { digest: some, request: some, signature: '01'.repeat(65) },
  'medium.destroyed': { kind: 'card', method: 'shredded', number: 'C-1' },
  exception: {
    by: 'adam',
    decided: 'go on with the spare',
    expected: 'the lamp is green',
    happened: 'the lamp is red: 3 °C',
    number: 1,
  },
  'step.done': { confirmed: ['olga'], noted: ['os', 'token', 'dice'] },
  'record.closed': { exceptions: 0, results: some },
}

const state = beginRecord(seats)

function written(type: RecordType, body: JsonObject): Uint8Array {
  return lineOf(state, { by: 'custodian/ana', type, body })
}

function bent(line: Uint8Array, change: JsonObject): Uint8Array {
  return encode({ ...(parse(line) as JsonObject), ...change })
}

describe('a line of a Record', () => {
  for (const [name, body] of Object.entries(samples)) {
    const type = name as RecordType
    it(`reads ${type} as it was written, and no key more or less`, () => {
      const bytes = written(type, body)
      const line = parseRecordLine(bytes)
      expect({ type: line.type, step: line.step, seq: line.seq, actor: line.actor }).toEqual({
        ...{ type, step: 'O-1', seq: 0 },
        actor: { role: 'custodian', person: 'ana' },
      })
      expect(signedBy(line, tokenKey('ana daily'))).toBe(true)
      for (const key of Object.keys(body)) {
        const { [key]: _, ...less } = body
        expect(refusedWith(() => parseRecordLine(bent(bytes, { body: less })))).toBe('RECORD')
      }
      const more = bent(bytes, { body: { ...body, more: 1 } })
      expect(refusedWith(() => parseRecordLine(more))).toBe('RECORD')
    })
  }

  it('names the head that a station read, and what was typed, where there is one', () => {
    const ready = { ...samples['station.ready'], log: { root: some, size: 41 } }
    expect(parseRecordLine(written('station.ready', ready)).body).toMatchObject({
      log: { root: some, size: 41 },
    })
    const confirmed = { ...samples['request.confirmed'], amount: '2500', tail: 'a1B2c3' }
    expect(parseRecordLine(written('request.confirmed', confirmed)).body).toMatchObject({
      amount: 2500n,
      tail: 'a1B2c3',
    })
  })

  it('is refused for every field of another form', () => {
    const bytes = written('step.done', samples['step.done'])
    const forms: readonly (readonly [string, readonly Json[]])[] = [
      ['actor', ['ana', 'custodian', 'custodian/', 'boss/ana', '/ana', 'custodian/Ana', 7]],
      ['format', ['custody-record/v2', 'custody-audit/v1']],
      ['key', ['00', 'AB'.repeat(16), `${'ab'.repeat(16)}00`]],
      ['prev', ['', 'ab', 'AB'.repeat(32)]],
      ['seq', [-1, limits.recordLinesMax, '0']],
      ['sig', ['', '00'.repeat(63), '00'.repeat(65), 'AA'.repeat(64)]],
      ['step', ['', 'G07', 'g-7', 'G-007', 'GEN-7', 'G-7 ']],
      ['t', ['2026-12-07', '2026-12-07T09:00:00.000Z', '2026-02-30T09:00:00Z', 0]],
      ['type', ['step.undone', 'toString', '']],
    ]
    for (const [field, values] of forms) {
      for (const value of values) {
        const line = bent(bytes, { [field]: value })
        expect([field, value, refusedWith(() => parseRecordLine(line))]).toEqual([
          field,
          value,
          'RECORD',
        ])
      }
    }
    expect(refusedWith(() => parseRecordLine(bytes))).toBe('accepted')
  })

  it('has one form: spaces, another order, a second key and a newline are refused', () => {
    const text = fromUtf8(written('step.done', samples['step.done'])) ?? ''
    const forms = [`${text}\n`, ` ${text}`, text.replace(',', ', '), `{"a":1,${text.slice(1)}`, '']
    for (const form of forms) {
      expect(refusedWith(() => parseRecordLine(toUtf8(form)))).toBe('RECORD')
    }
  })

  it('holds no character in a sentence that hides or turns what stands beside it', () => {
    for (const sly of ['\u202e', '\u200b', '\u0007', '\n', '\u2028', '\u{e0041}']) {
      const body = { ...samples.exception, decided: `go on${sly}` }
      expect(refusedWith(() => written('exception', body))).toBe('RECORD')
    }
    expect(refusedWith(() => written('exception', samples.exception))).toBe('accepted')
  })

  it('is no longer than a line may be', () => {
    const long = toUtf8('x'.repeat(limits.recordLineBytesMax + 1))
    expect(refusedWith(() => parseRecordLine(long))).toBe('TOO_LARGE')
  })

  it('has the leaf of its exact bytes, with the signature', () => {
    const bytes = written('step.done', samples['step.done'])
    const expected = plainDigest(Uint8Array.of(0, ...bytes))
    expect(recordLeaf(parseRecordLine(bytes))).toBe(expected)
  })
})

describe('the signature of a line', () => {
  const bytes = written('step.done', samples['step.done'])
  const line = parseRecordLine(bytes)

  it('is of the whole line, by the key that it names', () => {
    expect(signedBy(line, tokenKey('ana daily'))).toBe(true)
    expect(line.key).toBe(keyName(tokenKey('ana daily')))
    expect(signedBy(line, tokenKey('ana spare'))).toBe(false)
    const changes = [
      { seq: 1 },
      { step: 'O-2' },
      { t: '2026-12-07T09:00:01Z' },
      { actor: 'custodian/ben' },
      { prev: some },
      { body: { confirmed: ['olga'], noted: [] } },
    ]
    for (const change of changes) {
      expect(signedBy(parseRecordLine(bent(bytes, change)), tokenKey('ana daily'))).toBe(false)
    }
  })

  it('has a low s: the other one, which also verifies, would be a second line', () => {
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const s = BigInt(`0x${toHex(line.sig.subarray(32))}`)
    const other = (order - s).toString(16).padStart(64, '0')
    const sig = `${toHex(line.sig.subarray(0, 32))}${other}`
    expect(hasLowS(line.sig)).toBe(true)
    expect(hasLowS(fromHex(sig) ?? new Uint8Array(0))).toBe(false)
    expect(hasLowS(new Uint8Array(63))).toBe(false)
    expect(signedBy(parseRecordLine(bent(bytes, { sig })), tokenKey('ana daily'))).toBe(false)
  })
})
