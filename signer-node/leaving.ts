// The end of a node's part: the root that is in force names it no more, and the old witnesses have
// cosigned the line that took it out. Who left does not come back, and deals and signs nothing any
// more, so every share, backup and Pairing that lies here is only something to be stolen: all of it
// is deleted, as that of a destroyed key.
// INVARIANT: nothing goes before q witnesses of the root that named this node have cosigned that
// line, nor on a log that showed two faces; nor of a key of which fewer than t holders stayed,
// which people gave up: there the share here may be what somebody can still be saved with.
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import type { VaultId } from '../proto/ids.ts'
import { attempt, isRefusal } from '../proto/refusal.ts'
import type { Parts } from './parts.ts'

type LeavingNeeds = Pick<
  Parts,
  | 'copy'
  | 'rows'
  | 'witness'
  | 'keystore'
  | 'keyshares'
  | 'invitations'
  | 'pairings'
  | 'ports'
  | 'changed'
>

export class Leaving {
  readonly #parts: LeavingNeeds
  #isGone = false
  #isSaid = false

  constructor(parts: LeavingNeeds) {
    this.#parts = parts
  }

  /** After anything that may have moved the own copy or what is known of it. */
  review(): void {
    const { copy, witness, keyshares, invitations, pairings, ports, changed } = this.#parts
    if (this.#isGone || !witness.isRemovalSealed || copy.fork() !== undefined) return
    pairings.forgetAll()
    keyshares.forgetAll()
    invitations.destroyAll()
    const gone = attempt(() => this.#destroyAll())
    if (!isRefusal(gone)) {
      this.#isGone = true
      changed()
      return
    }
    // Tried again at every look, and said once.
    if (this.#isSaid) return
    this.#isSaid = true
    ports.report({ level: 'alarm', name: 'keyshare-left', because: gone.because })
  }

  #destroyAll(): void {
    const { keystore, ports } = this.#parts
    const { backups } = keystore
    const here = [...keystore.all(), ...backups.all(), ...backups.unfinished()]
    for (const vault of new Set(here.map((one) => one.vault))) {
      if (this.#isGivenUp(vault)) {
        const because = 'fewer than t of its holders stayed; an operator must look'
        ports.report({ level: 'alarm', name: 'keyshare-last', vault, because })
        continue
      }
      // Of every epoch: no line brings one into force any more in which this node has a part.
      keystore.destroy(vault, Number.POSITIVE_INFINITY)
      const because = 'the root does not name this node any more'
      ports.report({ level: 'warn', name: 'keyshare-destroyed', vault, because })
    }
  }

  #isGivenUp(vault: VaultId): boolean {
    const { rows, witness } = this.#parts
    const row = readSync(get(tables.vault, vault), rows)
    if (row === undefined || row.standing === 'disabled') return false
    const stayed = witness.root?.nodes.map(({ node }) => node) ?? []
    return row.participants.filter(({ node }) => stayed.includes(node)).length < row.t
  }
}
