// A main log beside a log of cold vaults, for tests: as many lines as a test wants, roots that follow
// each other, and the head that a Bundle carries of it, proved from any earlier size.
import { append, emptyHead, type Head } from '../../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  signCheckpoint,
} from '../../policy/audit/checkpoint.ts'
import type { Entry } from '../../policy/audit/entry.ts'
import { consistencyProof, inclusionProof, MemoryTree, rootAt } from '../../policy/audit/merkle.ts'
import {
  encodeMainHead,
  type MainHead,
  type MainHeadParts,
  readMainHead,
  type SeenMain,
} from '../../policy/ceremony/main-head.ts'
import { parseRoot } from '../../policy/documents.ts'
import { fromUtf8, toHex } from '../../proto/crypto.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { type JsonObject, text } from '../../proto/jcs.ts'
import * as house from './audit-documents.ts'
import { digestNamed, genesisBody, start } from './audit-log.ts'
import {
  digestOfSignatures,
  nextRoot,
  node,
  signedBy,
  threeOfThree,
  type WrittenRoot,
  witnessOf,
} from './succession.ts'

const firstWitnesses = ['node-a', 'node-b', 'node-c']

export class MainLog {
  readonly #tree = new MemoryTree()
  #head: Head = emptyHead
  readonly #lines: Entry[] = []
  readonly #roots: { readonly of: WrittenRoot; readonly line: Entry; readonly signed: string }[] =
    []

  readonly #t: number

  /** Of this organisation; another second makes it another log of the same root. */
  constructor(of: JsonObject = {}, second = 0) {
    this.#t = start + 1_000 * second
    const written = text({ ...house.root, ...of })
    this.#add('log.genesis', genesisBody)
    this.#bring({ root: parseRoot(written), text: written }, '')
  }

  get first(): WrittenRoot {
    return this.#roots[0]!.of
  }

  get size(): number {
    return this.#tree.size
  }

  line(seq: number): string {
    return fromUtf8(this.#lines[seq]!.bytes)!
  }

  seen(size = this.size): SeenMain & { readonly root: ReturnType<typeof parseDigest> } {
    return { size, root: parseDigest(toHex(rootAt(this.#tree, size))) }
  }

  grow(count: number): this {
    for (let at = 0; at < count; at += 1) this.#add('log.heartbeat', {})
    return this
  }

  /** node-d in the place of node-c, from here on. */
  replaceNode(signers: readonly string[] = ['governance']): this {
    const next = nextRoot(
      { nodes: [node.a, node.b, node.d], witness: { w: 3, f: 0, q: threeOfThree.quorum } },
      this.#roots.at(-1)!.of,
    )
    return this.#bring(next, signedBy(next, signers))
  }

  head(cosigners: readonly string[] = firstWitnesses): string {
    const { size } = this
    const body = checkpointBody({ origin: house.origin, size, root: rootAt(this.#tree, size) })
    return formatNote(body, [
      signCheckpoint(body, house.log, house.keyOf('log').sign),
      ...cosigners.map((name) => {
        const { sign } = house.keyOf(`${name}-witness`)
        return cosignCheckpoint(body, witnessOf(name), start + 60_000, sign)
      }),
    ])
  }

  parts(from: readonly number[], cosigners?: readonly string[]): MainHeadParts {
    const [first, ...later] = this.#roots
    return {
      head: this.head(cosigners),
      first: first!.of.text,
      later: later.map(({ of, line, signed }) => ({
        ...{ root: of.text, signatures: signed, entry: fromUtf8(line.bytes)! },
        proof: inclusionProof(this.#tree, line.seq, this.size),
      })),
      steps: new Map(from.map((size) => [size, consistencyProof(this.#tree, size, this.size)])),
    }
  }

  /** As whoever has a plan of it reads it. */
  read(from: readonly number[]): MainHead & { readonly bytes: Uint8Array } {
    const { digest: mainRoot, org, env } = this.first.root
    const bytes = this.carried(from)
    const origin = parseHandle(`${house.origin}-cold`)
    return { ...readMainHead(bytes, { mainRoot, org, env, origin }), bytes }
  }

  grown(from: number, to: number): readonly Uint8Array[] {
    return consistencyProof(this.#tree, from, to)
  }

  carried(from: readonly number[] = [], cosigners?: readonly string[]): Uint8Array {
    return encodeMainHead(this.parts(from, cosigners))
  }

  #bring(of: WrittenRoot, signed: string): this {
    const { digest, version } = of.root
    const signatures = signed === '' ? {} : { signatures: digestOfSignatures(signed) }
    const body = { root: digest, ruleset: digestNamed('ruleset'), version, ...signatures }
    this.#roots.push({ of, signed, line: this.#add('root.activated', body) })
    return this
  }

  #add(type: Entry['type'], body: JsonObject): Entry {
    const { entry, head } = append(this.#head, { actor: 'coordinator', type, body, t: this.#t })
    this.#head = head
    this.#tree.append(entry.leaf)
    this.#lines.push(entry)
    return entry
  }
}
