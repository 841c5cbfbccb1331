// Address certificates: asks every holder of a key that is here for its word on some addresses, and
// makes the files that payers check, as soon as t have answered. Nothing is kept: a word is made
// when it is asked for, so that it is never older than the question.
// INVARIANT: no file with fewer than t words, or with a word that says anything else than this
// coordinator's own log: whoever reads it would refuse all of it.
import {
  type AddressAsked,
  addressFile,
  addressWord,
  type RootText,
  subjectOf,
} from '../policy/address-certificate.ts'
import type { Reigns } from '../policy/audit/reigns.ts'
import type { Root } from '../policy/documents.ts'
import type { VaultRow } from '../policy/view.ts'
import { addressKind } from '../proto/address-documents.ts'
import { fromUtf8, toHex } from '../proto/crypto.ts'
import { readSigned } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import { kinds, openBy } from '../proto/node-documents.ts'
import {
  attempt as attempting,
  isRefusal,
  type Refusal,
  refusal,
  refuse,
} from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { failureOf } from './key-tries.ts'
import type { Answer } from './links.ts'
import type { Copy } from './page.ts'
import type { Proofs } from './proofs.ts'
import type { Roots } from './roots.ts'
import { identityOf, type SigningPorts } from './signing.ts'
import { rootSteps } from './successions.ts'

export interface CertificatesPorts extends SigningPorts {
  readonly roots: Roots
  readonly copy: Copy
  readonly proofs: Proofs
}

export interface OfVault {
  readonly row: VaultRow
  /** CAIP-2 name of its chain. */
  readonly network: string
}

interface Asked {
  readonly root: Root
  readonly nodes: readonly string[]
  readonly needed: number
  /** What every word has to say, by place. */
  readonly subjects: readonly string[]
  readonly words: Map<string, readonly Signed[]>
  readonly refusals: Map<string, Signed>
  readonly over: () => void
}

const patienceMs = 3_000

export class Certificates {
  readonly #ports: CertificatesPorts
  readonly #asked = new Map<string, Asked>()
  #texts: { readonly of: Reigns; readonly roots: readonly RootText[] } | undefined

  constructor(ports: CertificatesPorts) {
    this.#ports = ports
    ports.links.onAnswer((node, answer) => {
      const heard = attempting(() => this.#hear(node, answer))
      if (!isRefusal(heard)) return
      ports.report({ level: 'warn', name: 'node.answer', because: heard.because, node })
    })
  }

  /** One file for each path, in the same order; at most 50. */
  async of({ row, network }: OfVault, paths: readonly string[]): Promise<Files | Refusal> {
    const { links, random, clock } = this.#ports
    const { root } = this.#ports
    const needed = Math.max(row.t, root.quorumCrypto.t)
    const holders = row.participants.map(({ node }) => node)
    const nodes = holders.filter((node) => links.signers.some((link) => link.node === node))
    if (nodes.length < needed) {
      const here = nodes.join(', ') || 'none'
      return refusal('NOT_ENOUGH_SIGNERS', `expected ${needed} nodes of ${row.vault}, got ${here}`)
    }
    const asks = paths.map((path): AddressAsked => ({ root, row, network, path }))
    const stop = new AbortController()
    const over = () => stop.abort()
    const [words, refusals] = [new Map(), new Map()]
    const subjects = asks.map(expected)
    const asked: Asked = { root, nodes, needed, subjects, words, refusals, over }
    const ticket = random(16)
    this.#asked.set(toHex(ticket), asked)
    try {
      const certify = { ticket, vault: row.vault, paths: [...paths] }
      for (const node of nodes) links.send(node, { frame: 'certify', certify })
      await clock.sleep(patienceMs, stop.signal)
    } finally {
      this.#asked.delete(toHex(ticket))
    }
    return asked.words.size < needed ? unanswered(asked) : this.#files(asked)
  }

  #hear(node: string, answer: Answer): void {
    if (answer.frame !== 'certified' && answer.frame !== 'refused') return
    const { ticket } = answer.frame === 'certified' ? answer.certified : answer.refused
    const asked = this.#asked.get(toHex(ticket))
    if (asked === undefined || !asked.nodes.includes(node)) return
    if (answer.frame === 'refused') {
      const signed = readSigned(answer.refused.refusal)
      openBy(kinds.refusal, signed, identityOf(asked.root, node))
      asked.refusals.set(node, signed)
    } else {
      this.#take(node, asked, answer.certified.certificates.map(readSigned))
    }
    const left = asked.nodes.length - asked.refusals.size
    if (asked.words.size >= asked.needed || left < asked.needed) asked.over()
  }

  #take(node: string, asked: Asked, words: readonly Signed[]): void {
    const { clock } = this.#ports
    if (words.length !== asked.subjects.length) {
      refuse('VIEW', `expected ${asked.subjects.length} certificates, got ${words.length}`)
    }
    for (const [at, signed] of words.entries()) {
      const { value } = openBy(addressKind, signed, identityOf(asked.root, node))
      if (value.node !== node || subjectOf(value) !== asked.subjects[at]) {
        refuse('VIEW', `${node} says something else of ${value.vault} at ${value.path}`)
      }
      const skewMs = Math.abs(clock.now() - value.issued)
      if (skewMs > limits.clockSkewMs) refuse('CLOCK', `${node}: its clock is ${skewMs} ms off`)
    }
    asked.words.set(node, words)
  }

  async #files({ words, subjects, needed }: Asked): Promise<Files> {
    const roots = await this.#rootTexts()
    const said = [...words.values()].slice(0, needed)
    return subjects.map((_, at) =>
      addressFile(
        roots,
        said.flatMap((list) => list[at] ?? []),
      ),
    )
  }

  async #rootTexts(): Promise<readonly RootText[]> {
    const { copy, roots, proofs } = this.#ports
    const of = roots.reigns
    if (this.#texts?.of === of) return this.#texts.roots
    const steps = await rootSteps(copy, roots, proofs)
    const texts = steps.map(({ root, signatures }) => {
      return { root: fromUtf8(root) ?? '', signatures: fromUtf8(signatures) ?? '' }
    })
    this.#texts = { of, roots: texts }
    return texts
  }
}

type Files = readonly Uint8Array[]

function expected(asked: AddressAsked): string {
  const anyone = { node: 'anyone', issuedMs: 0, size: 0 }
  return subjectOf(addressKind.shape(addressWord(asked, anyone), 'certificate'))
}

function unanswered({ refusals, nodes, words, needed }: Asked): Refusal {
  if (nodes.length - refusals.size < needed) {
    return failureOf({ reason: 'REFUSED', refusals: [...refusals.values()] })
  }
  const silent = nodes.filter((node) => !words.has(node) && !refusals.has(node))
  return refusal('NOT_ENOUGH_SIGNERS', `no word in time of ${silent.join(', ')}`)
}
