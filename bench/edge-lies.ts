// What a corrupt signer can show an honest one in the rounds of a signature, one lie for every way in
// which it is found out. Its party computes honestly; what it says is changed before it is sealed and
// signed as its own, so that each lie passes all checks but the one it is named for.
import { nativeCurve } from '../signer-node/dkls23/curve-native.ts'
import { Keyshare } from '../signer-node/dkls23/keyshare.ts'
import type { Round } from '../signer-node/dkls23/protocol.ts'
import { firstRound, secondRound } from '../signer-node/dkls23/sign-messages.ts'
import type { SessionPlan } from '../signer-node/session.ts'
import type { Sealed } from '../signer-node/sessions.ts'
import type { Twist } from '../test/kit/bent.ts'
import { leavesOf } from '../test/kit/rounds.ts'

/** Which check finds it; `clock` where nothing arrives that counts, and the time runs out. */
export type FoundBy =
  | 'clock'
  | 'exchange'
  | 'view'
  | 'commitment'
  | 'ot-check'
  | 'rvole-check'
  | 'gamma-check'
  | 'public-key-sum'

export interface Lie {
  readonly name: string
  readonly round: 1 | 2
  readonly foundBy: FoundBy
  /** A word of the reason that the node tells its own operator. */
  readonly because: string
  readonly twist?: Twist
  /** On the way, by whoever carries it. */
  readonly carry?: (envelope: Sealed) => readonly Sealed[]
  /** A control: what the measurement must see, by so many microseconds. */
  readonly planted?: { readonly wordUs?: number; readonly busyUs?: number; readonly bytes?: number }
  /** Before its party begins. */
  readonly begin?: (plan: SessionPlan<unknown>) => void
}

const curve = nativeCurve()
const { generator } = curve.points
const rounds: Readonly<Record<1 | 2, Pick<Round<unknown>, 'fields'>>> = {
  1: firstRound,
  2: secondRound(curve),
}
const other = Uint8Array.of(1)
const anotherSid = (sid: Uint8Array): Uint8Array => sid.map((byte) => byte ^ 1)

/** Where the repetitions of a field begin, and how long each is. */
function placeOf(round: 1 | 2, path: string) {
  const leaf = leavesOf(rounds[round].fields).find((one) => one.path === path)
  if (leaf === undefined) throw new RangeError(`round ${round} has no ${path}`)
  return leaf
}

/** The last bit of a field: of the first in its row, or of all. */
function flips(round: 1 | 2, path: string, which: 'first' | 'all' = 'first'): Twist {
  const { offsets, bytes } = placeOf(round, path)
  const ends = (which === 'first' ? offsets.slice(0, 1) : offsets).map((at) => at + bytes - 1)
  return changing(round, (said) => {
    for (const end of ends) said[end] = (said[end] ?? 0) ^ 1
    return said
  })
}

/** Another point, on the curve, in these places of a row. */
function points(path: string, ...which: readonly number[]): Twist {
  const { offsets } = placeOf(2, path)
  return changing(2, (said) => {
    for (const at of which) said.set(generator, offsets[at] ?? 0)
    return said
  })
}

function changing(round: 1 | 2, change: (said: Uint8Array) => Uint8Array): Twist {
  return (one) => (one.round === round ? [{ ...one, bytes: change(one.bytes.slice()) }] : [one])
}

function filled(path: string, byte: number): Twist {
  const { offsets, bytes } = placeOf(2, path)
  return changing(2, (said) => said.fill(byte, offsets[0] ?? 0, (offsets[0] ?? 0) + bytes))
}

const twice: Twist = (one) => [one, ...flips(2, 'salt')(one)]

/** A share of no polynomial, used consistently: everything holds but the sum of the key shares. */
function otherShare({ secrets }: SessionPlan<unknown>): void {
  const keyshare = secrets.find((one) => one instanceof Keyshare)
  if (!(keyshare instanceof Keyshare)) throw new Error('there is no keyshare')
  const { bytes } = keyshare.secretShare
  bytes[31] = (bytes[31] ?? 0) ^ 1
}

const cheated = 'failed a check that no honest party fails'

const honestly: readonly Lie[] = [
  { name: 'silence', round: 2, foundBy: 'clock', because: 'in time', carry: () => [] },
  {
    name: 'wrong sid',
    round: 2,
    foundBy: 'clock',
    because: 'in time',
    carry: (one) => [{ ...one, sid: anotherSid(one.sid) }],
  },
  {
    name: 'broken seal',
    round: 2,
    foundBy: 'clock',
    because: 'in time',
    carry: (one) => [{ ...one, ciphertext: one.ciphertext.map((byte) => byte ^ 1) }],
  },
  {
    name: 'a byte too many',
    round: 2,
    foundBy: 'exchange',
    because: 'bytes, got',
    twist: changing(2, (said) => Uint8Array.from([...said, ...other])),
  },
  {
    name: 'two messages',
    round: 2,
    foundBy: 'exchange',
    because: 'two different messages',
    twist: (one) => (one.round === 2 ? twice(one) : [one]),
  },
  {
    name: 'bad scalar',
    round: 2,
    foundBy: 'exchange',
    because: 'sign 2: ',
    twist: filled('offset', 0xff),
  },
  {
    name: 'bad point',
    round: 2,
    foundBy: 'exchange',
    because: 'sign 2: ',
    twist: filled('noncePoint', 0xff),
  },
  {
    name: 'another view',
    round: 2,
    foundBy: 'view',
    because: 'the view of party',
    twist: flips(2, 'view'),
  },
  {
    name: 'wrong salt of the commitment',
    round: 2,
    foundBy: 'commitment',
    because: 'does not open',
    twist: flips(2, 'salt'),
  },
  {
    name: 'wrong point of the commitment',
    round: 2,
    foundBy: 'commitment',
    because: 'does not open',
    twist: points('noncePoint', 0),
  },
  ...caught(1, 'ot-check', {
    'extension: one sum': flips(1, 'extension.rowSums'),
    'extension: all sums': flips(1, 'extension.rowSums', 'all'),
    'extension: choices': flips(1, 'extension.choiceSum'),
  }),
  ...caught(2, 'rvole-check', {
    'multiplication: proof': flips(2, 'product.proof'),
    'multiplication: eta': flips(2, 'product.eta'),
    'multiplication: all rows': flips(2, 'product.correction', 'all'),
  }),
  ...caught(2, 'gamma-check', {
    'product of the nonce': points('gammas', 0),
    'product of the key': points('gammas', 1),
    'both products': points('gammas', 0, 1),
  }),
  {
    name: 'wrong share',
    round: 2,
    foundBy: 'public-key-sum',
    because: 'do not sum to the public key',
    begin: otherShare,
  },
]

/** All of them, and three that are planted: without these a run proves nothing. */
export const lies: readonly Lie[] = [
  ...honestly,
  planted('a word 0.1 ms late', 'wrong salt of the commitment', { wordUs: 100 }),
  planted('5 ms more work', 'product of the nonce', { busyUs: 5_000 }),
  planted('a byte more', 'bad point', { bytes: 1 }),
]

function planted(name: string, like: string, what: NonNullable<Lie['planted']>): Lie {
  const lie = honestly.find((one) => one.name === like)
  if (lie === undefined) throw new RangeError(`there is no ${like}`)
  return { ...lie, name: `planted: ${name}`, planted: what }
}

/** Those of one check, whose verdict reads secrets. */
function caught(
  round: 1 | 2,
  foundBy: FoundBy,
  twists: Readonly<Record<string, Twist>>,
): readonly Lie[] {
  return Object.entries(twists).map(([name, twist]) => {
    return { name, round, foundBy, because: cheated, twist }
  })
}
