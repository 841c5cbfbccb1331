import { describe, expect, it } from 'vitest'
import { ops } from '../../policy/chain/chains.ts'
import {
  type ChangeOp,
  changeOps,
  claimsChange,
  encodeChange,
  isChangeOp,
  openChange,
  parseChange,
} from '../../policy/change.ts'
import { openIntent, parseIntent } from '../../policy/request.ts'
import { digestOf, toHex } from '../../proto/crypto.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { writeTime } from '../../proto/shape.ts'
import { sign } from '../../proto/signed.ts'
import { type Tag, tags } from '../../proto/tags.ts'
import { allChanges, changes } from '../kit/changes.ts'
import { handleOf, payout, payoutBytes, testKey } from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'

const written = (op: ChangeOp): JsonObject => parse(encodeChange(changes[op])) as JsonObject
const parses = (op: ChangeOp, patch: JsonObject): string =>
  refusedWith(() => parseChange(encode({ ...written(op), ...patch })))
const terms = (op: ChangeOp, patch: JsonObject): string =>
  parses(op, { terms: { ...(written(op)['terms'] as JsonObject), ...patch } })

describe('a change', () => {
  it.each(allChanges)('is read back exactly as it was written: $op', (change) => {
    const bytes = encodeChange(change)
    const read = parseChange(bytes)
    expect(read).toEqual({ digest: digestOf(tags.intent, bytes), change })
    expect(encodeChange(read.change)).toEqual(bytes)
  })

  it('has one golden form for each operation', () => {
    const text = new TextDecoder().decode(encodeChange(changes['peer.readmit']))
    expect(text).toBe(
      '{"created":"2026-12-07T10:15:00Z","env":"prod","format":"custody-change/v1","id":"c-7",' +
        '"initiator":"oli","notAfter":"2026-12-09T10:15:00Z","op":"peer.readmit",' +
        '"org":"acme-treasury","purpose":"quarterly key care",' +
        '"terms":{"node":"signer-a","peer":"signer-b"},"vault":"all"}',
    )
  })

  it.each(allChanges)('needs every key and no other, in its terms too: $op', ({ op }) => {
    const whole = written(op)
    for (const key of Object.keys(whole)) {
      const { [key]: _, ...rest } = whole
      expect(refusedWith(() => parseChange(encode(rest)))).toBe('MALFORMED')
    }
    const inside = whole['terms'] as JsonObject
    for (const key of Object.keys(inside)) {
      const { [key]: _, ...rest } = inside
      expect(parses(op, { terms: rest })).toBe('MALFORMED')
    }
    expect(parses(op, { gas: '1' })).toBe('MALFORMED')
    expect(terms(op, { more: '1' })).toBe('MALFORMED')
    expect(parses(op, {})).toBe('accepted')
  })

  it('takes the terms of its own operation only', () => {
    const form = (op: ChangeOp): string =>
      Object.keys(written(op)['terms'] as JsonObject)
        .sort()
        .join()
    for (const op of changeOps) {
      for (const other of changeOps) {
        if (form(op) === form(other)) continue
        expect(parses(op, { terms: written(other)['terms'] as JsonObject }), `${op} ${other}`).toBe(
          'MALFORMED',
        )
      }
    }
  })

  const malformed: readonly JsonObject[] = [
    { format: 'custody-change/v2' },
    { format: 'custody-intent/v1' },
    { env: 'production' },
    { org: 'Acme' },
    { id: '' },
    { created: '2026-12-07T10:15:00.000Z' },
    { notAfter: '2026-02-30T10:15:00Z' },
    { vault: 'hot eth' },
    { op: 'key.delete' },
    { op: 'evm.transfer' },
    { purpose: '' },
    { purpose: 'a  b' },
    { purpose: 'a\nb' },
    { purpose: 'a'.repeat(129) },
    { initiator: '' },
    { terms: [] },
    { terms: 'none' },
  ]
  it.each(malformed.map((patch) => [JSON.stringify(patch), patch] as const))(
    'is refused with %s',
    (_, patch) => expect(parses('key.refresh', patch)).toBe('MALFORMED'),
  )

  it('lives 90 days at most, and ends after it began', () => {
    const { created } = changes['key.refresh']
    const until = (ms: number): string =>
      parses('key.refresh', { notAfter: writeTime(created + ms) })
    expect(until(limits.intentLifetimeMsMax)).toBe('accepted')
    expect(until(limits.intentLifetimeMsMax + 1_000)).toBe('INVALID_INTENT')
    expect(until(0)).toBe('INVALID_INTENT')
  })

  it('names one vault, or all of them when it is between two nodes', () => {
    expect(parses('key.refresh', { vault: 'all' })).toBe('INVALID_INTENT')
    expect(parses('peer.readmit', { vault: 'hot-eth' })).toBe('INVALID_INTENT')
    expect(parses('ceremony.plan', { vault: 'cold-eth' })).toBe('INVALID_INTENT')
  })

  it('is too large above the bound of an intent', () => {
    const wide = { ...written('key.refresh'), purpose: 'a'.repeat(limits.intentBytesMax) }
    expect(refusedWith(() => parseChange(encode(wide)))).toBe('TOO_LARGE')
  })
})

describe('the terms of a change', () => {
  const [a, b, c] = changes['key.reshare'].terms.participants.map(({ node, x }) => ({ node, x }))
  const reshare = (patch: JsonObject): string => terms('key.reshare', patch)

  it('name a committee in one form only', () => {
    expect(reshare({ participants: [a!, b!, { node: 'signer-d', x: 5 }] })).toBe('accepted')
    for (const participants of [
      [b!, a!, c!],
      [a!, a!, c!],
      [a!, b!, { ...c!, x: 2 }],
      [a!, b!, { ...c!, node: 'signer-a' }],
    ]) {
      expect(reshare({ participants })).toBe('INVALID_INTENT')
    }
    expect(reshare({ participants: [] })).toBe('MALFORMED')
    expect(reshare({ participants: [a!, b!, { ...c!, x: 0 }] })).toBe('MALFORMED')
    expect(reshare({ participants: [a!, b!, { ...c!, x: limits.nodesMax + 1 }] })).toBe('MALFORMED')
    expect(reshare({ dealers: [] })).toBe('MALFORMED')
    expect(reshare({ dealers: ['signer-a', 'signer-a'] })).toBe('MALFORMED')
  })

  it('ask for more than half of the committee, so that two quorums share a node', () => {
    expect(reshare({ t: 2 })).toBe('accepted')
    expect(reshare({ t: 3 })).toBe('accepted')
    expect(reshare({ t: 1 })).toBe('INVALID_INTENT')
    expect(reshare({ t: 4 })).toBe('INVALID_INTENT')
    expect(reshare({ t: 0 })).toBe('MALFORMED')
  })

  it('name a key on the curve, and a recipient that is a key', () => {
    const off = `05${toHex(changes['key.import'].terms.publicKey).slice(2)}`
    expect(terms('key.import', { publicKey: off })).toBe('MALFORMED')
    expect(terms('key.import', { chainCode: 'ab' })).toBe('MALFORMED')
    expect(terms('key.export', { recipient: '00'.repeat(32) })).toBe('INVALID_INTENT')
    expect(terms('key.export', { recipient: `01${'00'.repeat(31)}` })).toBe('accepted')
  })

  it('say where an imported key goes on: each address once, ascending, above nothing', () => {
    const at = (...nonces: readonly (readonly [string, number])[]): string =>
      terms('key.import', { nonces: nonces.map(([path, next]) => ({ path, next })) })
    expect(at(['m', 57])).toBe('accepted')
    expect(at(['m', 57], ['m/0/3', 4])).toBe('accepted')
    expect(at(['m/0/3', 4], ['m', 57])).toBe('INVALID_INTENT')
    expect(at(['m', 57], ['m', 58])).toBe('INVALID_INTENT')
    expect(at(['m', limits.firstNonceMax])).toBe('accepted')
    // The nonce after the last safe one is in no row, so that nothing could be reserved.
    const { MAX_SAFE_INTEGER: last } = Number
    for (const next of [0, -1, 1.5, limits.firstNonceMax + 1, last, last + 1]) {
      expect(at(['m', next]), `${next}`).toBe('MALFORMED')
    }
    expect(at(["m/44'/60'", 1])).toBe('MALFORMED')
    expect(at()).toBe('MALFORMED')
    const many = Array.from({ length: limits.importNoncesMax + 1 }, (_, index) => {
      return [`m/${1_000 + index}`, 1] as const
    })
    expect(at(...many.slice(1))).toBe('accepted')
    expect(at(...many)).toBe('MALFORMED')
  })

  it('name two different nodes to be let in again', () => {
    expect(terms('peer.readmit', { peer: 'signer-a' })).toBe('INVALID_INTENT')
    expect(terms('peer.readmit', { peer: 'signer-c' })).toBe('accepted')
  })

  it('name a ceremony in one form only: vaults and requests once, ascending', () => {
    const [one, two] = ['ab'.repeat(32), 'cd'.repeat(32)]
    const plan = (patch: JsonObject): string => terms('ceremony.plan', patch)
    expect(plan({ requests: [one, two], vaults: ['cold-eth', 'cold-tron'] })).toBe('accepted')
    expect(plan({ requests: [two, one] })).toBe('INVALID_INTENT')
    expect(plan({ requests: [one, one] })).toBe('INVALID_INTENT')
    expect(plan({ vaults: ['cold-tron', 'cold-eth'] })).toBe('INVALID_INTENT')
    expect(plan({ vaults: ['cold-eth', 'cold-eth'] })).toBe('INVALID_INTENT')
    expect(plan({ vaults: ['all'] })).toBe('INVALID_INTENT')
    expect(plan({ vaults: [] })).toBe('MALFORMED')
    expect(plan({ kind: 'import' })).toBe('MALFORMED')
    const many = (count: number, width: number): readonly string[] =>
      Array.from({ length: count }, (_, at) => String(at).padStart(width, '0'))
    const { ceremonyVaultsMax: vaults, plannedRequestsMax: requests } = limits
    expect(plan({ vaults: many(vaults, 3).map((n) => `v-${n}`) })).toBe('accepted')
    expect(plan({ vaults: many(vaults + 1, 3).map((n) => `v-${n}`) })).toBe('MALFORMED')
    expect(plan({ requests: many(requests, 64) })).toBe('accepted')
    expect(plan({ requests: many(requests + 1, 64) })).toBe('MALFORMED')
  })

  it('ask for a ceremony of a known kind, and for what it is for', () => {
    for (const kind of ['genesis', 'sign', 'reshare', 'drill']) {
      expect(terms('ceremony.plan', { kind })).toBe('accepted')
      expect(terms('ceremony.plan', { kind, requests: [] })).toBe('MALFORMED')
    }
    expect(terms('ceremony.plan', { kind: 'enrolment' })).toBe('MALFORMED')
  })

  it('name a window that begins after the plan was made and has a bound', () => {
    const { created } = changes['ceremony.plan']
    const window = (from: number, until: number): string =>
      terms('ceremony.plan', { from: writeTime(from), until: writeTime(until) })
    expect(window(created, created + limits.planWindowMsMax)).toBe('accepted')
    expect(window(created, created + limits.planWindowMsMax + 1_000)).toBe('INVALID_INTENT')
    expect(window(created, created)).toBe('INVALID_INTENT')
    expect(window(created - 1_000, created + 1_000)).toBe('INVALID_INTENT')
  })

  it('name an epoch that a key can have', () => {
    for (const epoch of [-1, 1.5, '1', Number.MAX_SAFE_INTEGER + 1]) {
      expect(terms('key.refresh', { epoch })).toBe('MALFORMED')
    }
    expect(terms('key.refresh', { epoch: 0 })).toBe('accepted')
  })
})

describe('payments and changes', () => {
  it('are never read as each other, though one digest space names both', () => {
    expect(refusedWith(() => parseChange(payoutBytes))).toBe('MALFORMED')
    expect(claimsChange(payoutBytes)).toBe(false)
    const payment = parse(payoutBytes) as JsonObject
    for (const change of allChanges) {
      const bytes = encodeChange(change)
      expect(claimsChange(bytes)).toBe(true)
      expect(refusedWith(() => parseIntent(bytes))).toBe('MALFORMED')
      // Not even with the other's format, or with the keys of both.
      const asPayment = { ...written(change.op), format: 'custody-intent/v1' }
      expect(refusedWith(() => parseIntent(encode(asPayment)))).toBe('MALFORMED')
      expect(refusedWith(() => parseIntent(encode({ ...payment, ...asPayment })))).toBe('MALFORMED')
      const both = { ...payment, ...written(change.op) }
      expect(refusedWith(() => parseChange(encode(both)))).toBe('MALFORMED')
    }
    const asChange = encode({ ...payment, format: 'custody-change/v1' })
    expect(refusedWith(() => parseChange(asChange))).toBe('MALFORMED')
  })

  it('have operations of their own', () => {
    expect(changeOps.filter((op) => isChangeOp(op))).toEqual(changeOps)
    expect(ops.filter((op) => isChangeOp(op))).toEqual([])
  })
})

describe('a signed change', () => {
  const oli = testKey('oli')
  const bytes = encodeChange(changes['key.refresh'])
  const signed = (tag: Tag, document = bytes) => sign(tag, document, handleOf('oli-1'), oli.sign)

  it('opens under the key and the tag that it was signed with', () => {
    const read = openChange(signed(tags.intent), oli.publicKey)
    expect(read).toEqual(parseChange(bytes))
    expect(refusedWith(() => openChange(signed(tags.intent), testKey('eli').publicKey))).toBe(
      'INTENT_SIG',
    )
    expect(refusedWith(() => openChange(signed(tags.approval), oli.publicKey))).toBe('INTENT_SIG')
  })

  it('is no payment, whoever signed it, and a signed payment is no change', () => {
    expect(refusedWith(() => openIntent(signed(tags.intent), oli.publicKey))).toBe('MALFORMED')
    const payment = signed(tags.intent, payoutBytes)
    expect(refusedWith(() => openChange(payment, oli.publicKey))).toBe('MALFORMED')
    expect(openIntent(payment, oli.publicKey).intent).toEqual(payout)
  })

  it('is refused unread when it is larger than any', () => {
    const document = 'a'.repeat(limits.intentBytesMax + 1)
    const huge = { credential: handleOf('oli-1'), document, signature: new Uint8Array(64) }
    expect(refusedWith(() => openChange(huge, oli.publicKey))).toBe('TOO_LARGE')
  })
})
