// This node's copy of the log: takes only an honest extension, folds it, cosigns the own head (the
// walk, section 6, W1 to W5). A cosignature says "one consistent tree", not "lawful": void lines
// are appended too, and grant nothing.
// INVARIANT: a line, its rows and the head are one transaction; the second place of the floor is
// written before a cosignature leaves; the own head never shrinks and never forks. Whether it may
// cosign at all after a start is `floor.ts`.

import type { Check } from '../policy/admit.ts'
import type { Head } from '../policy/audit/chain.ts'
import {
  checkpointBody,
  cosignCheckpoint,
  formatNote,
  type Note,
  parseNote,
  signedByLog,
  type Vkey,
} from '../policy/audit/checkpoint.ts'
import { type Documents, readEnclosures } from '../policy/audit/enclosures.ts'
import type { Entry } from '../policy/audit/entry.ts'
import { createFold, type Fold } from '../policy/audit/fold.ts'
import { rootOf } from '../policy/audit/merkle.ts'
import { type Coverage, type Reign, type Reigns, readReigns } from '../policy/audit/reigns.ts'
import { type Rows, readSync } from '../policy/audit/rows.ts'
import type { Verifies } from '../policy/chain/signature.ts'
import { membersOf, parseRoot, type Root, type RootWitness } from '../policy/documents.ts'
import { equalBytes, fromUtf8 } from '../proto/crypto.ts'
import type { CoordinatorPart, NodePart } from '../proto/frames.ts'
import type { Digest } from '../proto/ids.ts'
import type { InTurns } from '../proto/in-turns.ts'
import { limits } from '../proto/limits.ts'
import { attempt, isRefusal, Refused, refuse } from '../proto/refusal.ts'
import type { FloorPlace } from './floor-file.ts'
import { Heads, type OtherFace } from './heads.ts'
import type { HistoryRows } from './history-rows.ts'
import type { Journal } from './journal.ts'
import type { LogCopy } from './log-copy.ts'
import type { Clock, Event } from './ports.ts'
import type { WitnessSelf } from './self.ts'
import { type FoldedLine, foldInParts, type Linked, linkInParts } from './taking.ts'

export type Page = CoordinatorPart<'lines'>

/** What a page was to this copy. Malformed pages are refused and leave nothing. */
export type Taken =
  | { readonly kind: 'appended'; readonly entries: readonly Entry[] }
  /** W2: nothing new, and the same tree. */
  | { readonly kind: 'held' }
  | { readonly kind: 'behind' }
  | { readonly kind: 'fork'; readonly face: OtherFace }

export interface WitnessNeeds {
  readonly self: WitnessSelf
  readonly origin: string
  /** The first root; later ones come with the log. */
  readonly rootDigest: Digest
  readonly copy: LogCopy
  readonly rows: HistoryRows
  readonly journal: Journal
  readonly floor: FloorPlace
  /** For signatures in the log; the reference where there is none. */
  readonly verifies?: Verifies
  readonly clock: Clock
  readonly report: (event: Event) => void
}

/** Of a long page: kept in one step, which waits for the disk. */
const linesPerStep = 64

/** `awaited`: no root has named this node yet; `removed`: one did, the one in force does not. */
export type Standing = 'awaited' | 'named' | 'removed'

export class Witness {
  readonly heads: Heads
  readonly #needs: WitnessNeeds
  readonly #fold: Fold
  #reigns: Reigns
  #isRootNew = false

  constructor(needs: WitnessNeeds) {
    this.#needs = needs
    const { rootDigest, origin, verifies } = needs
    this.#fold = createFold({ rootDigest, origin, ...(verifies && { verifies }) })
    this.heads = new Heads(needs.copy, needs.report, () => this.vkey?.name)
    this.#reigns = this.#readReigns(this.#needs.rows)
  }

  /** The own witness key under the name that the last root to name this node gave it. */
  get vkey(): Vkey | undefined {
    return membersIn(this.#lastNaming()).find((one) => this.#isSelf(one))?.witness
  }

  /** Every root of the own copy; empty until the first page brought the pinned one. */
  get reigns(): Reigns {
    return this.#reigns
  }

  /** The one in force. */
  get root(): Root | undefined {
    return this.#reigns.at(-1)?.root
  }

  get standing(): Standing {
    const last = this.#lastNaming()
    if (last === undefined) return 'awaited'
    return last === this.#reigns.at(-1) ? 'named' : 'removed'
  }

  /** The old quorum has seen the line that took this node out: it can do without this node. */
  get isRemovalSealed(): boolean {
    const last = this.#lastNaming()
    const next = last && this.#reigns[this.#reigns.indexOf(last) + 1]
    return next !== undefined && this.coverage(next.from).isCovered
  }

  /** Who has seen this line; nobody while no root is known. */
  coverage(seq: number): Coverage {
    if (this.#reigns.length === 0) return { q: 0, seen: 0, isCovered: false }
    return this.heads.coverage(this.#reigns, seq)
  }

  get size(): number {
    return this.#needs.copy.size()
  }

  get head(): { readonly size: number; readonly root: Uint8Array } {
    const { size, frontier } = this.#needs.copy.head()
    return { size, root: rootOf(frontier) }
  }

  /**
   * In parts, each `step` durable when it returns. Refuses a malformed page (W4) and a page without
   * a document of its lines: then nothing of it is kept. A long page is kept in several steps, so
   * after a crash the copy may end within it: a prefix of what the log signed, and not cosigned.
   */
  *take(page: Page, step: (work: () => void) => void): InTurns<Taken> {
    const { copy, origin, rows } = this.#needs
    if (page.origin !== origin) refuse('LOG_MALFORMED', `expected origin ${origin}`, 'N5')
    const documents = by('N7', () => readDocuments(page))
    const root = this.#reigns[0]?.root ?? this.#rootAmong(documents)
    const note = by('N5', () => readCheckpoint(page, root))
    const own = copy.head()
    if (page.from > own.size) return { kind: 'behind' }
    const { size } = note.checkpoint
    const held = copy.rootAt(size)
    if (held !== undefined) {
      const isSame = equalBytes(held, note.checkpoint.root)
      return isSame ? { kind: 'held' } : { kind: 'fork', face: this.#face(size, page) }
    }
    const linked = yield* inParts('N7', this.#linked(own, page))
    const end = linked.at(-1)?.head ?? own
    if (!equalBytes(rootOf(end.frontier), note.checkpoint.root)) {
      refuse('LOG_MALFORMED', `checkpoint ${size} has another root than its lines`, 'N6')
    }
    by('N3', () => this.#requirePast(end.t))
    yield
    const folding = { fold: this.#fold, documents, rows }
    const { folded, after } = yield* inParts('N7', foldInParts(linked, folding))
    if (folded.some(isRootNew)) this.#readReigns(after)
    for (let at = 0; at < folded.length; at += linesPerStep) {
      yield
      const part = folded.slice(at, at + linesPerStep)
      const isLast = at + part.length === folded.length
      step(() => this.#keep(part, isLast ? page : undefined))
      this.settled()
    }
    return { kind: 'appended', entries: folded.map(({ entry }) => entry) }
  }

  /** After a step with a new root was committed: what is known now. */
  settled(): void {
    if (!this.#isRootNew) return
    this.#isRootNew = false
    const before = this.standing
    this.#reigns = this.#readReigns(this.#needs.rows)
    const { report } = this.#needs
    const because = `root ${this.root?.version}`
    report({ level: 'info', name: 'root-in-force', because })
    if (before === 'named' && this.standing === 'removed') {
      report({ level: 'alarm', name: 'removed', because: `${because} does not name this node` })
    }
  }

  /** The cosignature of the own latest head, never of a smaller one. The floor is written first. */
  cosign(): NodePart<'cosigned'> {
    const { copy, self, origin, clock } = this.#needs
    const vkey = this.vkey
    if (vkey === undefined) return refuse('LOG_BEHIND', 'the root is not known yet')
    const head = copy.head()
    const root = rootOf(head.frontier)
    this.writeFloor()
    const body = checkpointBody({ origin, size: head.size, root })
    const line = cosignCheckpoint(body, vkey, clock.wallMs(), self.witness.sign)
    const note = formatNote(body, [line])
    this.heads.keepOwn(vkey, { size: head.size, root, note })
    return { origin, size: head.size, root, note: new TextEncoder().encode(note) }
  }

  /** Before a cosignature or a share leaves: how far this node has ever signed. */
  writeFloor(): void {
    const { copy, journal, floor } = this.#needs
    const { size, frontier } = copy.head()
    floor.write({ size, root: rootOf(frontier), counter: journal.head().counter })
  }

  *#linked(own: Head, page: Page): InTurns<readonly Linked[]> {
    const skipped = own.size - page.from
    for (const [at, line] of page.lines.slice(0, skipped).entries()) {
      if (at > 0 && at % linesPerStep === 0) yield
      const held = this.#needs.copy.line(page.from + at)
      if (held === undefined || !equalBytes(held, line)) {
        refuse('LOG_MALFORMED', `line ${page.from + at} differs from the one held`)
      }
    }
    return yield* linkInParts(own, page.lines.slice(skipped))
  }

  /** `t` never decreases, so one line from the far future would stop the log's clock for ever. */
  #requirePast(t: number): void {
    const ahead = t - this.#needs.clock.wallMs()
    if (ahead > limits.clockSkewMs) refuse('CLOCK', `the newest line is ${ahead} ms ahead of here`)
  }

  /** Inside a step; of the last part of a page with the checkpoint over it. */
  #keep(part: readonly FoldedLine[], page: Page | undefined): void {
    const { rows, copy, report } = this.#needs
    for (const { entry, writes, fault } of part) {
      if (fault !== undefined) {
        report({ level: 'alarm', name: 'void-line', because: `${entry.seq}: ${fault}` })
        continue
      }
      rows.apply(writes)
      keepKeyLine(copy, entry)
    }
    if (part.some(isRootNew)) this.#isRootNew = true
    const end = part.at(-1)?.head ?? copy.head()
    const entries = part.map(({ entry }) => entry)
    copy.append(entries, end)
    if (page === undefined) return
    const { size, frontier } = end
    copy.keepCheckpoint({ size, root: rootOf(frontier), note: checkpointText(page) })
  }

  #face(size: number, page: Page): OtherFace {
    const held = this.#needs.copy.checkpoint(size)?.note ?? ''
    return { held, offered: checkpointText(page) }
  }

  #rootAmong(documents: Documents): Root {
    const [text] = documents.get(this.#needs.rootDigest) ?? []
    return text === undefined
      ? refuse('LINE_MISSING', 'the pinned root did not come with the first lines')
      : requireSelf(parseRoot(text), this.#needs.self)
  }

  /** Refused where a root names other keys for this node than those that were opened here. */
  #readReigns(rows: Rows): Reigns {
    const reigns = readSync(readReigns(), rows)
    for (const { root } of reigns) requireSelf(root, this.#needs.self)
    return reigns
  }

  #lastNaming(): Reign | undefined {
    return this.#reigns.findLast((reign) => membersIn(reign).some((one) => this.#isSelf(one)))
  }

  #isSelf({ node }: { readonly node: string }): boolean {
    return node === this.#needs.self.node
  }
}

/** w − q + f + 1: one of them is honest and cosigned with this node whatever it ever signed. */
export function floorAnswers({ witness: { w, q, f } }: Root): number {
  return w - q + f + 1
}

function isRootNew({ entry, fault }: FoldedLine): boolean {
  return entry.type === 'root.activated' && fault === undefined
}

/** A refusal of this work says which of the checks it is. */
function by<T>(check: Check, work: () => T): T {
  const done = attempt(work)
  return isRefusal(done) ? refuse(done.code, done.because, check) : done
}

/** The same of work in parts. */
function* inParts<T>(check: Check, work: InTurns<T>): InTurns<T> {
  try {
    return yield* work
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    const { code, because } = error.refusal
    return refuse(code, because, check)
  }
}

function membersIn(reign: Reign | undefined): readonly RootWitness[] {
  return reign === undefined ? [] : membersOf(reign.root)
}

/** The keys that were opened here, and the office, are those that the root names for this node. */
function requireSelf(root: Root, self: WitnessSelf): Root {
  const named = membersOf(root).find(({ node }) => node === self.node)
  if (named === undefined) return root
  const x = root.nodes.find(({ node }) => node === self.node)?.x
  const same =
    x === self.x &&
    equalBytes(named.identity, self.identity) &&
    equalBytes(named.witness.publicKey, self.witness.publicKey)
  if (!same) refuse('CONFIG', `the root names other keys, or another x, for ${self.node}`)
  return root
}

function readDocuments({ documents }: Page): Documents {
  const texts = documents.map(({ content }) => fromUtf8(content))
  return readEnclosures(
    texts.map((text) => text ?? refuse('LOG_MALFORMED', 'document: expected utf-8')),
  )
}

/** N5: parsed strictly, signed by the pinned key, over exactly the lines of this page. */
function readCheckpoint(page: Page, root: Root): Note {
  const count = page.lines.length
  if (count > limits.pageLinesMax) refuse('TOO_LARGE', `page of ${count} lines`)
  const note = parseNote(page.checkpoint)
  if (!signedByLog(note, root.log.vkey)) {
    refuse('LOG_MALFORMED', `checkpoint is not signed by ${root.log.origin}`)
  }
  if (note.checkpoint.size !== page.from + count) {
    refuse('LOG_MALFORMED', `checkpoint ${note.checkpoint.size} over ${page.from}+${count} lines`)
  }
  return note
}

function checkpointText({ checkpoint }: Page): string {
  return fromUtf8(checkpoint) ?? ''
}

/** Where a key or a new epoch of one came into the log: in force when that line is witnessed. */
function keepKeyLine(copy: LogCopy, entry: Entry): void {
  switch (entry.type) {
    case 'intent.created':
      if (entry.body.op !== 'key.import') break
      copy.keepImport(entry.body.vault, entry.seq, entry.body.intent)
      break
    case 'key.generated':
    case 'key.created':
    case 'key.imported':
    case 'key.refreshed':
    case 'key.reshared':
      copy.keepKeyLine(entry.body.vault, entry.body.epoch, entry.seq)
      break
    default:
  }
}
