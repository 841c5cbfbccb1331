// Successions of the root at the border: a new root is proposed once with everything that came with
// it, and whoever asks gets every root with the signatures and the line that brought it, so that
// the chain can be proved from the pinned one without believing this program.
import { parseEntry } from '../policy/audit/entry.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { parseRoot } from '../policy/documents.ts'
import { parseRootSignatures } from '../policy/succession.ts'
import { toUtf8 } from '../proto/crypto.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import type { Recorded } from './decisions.ts'
import type { Copy } from './page.ts'
import type { Proofs } from './proofs.ts'
import type { Roots } from './roots.ts'
import type { Sequencer } from './sequencer.ts'
import { readBlob } from './store/blobs.ts'

export interface SentRoot {
  readonly root: string
  readonly signatures: string
  readonly documents: readonly string[]
}

export interface SuccessionPorts {
  readonly roots: Roots
  readonly sequencer: Sequencer
  readonly proofs: Proofs
}

export async function submitRoot(
  { roots, sequencer, proofs }: SuccessionPorts,
  { root: written, signatures, documents }: SentRoot,
): Promise<Recorded | Refusal> {
  const read = attempt(() => {
    const root = parseRoot(written)
    if (parseRootSignatures(signatures).root !== root.digest) {
      refuse('RULESET_SIG', 'signatures of another root')
    }
    return root
  })
  if (isRefusal(read)) return read
  // Sent again, it is answered again.
  const known = roots.reigns.find(({ root }) => root.digest === read.digest)
  if (known !== undefined) return provedAt(proofs, known.from)
  const answer = await sequencer.propose({
    kind: 'root',
    content: { root: written, signatures, documents: [...documents] },
  })
  return isRefusal(answer) ? answer : provedAt(proofs, answer.seqs[0] ?? 0)
}

/** As the wire carries them. */
export async function rootSteps(copy: Copy, { reigns }: Roots, proofs: Proofs) {
  const steps = reigns.map(async ({ root, from }) => {
    const [entry = new Uint8Array(0)] = await proofs.lines(from, 1)
    const text = (await copy.read(get(tables.document, root.digest)))?.text ?? ''
    return { root: toUtf8(text), signatures: await signaturesOf(copy, entry), entry }
  })
  return Promise.all(steps)
}

async function signaturesOf(copy: Copy, line: Uint8Array): Promise<Uint8Array> {
  const entry = line.length === 0 ? undefined : parseEntry(line)
  const digest = entry?.type === 'root.activated' ? entry.body.signatures : undefined
  const blob = digest === undefined ? undefined : await readBlob(copy.session, digest)
  return blob?.content ?? new Uint8Array(0)
}

async function provedAt(proofs: Proofs, seq: number): Promise<Recorded> {
  return { seq, ...(await proofs.effective(seq)) }
}
