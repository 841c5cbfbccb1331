import { afterEach, describe, expect, it, vi } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { exportPart, openExport } from '../../signer-node/dkls23/exporting.ts'
import { acceptImport, dealImport, importDigest } from '../../signer-node/dkls23/importing.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { type Party, parseParty } from '../../signer-node/dkls23/party.ts'
import type { Protocol, Run } from '../../signer-node/dkls23/protocol.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { hashToScalar } from '../../signer-node/dkls23/transcript.ts'
import { KEY_ID, keygen, keygenRuns, keyTerms, makeKey } from '../kit/keys.ts'
import {
  anyOf,
  exportParts,
  exportRuns,
  importRuns,
  refreshing,
  refreshRuns,
  reshareRuns,
  reshareTerms,
  resharing,
} from '../kit/lifecycle.ts'
import { dealPairings } from '../kit/pairings.ts'
import { drive, flip, nodes, type Tamper, vectorRandomness } from '../kit/protocol.ts'
import { hex } from '../kit/vectors.ts'
import { forget, Memory, type Needles, secretsOf, tap, watched } from './memory.ts'

const curve = nativeCurve()
const [one, two] = [1, 2].map(parseParty) as [Party, Party]
const key = makeKey(curve, 2, [1, 2, 3])
const terms = reshareTerms(key, { dealers: [1, 2], receivers: nodes(2, 3, 4), threshold: 2 })

afterEach(() => void vi.restoreAllMocks())

/** A copy outside the watched memory. */
const copyOf = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes)

type Start = (run: Run) => Protocol<Keyshare | undefined>
interface Case {
  readonly name: string
  readonly watched: Party
  readonly runs: () => ReadonlyMap<Party, Run>
  readonly start: Start
  /** In which it takes part. */
  readonly rounds: number
}

const shareOf = (x: Party): Keyshare | undefined =>
  terms.dealers.includes(x) ? key.get(x) : undefined
const reshared = {
  runs: () => reshareRuns(curve, key, terms),
  start: (run: Run) => resharing(run, terms, shareOf(run.self.x)),
}
const cases: readonly Case[] = [
  {
    name: 'key making',
    watched: one,
    runs: () => keygenRuns(curve, 2, nodes(1, 2, 3)),
    start: (run) => keygen(run, keyTerms(2)),
    rounds: 3,
  },
  {
    name: 'a refresh',
    watched: one,
    runs: () => refreshRuns(curve, key, 2),
    start: (run) => refreshing(run, key.get(run.self.x)!, 2),
    rounds: 3,
  },
  { name: 'a reshare, at one that only deals,', watched: one, rounds: 2, ...reshared },
  { name: 'a reshare, at one that deals and receives,', watched: two, rounds: 3, ...reshared },
  {
    name: 'a reshare, at one that only receives,',
    watched: parseParty(4),
    rounds: 3,
    ...reshared,
  },
]

/** The protocol, ended from outside when it has yielded so often; without an inbox for the last. */
function* endedAfter<R>(protocol: Protocol<R>, yields: number): Protocol<R | undefined> {
  let step = protocol.next([])
  for (let i = 1; i < yields && step.done !== true; i++) step = protocol.next(yield step.value)
  if (step.done === true) return step.value
  yield step.value
  protocol.return(undefined as R)
  return undefined
}

/** A dealt share is for one peer only: it is no publication. */
const openPart = (round: number, bytes: Uint8Array): Uint8Array =>
  copyOf(round === 2 ? bytes.subarray(0, -32) : bytes)

const publicOf = (given: Case): Public => {
  const known = publicByCase.get(given.name) ?? runInPublic(given)
  publicByCase.set(given.name, known)
  return known
}
const publicByCase = new Map<string, Public>()

interface Public {
  readonly open: ReadonlySet<string>
  readonly published: readonly Uint8Array[]
}

/** What becomes public when all goes well, at all parties: their messages, and public scalars. */
function runInPublic(given: Case): Public {
  const tapped = tap(curve)
  const published: Uint8Array[] = []
  const parties = [...given.runs()].map(([x, run]) => {
    const randomness = vectorRandomness(nameOf(given), x, tapped.curve)
    return [x, given.start({ ...run, curve: tapped.curve, randomness })] as const
  })
  drive(new Map(parties), (round, _from, _to, bytes) => {
    published.push(openPart(round, bytes))
    return bytes
  })
  return { open: tapped.open, published }
}

function runWatched(given: Case, tamper?: Tamper, yields = Number.POSITIVE_INFINITY) {
  const memory = new Memory()
  const tapped = tap(curve)
  const { open, published } = publicOf(given)
  const parties = [...given.runs()].map(([x, run]): [Party, Protocol<Keyshare | undefined>] => {
    if (x !== given.watched) return [x, given.start(run)]
    const randomness = vectorRandomness(nameOf(given), x, tapped.curve)
    const own = given.start({ ...run, curve: tapped.curve, randomness })
    return [x, watched(memory, endedAfter(own, yields))]
  })
  const outcome = drive(new Map(parties), tamper).get(given.watched)!
  if (outcome.kind === 'aborted') outcome.abort.evidence?.fill(0)
  for (const scalar of open) tapped.open.add(scalar)
  return { memory, needles: () => [...secretsOf(tapped, published)], outcome }
}

function nameOf({ name }: Case): string {
  if (name === 'key making') return 'dkg'
  return name.startsWith('a refresh') ? 'refresh' : 'reshare'
}

describe.each(cases)('$name', (given) => {
  it('leaves nothing but the share of the new key, and that in its keyshare', () => {
    const { memory, needles, outcome } = runWatched(given)
    if (outcome.kind !== 'done') return expect.unreachable()
    const share = outcome.value?.secretShare.bytes ?? new Uint8Array(32)
    const secret = hex(share)
    const others = needles().filter(([, bytes]) => hex(bytes) !== secret)
    expect(others.length).toBeGreaterThan(given.rounds === 2 ? 1 : 3)
    expect(memory.find(others)).toEqual([])
    outcome.value?.[Symbol.dispose]()
    expect(memory.find(needles())).toEqual([])
  })

  const rounds = Array.from({ length: given.rounds }, (_, i) => i + 1)
  it.each(rounds)('leaves nothing when it aborts in round %i', (round) => {
    const silent: Tamper = (number, _from, to, bytes) =>
      number === round && to === given.watched ? [] : bytes
    const { memory, needles, outcome } = runWatched(given, silent)
    // A dealer that receives nothing waits for nothing any more in its last round.
    if (given.rounds === 2 && round === 2) expect(outcome.kind).toBe('done')
    else expect(outcome).toMatchObject({ abort: { reason: 'missing-message' } })
    expect(memory.find(needles())).toEqual([])
  })
})

describe('a run of which this party deals and receives', () => {
  const given = cases.find(({ name }) => name.includes('deals and receives'))!

  it.each([1, 2, 3])('leaves nothing when it is ended in round %i', (round) => {
    const { memory, needles, outcome } = runWatched(given, undefined, round)
    expect(outcome).toMatchObject({ kind: 'done', value: undefined })
    expect(memory.find(needles())).toEqual([])
  })

  it('would leave secrets if its scopes wiped nothing', () => {
    forget()
    const { memory, needles } = runWatched(given)
    expect(memory.find(needles()).length).toBeGreaterThan(0)
  })
})

describe('an import', () => {
  const secret = hashToScalar(curve, 'gadget', 'imported')
  const holders = { keyId: KEY_ID, threshold: 2, participants: nodes(1, 2, 3) }
  const chainCode = new Uint8Array(32).fill(5)

  it('leaves its dealer nothing but the key and the shares that it gives out', () => {
    const memory = new Memory()
    const tapped = tap(curve)
    const randomness = vectorRandomness('import', 0, tapped.curve)
    const dealt = memory.watch(() => {
      using key = new Secret(Uint8Array.from(secret) as typeof secret)
      return dealImport(tapped.curve, randomness, holders, { key, chainCode })
    })
    const given = [...dealt.shares.values()].map(({ bytes }) => hex(bytes))
    const needles: Needles = [['key', secret], ...secretsOf(tapped, [])]
    const others = [...needles].filter(([, bytes]) => !given.includes(hex(bytes)))
    expect(others.length).toBeGreaterThan(3)
    expect(memory.find(others)).toEqual([])
    for (const share of dealt.shares.values()) share[Symbol.dispose]()
    expect(memory.find(needles)).toEqual([])
  })

  it('leaves a node nothing but its keyshare, and not that when the share is wrong', () => {
    using key = new Secret(Uint8Array.from(secret) as typeof secret)
    const dealer = vectorRandomness('import', 0, curve)
    const { dealing, shares } = dealImport(curve, dealer, holders, { key, chainCode })
    const commitments = importDigest(holders, dealing)
    const approved = { publicKey: dealing.coefficients[0]!, chainCode, commitments }
    const run = importRuns(curve, holders, commitments).get(one)!
    const accept = (memory: Memory, share: Secret<typeof secret>) =>
      memory.watch(() =>
        acceptImport(run, { keyId: KEY_ID, epoch: 1, threshold: 2, approved }, dealing, share),
      )
    const memory = new Memory()
    const needles: Needles = [['share', copyOf(shares.get(one)!.bytes)]]
    const { keyshare } = accept(memory, shares.get(one)!)
    expect(memory.find(needles)).toEqual(['share'])
    keyshare[Symbol.dispose]()
    expect(memory.find(needles)).toEqual([])
    const other = new Memory()
    expect(() => accept(other, shares.get(two)!)).toThrow('not on the dealt polynomial')
    expect(other.find([['share', copyOf(shares.get(two)!.bytes)]])).toEqual([])
  })
})

describe('an export', () => {
  const pairings = dealPairings([1, 2])

  it('leaves an exporter nothing but the part that it gives out', () => {
    const memory = new Memory()
    const tapped = tap(curve)
    const run = { ...exportRuns(curve, key, [1, 2]).get(one)!, curve: tapped.curve }
    const job = { keyshare: key.get(one)!, pairings: pairings.get(one)! }
    const part = memory.watch(() => exportPart(run, job))
    const needles = [...secretsOf(tapped, [])]
    const given = hex(part.bytes.slice(0, 32))
    const others = needles.filter(([, bytes]) => hex(bytes) !== given)
    expect(others.length).toBeGreaterThan(1)
    expect(memory.find(others)).toEqual([])
    part[Symbol.dispose]()
    expect(memory.find(needles)).toEqual([])
  })

  it('leaves its recipient nothing but the key, and nothing when somebody spoiled it', () => {
    const memory = new Memory()
    const tapped = tap(curve)
    const open = (change: (bytes: Uint8Array) => Uint8Array) => {
      const parts = [...exportParts(curve, key, [1, 2], pairings)].map(
        ([x, { bytes }]) => [x, new Secret(x === two ? change(bytes) : bytes)] as const,
      )
      try {
        return memory.watch(() => openExport(tapped.curve, anyOf(key), new Map(parts)))
      } finally {
        // They are the caller's.
        for (const [, part] of parts) part[Symbol.dispose]()
      }
    }
    const opened = open((bytes) => bytes)
    const whole = hex(opened.bytes)
    const needles = () => [...secretsOf(tapped, [])]
    expect(memory.find(needles().filter(([, bytes]) => hex(bytes) !== whole))).toEqual([])
    opened[Symbol.dispose]()
    expect(() => open((bytes) => flip(bytes, 31))).toThrow('not of the share')
    expect(memory.find(needles())).toEqual([])
  })

  it('would leave fragments and parts if its scopes wiped nothing', () => {
    forget()
    const memory = new Memory()
    const tapped = tap(curve)
    const run = { ...exportRuns(curve, key, [1, 2]).get(one)!, curve: tapped.curve }
    const job = { keyshare: key.get(one)!, pairings: pairings.get(one)! }
    memory.watch(() => exportPart(run, job))
    expect(memory.find(secretsOf(tapped, [])).length).toBeGreaterThan(1)
  })
})
