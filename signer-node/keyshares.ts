// The Keyshares of this node, opened once and held while it runs: their secret hidden, and opened
// for one session at a time. A pending one becomes active when the log says so under q
// cosignatures, and never by a coordinator's word.
// INVARIANT: what is held here is exactly the key, epoch and key state of the witnessed log; one
// that was restored from a backup is given to a refresh and never to a signature.
import { readSync } from '../policy/audit/rows.ts'
import { hasEnded } from '../policy/audit/standing.ts'
import { below, get, tables } from '../policy/audit/tables.ts'
import { carriesRefresh } from '../policy/covered-refresh.ts'
import type { VaultRow } from '../policy/view.ts'
import { toHex } from '../proto/crypto.ts'
import type { VaultId } from '../proto/ids.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import type { Deriving } from '../proto/seal.ts'
import { atOncePorts, type Derivation, type DerivingPorts, derive } from './deriving.ts'
import {
  expectedOfRow,
  type Held,
  type HeldKeyshare,
  hidden,
  maySign,
  nameOf,
  type Opening,
} from './held-keyshare.ts'
import type { KeyshareState } from './keystore.ts'
import type { Parts } from './parts.ts'
import { requireSamePast } from './past.ts'

export type KeysharesNeeds = Pick<
  Parts,
  'self' | 'keystore' | 'rows' | 'copy' | 'witness' | 'ports'
> & {
  /** A share that was held here is about to be wiped: `seq` is the line that made it old. */
  readonly superseded: (vault: VaultId, seq: number) => void
  /** A share is at rest: what works with it ends. */
  readonly rested: (vault: VaultId) => void
  /** One is held that was opened in a later turn than the look that found it. */
  readonly opened: () => void
}

export class Keyshares {
  readonly #needs: KeysharesNeeds
  readonly #held = new Map<VaultId, Held>()
  /** Files that did not open are not tried again before a restart: each try takes its time. */
  readonly #closed = new Set<string>()
  /** Vaults whose share in force is not here: said once. */
  readonly #missing = new Set<string>()
  /** Vaults whose exported share could not be marked: said once. */
  readonly #unmarked = new Set<string>()
  /** Lines of the own copy when pending shares were last looked through. */
  #swept = 0
  /** Keys of which nothing is left here, and when this node first saw that it should be so. */
  readonly #over = new Map<string, { readonly seq: number; isGone: boolean; isSaid: boolean }>()

  /** Opened elsewhere at the moment; one a vault. */
  readonly #opening = new Map<VaultId, Opening>()
  /** Not opened before they are woken. */
  readonly #resting = new Map<VaultId, Pick<Held, 'isRestored'>>()
  /** Shares of exported keys whose files are being marked; one a vault. */
  readonly #marking = new Map<VaultId, Derivation>()
  #ports: DerivingPorts

  constructor(needs: KeysharesNeeds) {
    this.#needs = needs
    this.#ports = needs.ports
  }

  /** To sign with: the Keyshare of exactly this row of the log; none that its dealer knows. */
  of(row: VaultRow): HeldKeyshare | undefined {
    const held = this.#at(row)
    return held !== undefined && maySign(held) ? held.keyshare : undefined
  }

  /** The old share of a refresh or a reshare, restored or not, of the row that is in force. */
  forRefresh(row: VaultRow): HeldKeyshare | undefined {
    return this.#at(row)?.keyshare
  }

  /** Those to sign with. */
  all(): readonly { readonly vault: VaultId; readonly keyshare: HeldKeyshare }[] {
    const signing = [...this.#held].filter(([, held]) => maySign(held))
    return signing.map(([vault, { keyshare }]) => ({ vault, keyshare }))
  }

  /** While there is one, this node signs nothing: its disk was lost, and a copy may exist. */
  restored(): readonly VaultId[] {
    const known = [...this.#held, ...this.#opening, ...this.#resting]
    return known.filter(([, { isRestored }]) => isRestored).map(([vault]) => vault)
  }

  /** After every page and head: opens what the log has made lawful. True when one was opened. */
  review(): boolean {
    // What becomes of the shares of a node that left is decided in `leaving.ts`.
    if (this.#needs.witness.isRemovalSealed) return false
    let isChanged = false
    this.#dropEnded()
    for (const row of this.vaults()) {
      if (this.#isOver(row)) {
        isChanged = this.#destroy(row) || isChanged
        continue
      }
      if (this.#resting.has(row.vault)) continue
      this.#mark(row)
      const isTried = this.#closed.has(nameOf(row)) || this.#isOpening(row)
      if (isTried || this.#at(row) !== undefined || !this.#isWitnessed(row)) continue
      isChanged = this.#open(row) || isChanged
    }
    return isChanged
  }

  vaults(): readonly VaultRow[] {
    return readSync(below(tables.vault), this.#needs.rows)
  }

  /** At a start, before anything is served: here and all in one. */
  reviewAtOnce(): void {
    this.#ports = atOncePorts
    this.review()
    this.#ports = this.#needs.ports
  }

  /**
   * Its secret is wiped, here and in what works with it, and it is not opened again before `wake`.
   * One that was restored still fences this node.
   */
  rest(vault: VaultId): void {
    const isRestored = this.#isRestored(vault)
    this.#endOpening(vault)
    this.#held.get(vault)?.keyshare.forget()
    this.#held.delete(vault)
    this.#resting.set(vault, { isRestored })
    this.#needs.rested(vault)
  }

  /** All at once; what is being opened ends first, because opening also names what is in force. */
  async restAll(): Promise<void> {
    await Promise.all([...this.#opening.values()].map(({ over }) => over.promise))
    for (const { vault } of this.vaults()) this.rest(vault)
  }

  /**
   * Returns when it is held, at once where this node has no part in the key. Refused (SEAL), and at
   * rest again, when it does not open or was put to rest meanwhile.
   */
  async wake(vault: VaultId): Promise<void> {
    const row = this.#row(vault)
    this.#resting.delete(vault)
    if (row === undefined || this.#isOver(row)) return
    // Asked for by a person, so a file that did not open is tried again.
    this.#closed.delete(nameOf(row))
    if (this.review()) this.#needs.opened()
    await this.#opening.get(vault)?.over.promise
    if (this.#at(row) !== undefined) return
    this.rest(vault)
    refuse('SEAL', `${vault}: expected to hold the share of epoch ${row.epoch}; it does not open`)
  }

  /** This node has no part in any key any more: what works with one ends. */
  forgetAll(): void {
    this.#endAll()
    this.#resting.clear()
    for (const row of this.vaults()) this.#forget(row)
  }

  [Symbol.dispose](): void {
    this.#endAll()
    for (const { keyshare } of this.#held.values()) keyshare.forget()
    this.#held.clear()
  }

  #endAll(): void {
    for (const vault of [...this.#opening.keys(), ...this.#marking.keys()]) this.#endOpening(vault)
  }

  /** What it had opened by then is wiped. */
  #endOpening(vault: VaultId): void {
    const opening = this.#opening.get(vault)
    this.#opening.delete(vault)
    opening?.opening.end()
    opening?.over.resolve()
    this.#marking.get(vault)?.end()
    this.#marking.delete(vault)
  }

  #row(vault: VaultId): VaultRow | undefined {
    return readSync(get(tables.vault, vault), this.#needs.rows)
  }

  /** Held, or on its way, or on the disk and not looked at yet. */
  #isRestored(vault: VaultId): boolean {
    const known = this.#held.get(vault) ?? this.#opening.get(vault) ?? this.#resting.get(vault)
    if (known !== undefined) return known.isRestored
    const epoch = this.#row(vault)?.epoch
    const files = this.#needs.keystore.held(vault)
    return files.some((file) => file.epoch === epoch && file.state === 'restored')
  }

  #at({ vault, epoch, keyState }: VaultRow): Held | undefined {
    const held = this.#held.get(vault)
    const isSame =
      held?.keyshare.facts.epoch === epoch && toHex(held.keyshare.keyState) === keyState
    return isSame ? held : undefined
  }

  #isWitnessed({ vault, epoch }: VaultRow): boolean {
    const { witness, copy } = this.#needs
    const seq = copy.keyLine(vault, epoch)
    return seq !== undefined && witness.coverage(seq).isCovered
  }

  /** True when it was opened at once. */
  #open(row: VaultRow): boolean {
    const { vault } = row
    // Of no use any more, whether or not the new one is here and opens.
    this.#forget(row)
    const state = this.#stateOf(row)
    if (state === undefined) return false
    let isLater = false
    const over = Promise.withResolvers<void>()
    const opening = derive(this.#opened(row, state), this.#ports, (opened) => {
      this.#opening.delete(vault)
      if (this.#took(row, state, opened) && isLater) this.#needs.opened()
      over.resolve()
    })
    isLater = !opening.isOver
    const isRestored = state === 'restored'
    if (isLater) this.#opening.set(vault, { name: nameOf(row), isRestored, opening, over })
    return this.#at(row) !== undefined
  }

  /** Opened before it is renamed: a file that does not open must not replace anything. */
  *#opened(row: VaultRow, state: KeyshareState): Deriving<HeldKeyshare | undefined> {
    const { keystore } = this.#needs
    using keyshare = yield* keystore.opening(expectedOfRow(row), state)
    // What was opened was checked as a whole: enough for one turn.
    yield
    // The log may have gone on meanwhile; then the next look finds what is in force.
    if (!this.#isInForce(row)) return undefined
    requireSamePast(keyshare.facts, row)
    keystore.activate(row.vault, row.epoch)
    return hidden(keyshare, keystore)
  }

  #took(row: VaultRow, state: KeyshareState, opened: HeldKeyshare | Refusal | undefined): boolean {
    const { ports } = this.#needs
    const { vault, epoch } = row
    if (opened === undefined) return false
    if (isRefusal(opened)) {
      this.#closed.add(nameOf(row))
      ports.report({ level: 'alarm', name: 'keyshare-closed', vault, because: opened.because })
      return false
    }
    const isRestored = state === 'restored'
    this.#held.set(vault, { keyshare: opened, isRestored })
    const because = `epoch ${epoch}`
    if (isRestored) ports.report({ level: 'alarm', name: 'keyshare-restored', vault, because })
    else ports.report({ level: 'info', name: 'keyshare-active', vault, because })
    return true
  }

  #isInForce({ vault, epoch, keyState }: VaultRow): boolean {
    const row = this.#row(vault)
    return row?.epoch === epoch && row.keyState === keyState && !this.#isOver(row)
  }

  /** Of an epoch that another one replaced meanwhile nothing more is opened. */
  #isOpening(row: VaultRow): boolean {
    const opening = this.#opening.get(row.vault)
    if (opening === undefined || opening.name === nameOf(row)) return opening !== undefined
    this.#endOpening(row.vault)
    return false
  }

  /**
   * Every holder of an exported key writes it into its file, once the line is witnessed. Only from
   * a file that says so does a part leave; and a log that forgot the line opens it no more.
   */
  #mark(row: VaultRow): void {
    const { rows, witness } = this.#needs
    const { vault } = row
    const held = this.#at(row)
    const line = row.exported ? readSync(get(tables.exported, vault), rows) : undefined
    if (held === undefined || held.isRestored || held.keyshare.facts.past.isExported) return
    if (line === undefined || !witness.coverage(line.seq).isCovered) return
    if (this.#marking.has(vault)) return
    const marking = derive(this.#marked(row), this.#ports, (marked) => {
      this.#marking.delete(vault)
      this.#tookMarked(row, held, marked)
    })
    if (!marking.isOver) this.#marking.set(vault, marking)
  }

  *#marked(row: VaultRow): Deriving<HeldKeyshare> {
    const { keystore } = this.#needs
    using keyshare = yield* keystore.marking(expectedOfRow(row))
    return hidden(keyshare, keystore)
  }

  #tookMarked(row: VaultRow, held: Held, marked: HeldKeyshare | Refusal): void {
    const { ports } = this.#needs
    const { vault } = row
    if (isRefusal(marked)) {
      // Tried again at every look, and said once.
      if (this.#unmarked.has(nameOf(row))) return
      this.#unmarked.add(nameOf(row))
      ports.report({ level: 'alarm', name: 'keyshare-unmarked', vault, because: marked.because })
      return
    }
    // Another one is held by now, or none.
    if (this.#held.get(vault) !== held) {
      marked.forget()
      return
    }
    held.keyshare.forget()
    this.#held.set(vault, { keyshare: marked, isRestored: false })
    const because = `epoch ${row.epoch}: the key signs no more`
    ports.report({ level: 'warn', name: 'keyshare-exported', vault, because })
  }

  /** True when one was held; the sessions that work with it end, and what they opened is wiped. */
  #forget({ vault, epoch }: VaultRow): boolean {
    this.#held.get(vault)?.keyshare.forget()
    if (!this.#held.delete(vault)) return false
    this.#needs.superseded(vault, this.#needs.copy.keyLine(vault, epoch) ?? 0)
    return true
  }

  /**
   * Whoever confirmed a key may not lose its share, because the line may still come. It never comes
   * when the change that asked for it has ended under q cosignatures: then the share only lies
   * there, and takes one of the few places for pending ones.
   */
  #dropEnded(): void {
    const { copy, witness, keystore, rows, ports } = this.#needs
    const size = copy.size()
    if (size === this.#swept || !witness.coverage(size - 1).isCovered) return
    this.#swept = size
    const { t } = copy.head()
    for (const { vault, epoch, made } of keystore.pending()) {
      const change = readSync(get(tables.intent, made), rows)
      const row = readSync(get(tables.vault, vault), rows)
      const inForce = row?.epoch ?? -1
      if (change === undefined || !hasEnded(change, t) || epoch <= inForce) continue
      // An import that is in force still carries its refresh.
      if (carriesRefresh(change, row)) continue
      keystore.dropPending(vault, epoch)
      const because = `epoch ${epoch}: its change has ended`
      ports.report({ level: 'warn', name: 'pending-dropped', vault, because })
    }
  }

  /** Destroyed by an approved change, or dealt anew to others. */
  #isOver({ standing, participants }: VaultRow): boolean {
    const { self } = this.#needs
    return standing === 'disabled' || !participants.some(({ node }) => node === self.node)
  }

  /** True when something went; not before the line that says so is witnessed. */
  #destroy(row: VaultRow): boolean {
    const { copy, witness, keystore, ports } = this.#needs
    const { vault, epoch, standing } = row
    const name = `${nameOf(row)} ${standing}`
    const over = this.#over.get(name) ?? { seq: copy.size() - 1, isGone: false, isSaid: false }
    this.#over.set(name, over)
    if (over.isGone || !witness.coverage(over.seq).isCovered) return false
    const held = this.#forget(row)
    this.#resting.delete(vault)
    // A share of a later epoch is kept: whoever confirmed it may not lose it.
    const through = standing === 'disabled' ? Number.POSITIVE_INFINITY : epoch
    const gone = attempt(() => keystore.destroy(vault, through))
    if (isRefusal(gone)) {
      // Tried again at every look, and said once.
      if (over.isSaid) return held
      over.isSaid = true
      ports.report({ level: 'alarm', name: 'keyshare-left', vault, because: gone.because })
      return held
    }
    over.isGone = true
    if (gone === 0) return held
    const because = standing === 'disabled' ? 'the key was destroyed' : 'others hold the key now'
    ports.report({ level: 'warn', name: 'keyshare-destroyed', vault, because })
    return true
  }

  /** Whatever lies beside a restored one, the restored one counts. */
  #stateOf(row: VaultRow): KeyshareState | undefined {
    const { keystore, ports } = this.#needs
    const held = keystore.held(row.vault)
    const states = held.filter(({ epoch }) => epoch === row.epoch).map(({ state }) => state)
    if (states.length === 0 && !this.#missing.has(nameOf(row))) {
      this.#missing.add(nameOf(row))
      const here = held.map(({ epoch }) => epoch).join(', ') || 'none'
      const because = `the log has epoch ${row.epoch}, here: ${here}`
      ports.report({ level: 'alarm', name: 'keyshare-missing', vault: row.vault, because })
    }
    return states.find((state) => state === 'restored') ?? states[0]
  }
}
