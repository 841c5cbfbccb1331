// People at the border: decisions on requests, and the freeze. A signature is verified before
// anything is stored; whether it counts is judged on the desk, at the very line. "Recorded" is the
// line; "effective" is a proof that enough witnesses have seen it, and it is given only when it
// exists.
import { openSigned } from '../policy/approval.ts'
import { enclosureDigest, freezeVerifies, signedEnclosure } from '../policy/audit/enclosures.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { parseFreeze } from '../policy/documents.ts'
import { credentialAt } from '../policy/roster.ts'
import { toUtf8 } from '../proto/crypto.ts'
import type { Digest } from '../proto/ids.ts'
import { type Json, parseText } from '../proto/jcs.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import { literal } from '../proto/shape.ts'
import type { Signed } from '../proto/signed.ts'
import type { Proofs, Proved } from './proofs.ts'
import type { RequestsPorts } from './requests.ts'
import { signedContent } from './results.ts'

export interface DecisionsPorts extends Omit<RequestsPorts, 'nonces' | 'otherPast'> {
  readonly proofs: Proofs
}

export interface Recorded extends Proved {
  readonly seq: number
}

export class Decisions {
  readonly #ports: DecisionsPorts

  constructor(ports: DecisionsPorts) {
    this.#ports = ports
  }

  /** Sent again, the same decision answers with the same line. */
  async decide(signed: Signed): Promise<(Recorded & { readonly intent: Digest }) | Refusal> {
    const { copy, memory, clock, sequencer } = this.#ports
    const { roster } = (await memory.at(copy)).inForce
    const opened = attempt(() => {
      const decision = readDecision(signed)
      return { decision, ...openSigned(decision, signed, roster, clock.now()) }
    })
    if (isRefusal(opened)) return opened
    const { decision, digest, approval } = opened
    const { intent, person } = approval
    const known = await copy.read(get(tables.decision, intent, person))
    if (known?.approval === digest) return { intent, ...(await this.#proved(known.seq)) }
    const kind = decision === 'approve' ? 'approval' : 'rejection'
    const { answer } = await sequencer.submit({
      kind: 'decision',
      content: { intent, approval: digest, decision },
      blobs: [{ digest, kind, content: signedContent(signed) }],
    })
    const answered = await answer
    if (!isRefusal(answered)) return { intent, ...(await this.#proved(answered.seqs[0] ?? 0)) }
    // Another coordinator may have recorded the same decision in between.
    const now = await copy.read(get(tables.decision, intent, person))
    return now?.approval === digest ? { intent, ...(await this.#proved(now.seq)) } : answered
  }

  /** One listed person stops everything, or one vault, at once. */
  async freeze(signed: Signed): Promise<Recorded | Refusal> {
    const { copy, memory, clock, sequencer } = this.#ports
    const { roster } = (await memory.at(copy)).inForce
    const opened = attempt(() => {
      const key = credentialAt(roster, signed.credential, clock.now())
      if (key === undefined || !freezeVerifies(signed, key.publicKey)) {
        return refuse('APPROVAL_SIG', `no signature of ${signed.credential} over this freeze`)
      }
      const freeze = parseFreeze(signed.document)
      // Kept under the digest of its document, it would stand where the person's own belongs.
      if (freeze.credential !== signed.credential) {
        refuse('APPROVAL_SIG', `expected a signature of ${freeze.credential}`)
      }
      return freeze
    })
    if (isRefusal(opened)) return opened
    const { scope, person } = opened
    const text = signedEnclosure(signed)
    const freeze = enclosureDigest(text)
    const body = { freeze, scope }
    const lines = [{ actor: person, type: 'freeze.set', body }]
    const { answer } = await sequencer.submit({
      kind: 'lines',
      content: { receipts: [], lines, documents: [text] },
      blobs: [{ digest: freeze, kind: 'freeze', content: toUtf8(text) }],
    })
    const answered = await answer
    if (!isRefusal(answered)) return this.#proved(answered.seqs[0] ?? 0)
    const known = await copy.read(get(tables.freeze, scope))
    return known?.freeze === freeze ? this.#proved(known.seq) : answered
  }

  async #proved(seq: number): Promise<Recorded> {
    return { seq, ...(await this.#ports.proofs.effective(seq)) }
  }
}

const decisions = literal('approve', 'reject')

/** What the document says it is; the tag of its signature must agree. */
function readDecision({ document }: Signed): 'approve' | 'reject' {
  const value: Json = parseText(document)
  const written = typeof value === 'object' && 'decision' in value ? value['decision'] : undefined
  return decisions(written, 'decision')
}
