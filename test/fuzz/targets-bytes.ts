/** Decoders of binary forms: transactions, frames, proofs, keyshares, sealed messages, rounds. */

import { verifyConsistency, verifyInclusion } from '../../policy/audit/merkle.ts'
import type { Chain } from '../../policy/chain/chain.ts'
import { chainOf, parseAddress } from '../../policy/chain/chains.ts'
import { encodeUnsigned, parseUnsigned } from '../../policy/chain/evm.ts'
import { callText, decodeCall, encodeCall, parseCall } from '../../policy/chain/evm-call.ts'
import { encodeLegacy, parseLegacy } from '../../policy/chain/evm-legacy.ts'
import {
  decodeMessage,
  encodeMessage,
  messageText,
  parseMessage,
} from '../../policy/chain/evm-message.ts'
import { parseTypeText, typeText } from '../../policy/chain/evm-typed-form.ts'
import { readFields, writeFields } from '../../policy/chain/protobuf.ts'
import { decodeRlp, encodeRlp } from '../../policy/chain/rlp.ts'
import { assemble, parseSignature, verifies } from '../../policy/chain/signature.ts'
import { encodeRaw, parseRaw } from '../../policy/chain/tron-raw.ts'
import {
  ed25519PublicKey,
  ed25519Signer,
  sha256,
  toUtf8,
  x25519PublicKey,
} from '../../proto/crypto.ts'
import { readCoordinatorFrame, readNodeFrame } from '../../proto/frames.ts'
import { methods, statusDetails } from '../../proto/io/wire.ts'
import { text as encodeText } from '../../proto/jcs.ts'
import { Malformed } from '../../signer-node/dkls23/bytes.ts'
import type { Point } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { nobleCurve } from '../../signer-node/dkls23/curve-noble.ts'
import { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { InvalidParticipants } from '../../signer-node/dkls23/party.ts'
import { openChannel } from '../../signer-node/envelope.ts'
import { leavesOf } from '../kit/rounds.ts'
import { seedsOf } from './corpus.ts'
import { mutateMessage } from './mutate-message.ts'
import { dashed, fuzzedStages } from './stages.ts'
import { bytesTarget, type Target, textTarget } from './target.ts'

const curve = nativeCurve()
const two = curve.points.add(curve.points.generator, curve.points.generator) as Point
export const somePoints: readonly [Point, ...Point[]] = [curve.points.generator, two]

export function byteTargets(): readonly Target[] {
  return [...chainTargets(), ...wireTargets(), ...proofTargets(), ...protocolTargets()]
}

function same(before: Uint8Array, after: Uint8Array): void {
  if (Buffer.compare(before, after) !== 0) throw new Error('taken, and written in another form')
}

function chainTargets(): readonly Target[] {
  const transactions = seedsOf('transaction')
  const evm = chainOf('eip155:31337')
  const tron = chainOf('tron:0x2b6653dc')
  const key = curve.points.generator
  const [first] = transactions
  const legacies = [encodeLegacy(parseUnsigned(first, 31_337n))] as const
  const called = parseCall(
    'f(address a = 0x7a16ff8270133f063aab6c9977183d9e72835428, int8 b = -1, string c = "x, \\"", ' +
      'uint256[] d = [1, 2], bytes e = 0x00, bool f = true, bytes4 g = 0x01020304)',
  )
  const list = transactions.map((bytes) => bytes.slice(1)) as [Uint8Array, ...Uint8Array[]]
  return [
    bytesTarget('rlp', list, (input) => same(input, encodeRlp(decodeRlp(input)))),
    bytesTarget('transaction', transactions, (input) =>
      same(input, encodeUnsigned(parseUnsigned(input, 31_337n))),
    ),
    bytesTarget('effect', transactions, (input) => void evm.decode(input), { share: 0.5 }),
    bytesTarget('tron-transaction', seedsOf('tron-transaction'), (input) =>
      same(input, encodeRaw(parseRaw(input))),
    ),
    bytesTarget('tron-effect', seedsOf('tron-transaction'), (input) => void tron.decode(input), {
      share: 0.5,
    }),
    bytesTarget('protobuf', seedsOf('tron-transaction'), (input) =>
      same(input, writeFields([...readFields(input, 'message')])),
    ),
    bytesTarget('legacy', legacies, (input) =>
      same(input, encodeLegacy(parseLegacy(input, 31_337n))),
    ),
    bytesTarget('calldata', [encodeCall(called)], (input) =>
      same(input, encodeCall(decodeCall(called.form, input))),
    ),
    textTarget('call', [toUtf8(callText(called))], (text) => {
      if (callText(parseCall(text)) !== text) throw new Error('taken, and written otherwise')
    }),
    ...messageTargets(evm),
    bytesTarget('signature', seedsOf('signature'), (input) => void parseSignature(input)),
    bytesTarget(
      'verified',
      seedsOf('signature'),
      (input) => void verifies(parseSignature(input), sha256(input), key),
      { share: 0.004 },
    ),
    // R, u and w as a coordinator gets them from a node.
    bytesTarget(
      'assemble',
      [partOfSignature()],
      (input) => {
        const [nonce, u, w] = [input.slice(0, 33), input.slice(33, 65), input.slice(65)]
        assemble([{ nonce, u, w }], sha256(), two)
      },
      { share: 0.01 },
    ),
    textTarget(
      'address',
      [toUtf8('0x7a16ff8270133f063aab6c9977183d9e72835428')],
      (text) => void parseAddress('eip155:1', text),
    ),
    textTarget(
      'tron-address',
      [toUtf8('TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t')],
      (text) => void parseAddress('tron:0x2b6653dc', text),
    ),
  ]
}

/** Typed data of every kind of type, and a declaration, as bytes and as text. */
function messageTargets(evm: Chain): readonly Target[] {
  const typed = parseMessage(
    encodeText({
      domain: { chainId: '31337', name: 'N', verifyingContract: `0x${'cc'.repeat(20)}` },
      message: { a: `0x${'aa'.repeat(20)}`, b: [{ c: '-1', d: 'x, "' }], e: ['1', '2'], f: true },
      primaryType: 'T',
      types: {
        S: [
          { name: 'c', type: 'int8' },
          { name: 'd', type: 'string' },
        ],
        T: [
          { name: 'a', type: 'address' },
          { name: 'b', type: 'S[]' },
          { name: 'e', type: 'uint256[2]' },
          { name: 'f', type: 'bool' },
        ],
      },
    }),
  )
  const said = parseMessage(encodeText({ declaration: 'This address is ours.\n\nNonce 7' }))
  const seeds = [typed, said] as const
  const accepts = { forms: [], message: true }
  const form = typed.kind === 'typed' ? typeText(typed.typed) : ''
  return [
    bytesTarget('message', [encodeMessage(seeds[0]), encodeMessage(seeds[1])], (input) =>
      same(input, encodeMessage(decodeMessage(input))),
    ),
    bytesTarget(
      'message-effect',
      [encodeMessage(seeds[0]), encodeMessage(seeds[1])],
      (input) => void evm.decode(input, accepts),
      { share: 0.5 },
    ),
    textTarget(
      'message-text',
      [toUtf8(messageText(seeds[0])), toUtf8(messageText(seeds[1]))],
      (text) => {
        if (messageText(parseMessage(text)) !== text) throw new Error('taken, written otherwise')
      },
    ),
    textTarget('message-type', [toUtf8(form)], (text) => {
      if (typeText(parseTypeText(text)) !== text) throw new Error('taken, written otherwise')
    }),
  ]
}

/** R, u and w of a signature by the key 2 with the nonce 1, so that u = 1 and w = m + 2r. */
function partOfSignature(): Uint8Array {
  const { scalars, points } = curve
  const { x } = points.xScalar(points.generator)
  const w = scalars.add(scalars.reduce(sha256()), scalars.add(x, x))
  return new Uint8Array([...points.generator, ...scalars.one, ...w])
}

function wireTargets(): readonly Target[] {
  const attach = methods.find(({ name }) => name === 'Attach')
  if (attach === undefined) throw new Error('there is no Attach')
  const { request, reply } = attach
  const requests = methods.filter(({ name }) => name !== 'Attach')
  return [
    bytesTarget(
      'node-frame',
      seedsOf('node-frame'),
      (input) => void readNodeFrame(request.decode(Buffer.from(input)) as never),
      { share: 0.3 },
    ),
    bytesTarget(
      'coordinator-frame',
      seedsOf('coordinator-frame'),
      (input) => void readCoordinatorFrame(reply.decode(Buffer.from(input)) as never),
      { share: 0.3 },
    ),
    bytesTarget(
      'requests',
      seedsOf('requests'),
      (input) => {
        const which = requests[(input[0] ?? 0) % requests.length]
        which?.request.decode(Buffer.from(input.subarray(1)))
      },
      { share: 0.3 },
    ),
    bytesTarget('status', seedsOf('status'), (input) => {
      statusDetails.decode(Buffer.from(input))
    }),
  ]
}

function proofTargets(): readonly Target[] {
  const seeds = [new Uint8Array(200).map((_, i) => i)] as const
  const read = (input: Uint8Array) => {
    const numbers = [0, 1].map((at) => (input[at] ?? 0) * 256 ** ((input[at + 2] ?? 0) % 7))
    const [a = 0, b = 0] = numbers
    const proof = Array.from({ length: (input[4] ?? 0) % 70 }, (_, i) =>
      sha256(input, Uint8Array.of(i)),
    )
    return { a, b, proof, root: input.slice(5, 37), other: input.slice(37, 69) }
  }
  return [
    bytesTarget(
      'inclusion',
      [seeds[0]],
      (input) => {
        const { a, b, proof, root, other } = read(input)
        verifyInclusion({ leaf: root, index: a, size: b, root: other, proof })
      },
      { refusals: [], share: 0.1 },
    ),
    bytesTarget(
      'consistency',
      [seeds[0]],
      (input) => {
        const { a, b, proof, root, other } = read(input)
        verifyConsistency({ from: a, fromRoot: root, to: b, toRoot: other, proof })
      },
      { refusals: [], share: 0.1 },
    ),
  ]
}

function protocolTargets(): readonly Target[] {
  const noble = nobleCurve()
  const channel = openChannel(
    {
      sid: sha256(toUtf8('sid')),
      self: 1,
      peer: 2,
      sign: ed25519Signer(sha256(toUtf8('one'))),
      peerIdentity: ed25519PublicKey(sha256(toUtf8('two'))),
    },
    sha256(toUtf8('secret one')),
    x25519PublicKey(sha256(toUtf8('secret two'))),
  )
  if (channel === undefined) throw new Error('expected a channel')
  return [
    ...roundTargets(),
    bytesTarget('keyshare', seedsOf('keyshare'), (input) => void Keyshare.parse(curve, input), {
      refusals: [Malformed, InvalidParticipants],
      share: 0.05,
    }),
    bytesTarget('sealed', seedsOf('round-key-confirm'), (input) => void channel.open(1, input), {
      refusals: [],
      share: 0.1,
    }),
    // Both twins take and refuse the same.
    bytesTarget(
      'point',
      [...somePoints],
      (input) => {
        const taken = [curve, noble].map(({ points }) => {
          try {
            return points.decodePoint(input).length > 0
          } catch (error) {
            if (!(error instanceof Malformed)) throw error
            return false
          }
        })
        if (taken[0] !== taken[1]) throw new Error('the twins differ')
      },
      { refusals: [], share: 0.02 },
    ),
  ]
}

function roundTargets(): readonly Target[] {
  const all = fuzzedStages(curve).flatMap(({ stage }) => [...stage.rounds.values()])
  const rounds = new Map(all.map((round) => [round.name, round]))
  return [...rounds.values()].map((round) => {
    const name = `round-${dashed(round.name)}`
    const leaves = leavesOf(round.fields)
    const points = leaves.reduce(
      (sum, { kind, offsets }) => sum + (kind === 'point' ? offsets.length : 0),
      0,
    )
    return bytesTarget(
      name,
      seedsOf(name),
      (input) => same(input, round.encode(round.decode(input))),
      {
        refusals: [Malformed],
        mutate: (input, chance, other) =>
          mutateMessage(input, leaves, chance, { other, points: somePoints }),
        share: 0.2 / (1 + round.size / 1_000 + points / 4),
      },
    )
  })
}
