// Carries out an approved control proof: chooses the nodes that sign, lets them judge the order and
// run the rounds of a signature, assembles and verifies it twice, and writes the line with the
// receipts. A try that failed leaves its receipts in the log and is followed by another number.
// INVARIANT: decides nothing about what is signed: every node makes the sentence for itself, and
// the fold verifies the line. Nothing is remembered: nodes say which number they are above.
import { encodeSignature } from '../policy/chain/signature.ts'
import { type ControlProof, controlProof } from '../policy/control-proof.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import type { NodeId } from '../proto/ids.ts'
import { encode } from '../proto/jcs.ts'
import { isRefusal, type Refusal, refusal } from '../proto/refusal.ts'
import type { RipeChange } from './changes.ts'
import { chooseNodes, wantsFresh } from './choose.ts'
import { writeLines } from './driver.ts'
import { failureOf, nextAttempt, restBetweenTries, triesMax } from './key-tries.ts'
import { receiptBlob, receiptBody } from './results.ts'
import type { Attempted, Signing, SigningPorts } from './signing.ts'
import type { Tree } from './tree.ts'

export interface ProvingPorts extends SigningPorts {
  readonly tree: Tree
}

interface Try {
  readonly attempt: number
  readonly participants: readonly NodeId[]
}

type Failed = Extract<Attempted, { readonly kind: 'failed' }>

export class Proving {
  readonly #ports: ProvingPorts
  readonly #signing: Signing

  constructor(ports: ProvingPorts, signing: Signing) {
    this.#ports = ports
    this.#signing = signing
  }

  /** A Refusal says why it did not come to a line this time. */
  async drive(ripe: RipeChange): Promise<Refusal | undefined> {
    const { links, tree } = this.#ports
    const { change, vault } = ripe.admitted
    const network = networkOf(ripe.rulebook, change.vault)?.caip2
    if (change.op !== 'key.prove' || vault === undefined || network === undefined) {
      return refusal('NOT_SUPPORTED', `expected an order of key.prove, got ${change.op}`)
    }
    const proof = controlProof(change, vault, network)
    let [attempt, avoid]: [number, readonly string[]] = [1, []]
    let last = refusal('NOT_ENOUGH_SIGNERS', 'no attempt was made')
    for (let tried = 1; tried <= triesMax; tried += 1) {
      const participants = chooseNodes({ vault, links: links.signers, size: tree.size, avoid })
      if (isRefusal(participants)) return participants
      const ended = await this.#sign(ripe, proof, { attempt, participants })
      if (ended.kind === 'signed') {
        return await written(ripe, vault, { attempt, proof, signed: ended })
      }
      last = failureOf(ended)
      await this.#keepReceipts(ended)
      const next = nextAttempt(attempt, ended)
      // Where a node only said which number it is above, nothing was tried yet.
      if (next === attempt + 1) {
        avoid = participants
        await restBetweenTries(this.#ports)
      }
      attempt = next
    }
    return last
  }

  #sign(ripe: RipeChange, proof: ControlProof, { attempt, participants }: Try): Promise<Attempted> {
    const { links, tree, root } = this.#ports
    const { admitted, order, rulebook } = ripe
    const { digest: intent, order: named } = admitted
    const keygen = encode({
      format: 'custody-prove-run/v1',
      org: root.org,
      env: root.env,
      change: intent,
      order: named,
      attempt,
      participants: [...participants],
    })
    const fresh = wantsFresh(links, { vault: admitted.change.vault, rulebook, participants })
    const { digest, publicKey } = proof
    const about = { intent, attempt, participants, fresh, digest, publicKey }
    return this.#signing.prove({ ...about, keygen, order, size: tree.size })
  }

  /** A share that left is named in the log, whatever became of the signature. */
  async #keepReceipts({ receipts }: Failed): Promise<void> {
    if (receipts.length === 0) return
    const { sequencer } = this.#ports
    const blobs = receipts.map(receiptBlob)
    await writeLines({ sequencer }, { receipts: receipts.map(receiptBody), lines: [], blobs })
  }
}

interface Made {
  readonly attempt: number
  readonly proof: ControlProof
  readonly signed: Extract<Attempted, { readonly kind: 'signed' }>
}

async function written(
  ripe: RipeChange,
  { vault, epoch, keyState }: VaultRow,
  { attempt, proof, signed }: Made,
): Promise<Refusal | undefined> {
  const { signature, sid, receipts } = signed
  const body = {
    ...{ attempt, epoch, keyState, sid, vault },
    digest: toHex(proof.digest),
    receipts: receipts.map(({ digest }) => digest),
    signature: toHex(encodeSignature(signature)),
  }
  const beside = { receipts: receipts.map(receiptBody), blobs: receipts.map(receiptBlob) }
  const answer = await ripe.carryOut('key.proved', body, beside)
  return isRefusal(answer) ? answer : undefined
}
