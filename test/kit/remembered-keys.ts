// A way into a node's files that derives each key once for the whole process: for walks that start
// nodes by the thousand, where scrypt would be most of what they compute.
import type { Deriving, ScryptJob } from '../../proto/seal.ts'
import { scryptOf } from '../../proto/seal.ts'
import type { SealedThing } from '../../proto/seal-file.ts'
import type { Secret } from '../../signer-node/dkls23/secret.ts'
import { PassphraseWay } from '../../signer-node/way-in.ts'

const known = new Map<string, Uint8Array>()

export class RememberedWay extends PassphraseWay {
  override opening(bytes: Uint8Array, expected: SealedThing): Deriving<Secret> {
    return remembered(super.opening(bytes, expected))
  }

  override sealing(thing: SealedThing, plaintext: Secret): Deriving<Uint8Array> {
    return remembered(super.sealing(thing, plaintext))
  }
}

// biome-ignore lint/correctness/useYield: it answers itself what it would ask for
function* remembered<T>(work: Deriving<T>): Deriving<T> {
  let step = work.next()
  while (step.done !== true) {
    step = step.value === undefined ? work.next() : work.next(keyOf(step.value))
  }
  return step.value
}

/** A copy: whoever asked wipes it. */
function keyOf(job: ScryptJob): Uint8Array {
  const name = Buffer.concat([job.salt, job.passphrase]).toString('hex')
  const key = known.get(name) ?? scryptOf(job)
  known.set(name, key)
  return key.slice()
}
