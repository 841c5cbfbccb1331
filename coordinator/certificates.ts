// Address certificates: asks every holder of a key that is here for its word on some addresses, and
// makes the files that payers check, as soon as t have answered; of a cold vault, every witness
// that is here, until q have, and beside them goes what every station confirmed. Nothing is kept: a
// word is made when it is asked for, so that it is never older than the question.
// INVARIANT: no file with fewer words than it takes, or with one that says anything else than this
// coordinator's own log: whoever reads it would refuse all of it.
import { addressFile } from '../policy/address-certificate.ts'
import {
  type AddressAsked,
  addressWord,
  coldAddressWord,
  type RootText,
  subjectOf,
  type Word,
} from '../policy/address-word.ts'
import { parseEntry } from '../policy/audit/entry.ts'
import { keyCertificateOf } from '../policy/audit/key-chain.ts'
import { requireAllNodes } from '../policy/audit/key-confirm.ts'
import type { Reigns } from '../policy/audit/reigns.ts'
import { coldAddressFile } from '../policy/cold-address.ts'
import { cosignersOf, type Root, type RootWitness } from '../policy/documents.ts'
import type { VaultRow } from '../policy/view.ts'
import { addressKind, coldAddressKind } from '../proto/address-documents.ts'
import { fromUtf8, toHex } from '../proto/crypto.ts'
import { readSigned } from '../proto/frames.ts'
import { limits } from '../proto/limits.ts'
import { type Kind, kinds, openBy } from '../proto/node-documents.ts'
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
import type { SigningPorts } from './signing.ts'
import { readKeyLines } from './store/lines.ts'
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

/** Who is asked, how many have to answer, and what they write. */
interface Circle {
  readonly members: readonly RootWitness[]
  readonly needed: number
  readonly kind: Kind<Word>
  readonly word: typeof addressWord
  readonly lacking: 'NOT_ENOUGH_SIGNERS' | 'NOT_ENOUGH_WITNESSES'
}

interface Asked {
  readonly circle: Circle
  readonly row: VaultRow
  /** Of the circle, those that are here. */
  readonly nodes: readonly RootWitness[]
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
    const { links, random, clock, root } = this.#ports
    const circle = attempting(() => circleOf(root, row))
    if (isRefusal(circle)) return circle
    const nodes = circle.members.filter(({ node }) => links.link(node) !== undefined)
    if (nodes.length < circle.needed) {
      const here = nodes.map(({ node }) => node).join(', ') || 'none'
      const who = root.cold ? 'witnesses' : 'nodes'
      const because = `expected ${circle.needed} ${who} of ${row.vault}, got ${here}`
      return refusal(circle.lacking, because)
    }
    const asks = paths.map((path): AddressAsked => ({ root, row, network, path }))
    const stop = new AbortController()
    const over = () => stop.abort()
    const [words, refusals] = [new Map(), new Map()]
    const subjects = asks.map((asking) => expected(circle, asking))
    const asked: Asked = { circle, row, nodes, subjects, words, refusals, over }
    const ticket = random(16)
    this.#asked.set(toHex(ticket), asked)
    try {
      const certify = { ticket, vault: row.vault, paths: [...paths] }
      for (const { node } of nodes) links.send(node, { frame: 'certify', certify })
      await clock.sleep(patienceMs, stop.signal)
    } finally {
      this.#asked.delete(toHex(ticket))
    }
    return asked.words.size < circle.needed ? unanswered(asked) : this.#files(asked)
  }

  #hear(node: string, answer: Answer): void {
    if (answer.frame !== 'certified' && answer.frame !== 'refused') return
    const { ticket } = answer.frame === 'certified' ? answer.certified : answer.refused
    const asked = this.#asked.get(toHex(ticket))
    const member = asked?.nodes.find((one) => one.node === node)
    if (asked === undefined || member === undefined) return
    if (answer.frame === 'refused') {
      const signed = readSigned(answer.refused.refusal)
      openBy(kinds.refusal, signed, member.identity)
      asked.refusals.set(node, signed)
    } else {
      this.#take(member, asked, answer.certified.certificates.map(readSigned))
    }
    const { needed } = asked.circle
    const left = asked.nodes.length - asked.refusals.size
    if (asked.words.size >= needed || left < needed) asked.over()
  }

  #take({ node, identity }: RootWitness, asked: Asked, words: readonly Signed[]): void {
    const { clock } = this.#ports
    if (words.length !== asked.subjects.length) {
      refuse('VIEW', `expected ${asked.subjects.length} certificates, got ${words.length}`)
    }
    for (const [at, signed] of words.entries()) {
      const { value } = openBy(asked.circle.kind, signed, identity)
      if (value.node !== node || subjectOf(value) !== asked.subjects[at]) {
        refuse('VIEW', `${node} says something else of ${value.vault} at ${value.path}`)
      }
      const skewMs = Math.abs(clock.now() - value.issued)
      if (skewMs > limits.clockSkewMs) refuse('CLOCK', `${node}: its clock is ${skewMs} ms off`)
    }
    asked.words.set(node, words)
  }

  /** In the order of the root. */
  async #files({ circle, nodes, words, subjects, row }: Asked): Promise<Files> {
    const roots = await this.#rootTexts()
    const said = nodes.flatMap(({ node }) =>
      [words.get(node) ?? []].filter((one) => one.length > 0),
    )
    const chosen = subjects.map((_, at) =>
      said.slice(0, circle.needed).flatMap((list) => list[at] ?? []),
    )
    if (circle.kind.tag === addressKind.tag) return chosen.map((some) => addressFile(roots, some))
    const key = await this.#keyCertificate(row)
    return chosen.map((some) => coldAddressFile(roots, key, some))
  }

  async #keyCertificate(row: VaultRow) {
    const { copy, root } = this.#ports
    const lines = await readKeyLines(copy.session, root.log.origin)
    return keyCertificateOf(lines.map(parseEntry), row)
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

/** t holders of a hot key; q witnesses of a cold log, whose stations are at no link. */
function circleOf(root: Root, row: VaultRow): Circle {
  if (root.cold) {
    // Else no payer would read the file.
    requireAllNodes(row, root)
    return {
      members: cosignersOf(root),
      needed: root.witness.q,
      kind: coldAddressKind,
      word: coldAddressWord,
      lacking: 'NOT_ENOUGH_WITNESSES',
    }
  }
  const members = row.participants.flatMap(({ node }) => {
    return root.nodes.filter((one) => one.node === node)
  })
  return {
    members,
    needed: Math.max(row.t, root.quorumCrypto.t),
    kind: addressKind,
    word: addressWord,
    lacking: 'NOT_ENOUGH_SIGNERS',
  }
}

function expected({ kind, word }: Circle, asked: AddressAsked): string {
  const anyone = { node: 'anyone', issuedMs: 0, size: 0 }
  return subjectOf(kind.shape(word(asked, anyone), 'certificate'))
}

function unanswered({ circle, refusals, nodes, words }: Asked): Refusal {
  if (nodes.length - refusals.size < circle.needed) {
    return failureOf({ reason: 'REFUSED', refusals: [...refusals.values()] })
  }
  const silent = nodes
    .map(({ node }) => node)
    .filter((node) => !words.has(node) && !refusals.has(node))
  return refusal(circle.lacking, `no word in time of ${silent.join(', ')}`)
}
