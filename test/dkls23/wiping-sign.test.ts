import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { wasmCurve } from '../../signer-node/dkls23/curve-wasm.ts'
import { deriveChild } from '../../signer-node/dkls23/derivation.ts'
import { gadgetOf } from '../../signer-node/dkls23/multiplication.ts'
import { checkExtension } from '../../signer-node/dkls23/ot-extension.ts'
import { LEAVES } from '../../signer-node/dkls23/params.ts'
import { parseParty } from '../../signer-node/dkls23/party.ts'
import { puncturedLeaf } from '../../signer-node/dkls23/pprf.ts'
import { sign } from '../../signer-node/dkls23/sign.ts'
import { FixedHash } from '../../signer-node/dkls23/transcript.ts'
import { dealPairings } from '../kit/pairings.ts'
import { abortOf, drive, flip, type Tamper, vectorRandomness } from '../kit/protocol.ts'
import { dkgKey, keysharesOf, type PreparedSigner, prepareSigning } from '../kit/signing.ts'
import { hex } from '../kit/vectors.ts'
import {
  forget,
  Memory,
  type Needles,
  rowsOf,
  type Sent,
  secretsOf,
  type Tap,
  tap,
  watched,
} from './memory.ts'

const native = nativeCurve()
const twins = [native, wasmCurve()] as const
const [one, two] = [parseParty(1), parseParty(2)]
const path = [7]
const keyshares = keysharesOf(native, dkgKey)
const { tweak } = deriveChild(native, keyshares.get(one)!.facts, path)
afterEach(() => void vi.restoreAllMocks())

/** What party 1 draws and holds, by name, in bytes and in the limbs of the tables. */
function namedSecrets({ job }: PreparedSigner): ReadonlyMap<string, Uint8Array> {
  const random = vectorRandomness('wiped', 1, native)
  const secretShare = job.keyshare.secretShare.bytes
  const scalars = {
    r: random.scalar('r'),
    phi: random.scalar('phi'),
    ahat: random.scalar('ahat', 2, 0),
    share: secretShare.slice(),
    'tweaked share': native.scalars.add(secretShare, tweak),
  }
  const inLimbs = Object.entries(scalars).map(
    ([name, scalar]) => [`${name} in limbs`, limbsOf(scalar)] as const,
  )
  return new Map([
    ...Object.entries(scalars),
    ...inLimbs,
    ['beta', random.bytes('beta', 64, 2)],
    ['tail', random.bytes('tail', 16, 2)],
    ['delta', job.pairings.get(two)!.secrets.delta.slice()],
  ])
}

/** The nine limbs of 29 bits in 64-bit words, as core/field.ts splits a factor. */
function limbsOf(scalar: Uint8Array): Uint8Array {
  const value = BigInt(`0x${hex(scalar)}`)
  const limbs = Array.from({ length: 9 }, (_, i) => BigInt.asUintN(29, value >> BigInt(29 * i)))
  return new Uint8Array(BigUint64Array.from(limbs).buffer)
}

/** What the trees of party 1 give: the rows of the peer's that it knows, and all of its own. */
function treeRows({ run, job }: PreparedSigner): Needles {
  const pairing = job.pairings.get(two)!
  const { delta, senderLeaves, receiverLeaves } = pairing.secrets
  const known = new FixedHash('ote-prg', pairing.psid(run.sid, 'sender', 'ote'))
  const own = new FixedHash('ote-prg', pairing.psid(run.sid, 'receiver', 'ote'))
  const knownRows = [...rowsOf('', senderLeaves)].map(([, leaf], i) => {
    const [tree, z] = [Math.floor(i / (LEAVES - 1)), (i % (LEAVES - 1)) + 1]
    return known.digest(leaf, tree, puncturedLeaf(delta, tree) ^ z)
  })
  const ownRows = [...rowsOf('', receiverLeaves)].map(([, leaf], i) =>
    own.digest(leaf, Math.floor(i / LEAVES), i % LEAVES),
  )
  return [
    ...knownRows.map((row) => ['row of a tree', row] as const),
    ...ownRows.map((row) => ['row of an own tree', row] as const),
  ]
}

/** The rows that a sender makes pads of; where beta is zero they are the receiver's too. */
function rowsOfSender({ run, job }: PreparedSigner, name: string) {
  const [pairing] = job.pairings.values()
  const psid = pairing!.psid(run.sid, 'sender', 'ote')
  // Copies, before a failed check may wipe them.
  const [delta, leaves] = [pairing!.secrets.delta.slice(), pairing!.secrets.senderLeaves.slice()]
  return (extension: Uint8Array): Needles =>
    rowsOf(name, checkExtension({ curve: native, psid }, delta, leaves, extension).rows)
}

/** Party 1 signs with party 2 and is watched. */
function signWatched(curve: Curve, tamper?: Tamper) {
  const [memory, tapped] = [new Memory(), tap(curve)]
  // The gadget is public and made once for each curve.
  gadgetOf(tapped.curve)
  tapped.given.clear()
  const setup = { curve, name: 'wiped', signers: [1, 2], keyshares, path }
  const prepared = prepareSigning({ ...setup, pairings: dealPairings([1, 2]) })
  const [mine, theirs] = [prepared.get(one)!, prepared.get(two)!]
  const [named, trees] = [namedSecrets(mine), treeRows(mine)]
  const [rowsOfMine, rowsOfTheirs] = [
    rowsOfSender(mine, 'row of Q'),
    rowsOfSender(theirs, 'row of V'),
  ]
  const received: Uint8Array[] = []
  const listening: Tamper = (round, from, to, bytes) => {
    if (from === two) received.push(bytes.slice())
    return tamper?.(round, from, to, bytes) ?? bytes
  }
  const sent: Sent = []
  const randomness = vectorRandomness('wiped', 1, tapped.curve)
  const run = { ...mine.run, curve: tapped.curve, randomness }
  const protocol = watched(memory, sign(run, mine.job), sent)
  const other = sign(theirs.run, theirs.job)
  const start = () => drive(new Map([[one, protocol] as const, [two, other]]), listening)
  const left = (published: readonly Uint8Array[] = []): readonly string[] => {
    const open = [tweak, ...received, ...sent.map(({ bytes }) => bytes), ...published]
    const rows = [
      ...rowsOfMine(received[0]!.subarray(32)),
      ...rowsOfTheirs(sent[0]!.bytes.subarray(32)),
    ]
    return memory.find([...named, ...trees, ...rows, ...secretsOf(tapped, open)])
  }
  return { start, left, protocol, other, memory, tapped, named, received }
}

const isEmpty = ({ tables }: Tap): boolean =>
  tables.every((table) =>
    (table as unknown as { bytes: Uint8Array }).bytes.every((byte) => byte === 0),
  )

describe.each(twins)('signing on the $name twin', (curve) => {
  it('leaves nothing but its messages and its share of the signature', () => {
    const { start, left, tapped } = signWatched(curve)
    const outcome = start().get(one)!
    if (outcome.kind !== 'done') return expect.unreachable()
    const { u, w } = outcome.value
    expect(left([u, w])).toEqual([])
    expect(tapped.tables.length).toBeGreaterThan(5)
    expect(isEmpty(tapped)).toBe(true)
  })

  it.each([
    ['the extension', 1, 32 + 5000, 'ot-check'],
    ['the view', 2, 49_216, 'view-mismatch'],
    ['the proof of the product', 2, 49_215, 'rvole-check'],
    ['the key point, which then is off the curve', 2, 49_280 + 34, 'malformed'],
  ])('leaves nothing when it aborts for %s', (_, round, at, reason) => {
    const tamper: Tamper = (r, from, _to, bytes) => {
      if (r !== round || from !== two) return bytes
      return reason === 'malformed' ? bytes.fill(0xff, at, at + 32) : flip(bytes, at)
    }
    const { start, left, tapped } = signWatched(curve, tamper)
    expect(abortOf(start(), 1).reason).toBe(reason)
    expect(left()).toEqual([])
    expect(isEmpty(tapped)).toBe(true)
  })

  it.each([1, 2])('leaves nothing when it is ended after message %i', (messages) => {
    const { left, protocol, other, named, memory, received } = signWatched(curve)
    protocol.next([])
    const answered = other.next([])
    if (answered.done === true) return expect.unreachable()
    const inbox = answered.value.map(({ round, bytes }) => ({ round, from: two, bytes }))
    received.push(inbox[0]!.bytes.slice())
    if (messages === 2) protocol.next(inbox)
    const kept = memory.find([...named].filter(([name]) => ['r', 'phi', 'beta'].includes(name)))
    expect(kept.toSorted()).toEqual(['beta', 'phi', 'r'])
    protocol.return(undefined as never)
    expect(left()).toEqual([])
  })

  it('would leave all of them if its scopes wiped nothing', () => {
    forget()
    const { start, left, tapped } = signWatched(curve)
    start()
    const scalars = ['add', 'subtract', 'multiply', 'weighColumns', 'sumSelected', 'fromWide']
    const others = ['r', 'phi', 'ahat', 'beta', 'tail', 'tweaked share', 'row of Q', 'row of V']
    expect(left()).toEqual(expect.arrayContaining([...others, 'first pad', 'last pad']))
    // A packed table is wiped by hand, not by a scope: it is looked for, and is never left.
    const packed = ['first of a packed table', 'last of a packed table']
    expect([...tapped.given.values()]).toEqual(expect.arrayContaining(packed))
    expect(left().filter((name) => scalars.includes(name)).length).toBeGreaterThan(2)
  })
})
