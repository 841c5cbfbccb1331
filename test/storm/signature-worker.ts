// One process of `npm run storm -- signatures`: makes real keys and real pairings, signs as often as
// it is told, in three rounds, with the randomness of production, and has every signature verified
// by two libraries that share no code with the one that signed. Sends a sample for each.
import { randomBytes } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ascii } from '../../signer-node/dkls23/bytes.ts'
import { combine } from '../../signer-node/dkls23/combine.ts'
import type { Curve } from '../../signer-node/dkls23/curve.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { deriveChild } from '../../signer-node/dkls23/derivation.ts'
import type { Keyshare } from '../../signer-node/dkls23/keyshare.ts'
import { type Party, parseParticipants } from '../../signer-node/dkls23/party.ts'
import type { Protocol } from '../../signer-node/dkls23/protocol.ts'
import { SessionRandomness, sessionKey } from '../../signer-node/dkls23/randomness.ts'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { sessionId } from '../../signer-node/dkls23/session-id.ts'
import { type SignatureShare, sign } from '../../signer-node/dkls23/sign.ts'
import { sha256 } from '../../signer-node/dkls23/transcript.ts'
import { keygen, keygenRuns, keyTerms } from '../kit/keys.ts'
import type { Pairings } from '../kit/pairing-pool.ts'
import { makePairings } from '../kit/pairings.ts'
import { driveAll, nodes } from '../kit/protocol.ts'
import { compactOf, opensslVerifies } from '../kit/sign-all.ts'
import { integer, sumOf } from '../kit/slow-curve.ts'
import { hex } from '../kit/vectors.ts'
import type { Sample } from './signature-checks.ts'

const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

interface Group {
  readonly threshold: number
  readonly xs: readonly number[]
  readonly keys: readonly ReadonlyMap<Party, Keyshare>[]
  readonly pairings: Pairings
}

/** A sample, or a sentence on what is wrong with the signature. */
export type Outcome = Sample | { readonly wrong: string }

/** Mostly 2 of 3, one in sixteen 3 of 5; keys by key generation, pairings by their set-up. */
export class Signatory {
  readonly #curve: Curve = nativeCurve()
  readonly #name: string
  readonly #keys: number
  readonly #nodeSecret = new Secret(bytes(32))
  #often: Group | undefined
  #seldom: Group | undefined
  #counter = 0

  constructor(name: string, keys = 3) {
    this.#name = name
    this.#keys = keys
  }

  signOnce(): Outcome {
    this.#counter += 1
    const group = this.#counter % 16 === 0 ? this.#threeOfFive() : this.#twoOfThree()
    const keyshares = group.keys[this.#counter % group.keys.length]!
    return this.#sign(group, keyshares, bytes(32))
  }

  #twoOfThree(): Group {
    this.#often ??= this.#group('2 of 3', { threshold: 2, xs: [1, 2, 3] }, this.#keys)
    return this.#often
  }

  #threeOfFive(): Group {
    this.#seldom ??= this.#group('3 of 5', { threshold: 3, xs: [1, 2, 3, 4, 5] }, 1)
    return this.#seldom
  }

  #sign(group: Group, keyshares: ReadonlyMap<Party, Keyshare>, message: Uint8Array): Outcome {
    const curve = this.#curve
    const { facts } = [...keyshares.values()][0]!
    const from = this.#counter % group.xs.length
    const signers = [...group.xs, ...group.xs].slice(from, from + group.threshold)
    const participants = parseParticipants(
      facts.participants.filter(({ x }) => signers.includes(x)),
    )
    const path = this.#path()
    const digest = sha256(message)
    const { publicKey } = deriveChild(curve, facts, path)
    const sid = sessionId({
      statement: { purpose: 'sign', requestId: bytes(32), path, publicKey, digest },
      networkId: ascii('storm'),
      keyId: facts.keyId,
      epoch: facts.epoch,
      keyState: [...keyshares.values()][0]!.keyState,
      participants,
      acceptances: participants.map(() => bytes(32)),
    })
    const nonceParts: bigint[] = []
    const parties = participants.map((self): [Party, Protocol<SignatureShare>] => {
      const key = this.#sessionKey(sid)
      const again = new SessionRandomness(new Secret(key.bytes.slice()), curve)
      nonceParts.push(integer(again.scalar('r')))
      const randomness = new SessionRandomness(key, curve)
      const job = {
        keyshare: keyshares.get(self.x)!,
        pairings: group.pairings.get(self.x)!,
        path,
        digest,
      }
      return [self.x, sign({ sid, self, participants, curve, randomness }, job)]
    })
    const shares = [...driveAll(new Map(parties)).values()]
    const signature = combine(curve, publicKey, digest, shares)
    const compact = compactOf(signature)
    const strict = { prehash: false, lowS: true }
    if (!secp256k1.verify(compact, digest, publicKey, strict)) return { wrong: 'noble refuses' }
    if (!opensslVerifies(publicKey, message, compact)) return { wrong: 'OpenSSL refuses' }
    return {
      r: hex(signature.r),
      s: integer(signature.s),
      recovery: signature.recovery,
      nonce: sumOf(nonceParts),
      nonceParts,
    }
  }

  /** K as a node derives it. */
  #sessionKey(sid: Uint8Array): Secret {
    return sessionKey({
      kernelBytes: new Secret(bytes(32)),
      nodeSecret: this.#nodeSecret,
      incarnation: ascii('storm'),
      counter: BigInt(this.#counter),
      purpose: 'sign',
      sid,
    })
  }

  #path(): readonly number[] {
    const levels = this.#counter % 4
    const random = new DataView(bytes(4 * 4).buffer)
    return Array.from({ length: levels }, (_, i) => random.getUint32(4 * i) >>> 1)
  }

  #group(of: string, { threshold, xs }: Pick<Group, 'threshold' | 'xs'>, keys: number): Group {
    const curve = this.#curve
    const made = Array.from({ length: keys }, (_, i) => {
      const runs = keygenRuns(curve, threshold, nodes(...xs), `${this.#name} ${of} ${i}`)
      const parties = [...runs].map(([x, run]) => [x, keygen(run, keyTerms(threshold))] as const)
      return driveAll(new Map(parties))
    })
    return { threshold, xs, keys: made, pairings: makePairings(curve, xs) }
  }
}

/** As a process of its own: signs `count` times, in batches, and ends. */
const batch = 50

if (process.send !== undefined && import.meta.main) {
  const [count = 0, name = ''] = [Number(process.argv[2]), process.argv[3]]
  const signatory = new Signatory(name)
  for (let done = 0; done < count; done += batch) {
    const size = Math.min(batch, count - done)
    process.send(Array.from({ length: size }, () => signatory.signOnce()))
  }
  process.disconnect()
}
