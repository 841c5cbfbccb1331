// A light witness's word on the address of a cold vault, for whoever is about to pay: which key its
// own copy of the log has in force, on which network, and that the address is that of this key. It
// has no share and does not say that the key can sign; that every station confirmed it stands in
// the log, and beside this word in the payer's file.
// INVARIANT: no word of a log that is not cold, of a key that is not held by exactly the stations
// of the root in force, before every backup is proven, by lines that q witnesses have not seen,
// while it is frozen, at any path but the vault's own, or from a copy of the log that is old.
// Nothing here imports the protocol.
import { coldAddressWord } from '../policy/address-word.ts'
import { requireAllNodes } from '../policy/audit/key-confirm.ts'
import { ownPath } from '../policy/deposit-path.ts'
import type { Root } from '../policy/documents.ts'
import { requireTemper } from '../policy/vault.ts'
import { coldAddressKind } from '../proto/address-documents.ts'
import { type CoordinatorPart, writeSigned } from '../proto/frames.ts'
import { parseVaultId } from '../proto/ids.ts'
import { attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { signBy } from '../proto/node-documents.ts'
import { isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import {
  requireBounded,
  requireFresh,
  requireNotFrozen,
  requireProven,
  Tally,
  type Viewing,
  vaultInForce,
} from './address-view.ts'
import type { Ports } from './ports.ts'
import { nothingNamed, refusedFrame } from './refusals.ts'
import type { WitnessSelf } from './self.ts'

export interface ColdAddressNeeds extends Viewing {
  readonly self: WitnessSelf
  readonly ports: Pick<Ports, 'clock' | 'send' | 'report'>
  /** Why this witness says nothing now; undefined while it does. */
  readonly closed: () => Refusal | undefined
}

export class ColdAddressDuty {
  readonly #needs: ColdAddressNeeds
  readonly #tally: Tally

  constructor(needs: ColdAddressNeeds) {
    this.#needs = needs
    this.#tally = new Tally(needs.ports.clock)
  }

  *asked(coordinator: string, part: CoordinatorPart<'certify'>): InTurns {
    const { ports } = this.#needs
    const { ticket } = part
    const words = yield* attemptInTurns(this.#words(coordinator, part))
    if (isRefusal(words)) {
      ports.send(coordinator, refusedFrame(this.#needs, ticket, nothingNamed, words))
      return
    }
    const certificates = words.map(writeSigned)
    ports.send(coordinator, { frame: 'certified', certified: { ticket, certificates } })
  }

  /** All in one turn: a cold vault has one address. */
  *#words(
    coordinator: string,
    { vault, paths }: CoordinatorPart<'certify'>,
  ): InTurns<readonly Signed[]> {
    requireBounded(paths)
    const other = paths.find((path) => path !== ownPath)
    if (other !== undefined)
      refuse('NOT_SUPPORTED', `${other}: expected ${ownPath} of a cold vault`)
    this.#tally.count(coordinator, paths.length)
    yield
    return paths.map(() => this.#word(vault))
  }

  #word(name: string): Signed {
    const { self, copy, rows, ports } = this.#needs
    const root = this.#root()
    const vault = parseVaultId(name)
    requireNotFrozen(vault, rows)
    const { row, network, tier } = vaultInForce(vault, rows)
    requireTemper(tier, root)
    const provenAt = requireProven(vault, rows)
    requireAllNodes(row, root)
    const witnessed = requireFresh(this.#needs)
    const madeAt = copy.keyLine(vault, row.epoch) ?? Number.POSITIVE_INFINITY
    if (Math.max(provenAt, madeAt) > witnessed) {
      refuse('COSIGN', `${vault}: the lines of its key are not witnessed yet`)
    }
    const own = { node: self.node, issuedMs: ports.clock.wallMs(), size: copy.size() }
    return signBy(
      coldAddressKind,
      coldAddressWord({ root, row, network, path: ownPath }, own),
      self,
    )
  }

  /** The one in force, of a log whose vaults are cold. */
  #root(): Root {
    const { witness, closed } = this.#needs
    const shut = closed()
    if (shut !== undefined) refuse(shut.code, shut.because)
    const { root } = witness
    if (root === undefined) return refuse('RULESET_VERSION', 'no root is in force')
    if (!root.cold) refuse('NOT_SUPPORTED', 'a light witness has no share: its nodes say so')
    return root
  }
}
