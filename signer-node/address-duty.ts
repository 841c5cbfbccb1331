// This node's word on addresses, for whoever is about to pay: it derives each from the public facts
// of the keyshare that it signs with, and says so under its identity key. Asked by a coordinator,
// and believing nothing of it: the vault, its key, its network and how many deposit addresses there
// are come from the own copy of the log.
// INVARIANT: no word without an open share of the key in force, before every backup is proven, on a
// path at which no money is taken, above the indices that a witnessed line opened, or from a copy
// of the log that is old: the key may have been destroyed since.
import { addressWord } from '../policy/address-word.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { depositIndex, requireReceiving } from '../policy/deposit-path.ts'
import { addressKind } from '../proto/address-documents.ts'
import { type CoordinatorPart, writeSigned } from '../proto/frames.ts'
import { parseVaultId, type VaultId } from '../proto/ids.ts'
import { attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { signBy } from '../proto/node-documents.ts'
import { isRefusal, refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import {
  type InForce,
  requireBounded,
  requireFresh,
  requireNotFrozen,
  requireProven,
  Tally,
  vaultInForce,
} from './address-view.ts'
import { deriveChild, parsePath } from './dkls23/derivation.ts'
import type { HeldKeyshare } from './held-keyshare.ts'
import type { Parts } from './parts.ts'
import { nothingNamed, refusedFrame } from './refusals.ts'

/** What may be said of a vault now. */
type Known = Pick<InForce, 'row' | 'network'> & { readonly keyshare: HeldKeyshare }

export class AddressDuty {
  readonly #parts: Parts
  readonly #tally: Tally

  constructor(parts: Parts) {
    this.#parts = parts
    this.#tally = new Tally(parts.ports.clock)
  }

  *asked(coordinator: string, part: CoordinatorPart<'certify'>): InTurns {
    const { ports } = this.#parts
    const { ticket } = part
    const words = yield* attemptInTurns(this.#words(coordinator, part))
    if (isRefusal(words)) {
      ports.send(coordinator, refusedFrame(this.#parts, ticket, nothingNamed, words))
      return
    }
    const certificates = words.map(writeSigned)
    ports.send(coordinator, { frame: 'certified', certified: { ticket, certificates } })
  }

  /** One address a turn; what may be said is asked again before anything leaves. */
  *#words(
    coordinator: string,
    { vault: name, paths }: CoordinatorPart<'certify'>,
  ): InTurns<readonly Signed[]> {
    requireBounded(paths)
    const vault = parseVaultId(name)
    const known = this.#known(vault, paths)
    this.#tally.count(coordinator, paths.length)
    const words: Signed[] = []
    for (const path of paths) {
      yield
      words.push(this.#word(known, path))
    }
    const { keyState } = this.#known(vault, paths).row
    if (keyState !== known.row.keyState) refuse('EPOCH', `${vault}: the key has another epoch now`)
    return words
  }

  #known(vault: VaultId, paths: readonly string[]): Known {
    const { closed, bans, rows, keyshares } = this.#parts
    const shut = closed()
    if (shut !== undefined) refuse(shut.code, shut.because)
    requireNotFrozen(vault, rows)
    if (bans.isFrozen(vault)) refuse('FROZEN', 'frozen by the operator')
    const { row, network, tier } = vaultInForce(vault, rows)
    if (tier === 'cold') refuse('NOT_SUPPORTED', 'of a cold vault its witnesses say so')
    requireProven(vault, rows)
    const keyshare = keyshares.of(row)
    if (keyshare === undefined) {
      return refuse('EPOCH', `no keyshare of ${vault} for epoch ${row.epoch} signs here`)
    }
    requireFresh(this.#parts)
    const opened = this.#opened(vault)
    for (const path of paths) {
      requireReceiving(path)
      const index = depositIndex(path)
      if (index !== undefined && index >= opened) {
        refuse('LINE_MISSING', `${path}: expected an index below ${opened}, of ${vault}`)
      }
    }
    return { row, network, keyshare }
  }

  /** How many indices are open; of a line that is on its way to the witnesses, those before it. */
  #opened(vault: VaultId): number {
    const { rows, witness } = this.#parts
    const line = readSync(get(tables.deposits, vault), rows)
    if (line === undefined) return 0
    return witness.coverage(line.seq).isCovered ? line.until : line.from
  }

  #word({ row, network, keyshare }: Known, path: string): Signed {
    const { self, copy, witness, ports } = this.#parts
    const { root } = witness
    if (root === undefined) return refuse('RULESET_VERSION', 'no root is in force')
    const own = { node: self.node, issuedMs: ports.clock.wallMs(), size: copy.size() }
    const document = addressWord({ root, row, network, path }, own)
    // By the share's own facts, as for a signature: the two have nothing in common but BIP-32.
    const { publicKey } = deriveChild(self.curve, keyshare.facts, parsePath(path))
    const derived = chainOf(network).address(publicKey)
    if (document['address'] !== derived) {
      refuse('BYTES_FROM', `${path}: expected ${derived} of the own share, got another`)
    }
    return signBy(addressKind, document, self)
  }
}
