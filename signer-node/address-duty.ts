// This node's word on addresses, for whoever is about to pay: it derives each from the public facts
// of the keyshare that it signs with, and says so under its identity key. Asked by a coordinator,
// and believing nothing of it: the vault, its key, its network and how many deposit addresses there
// are come from the own copy of the log.
// INVARIANT: no word without an open share of the key in force, before every backup is proven, on a
// path at which no money is taken, above the indices that a witnessed line opened, or from a copy
// of the log that is old: the key may have been destroyed since.
import { addressWord } from '../policy/address-certificate.ts'
import { parseEntry } from '../policy/audit/entry.ts'
import { isShown } from '../policy/audit/fold-backups.ts'
import { frozenByPeople, inForce } from '../policy/audit/history.ts'
import { readSync } from '../policy/audit/rows.ts'
import { get, tables } from '../policy/audit/tables.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { depositIndex, requireReceiving } from '../policy/deposit-path.ts'
import { networkOf, parseRulebook } from '../policy/rulebook.ts'
import type { VaultRow } from '../policy/view.ts'
import { addressKind } from '../proto/address-documents.ts'
import { type CoordinatorPart, writeSigned } from '../proto/frames.ts'
import { parseVaultId, type VaultId } from '../proto/ids.ts'
import { attemptInTurns, type InTurns } from '../proto/in-turns.ts'
import { limits } from '../proto/limits.ts'
import { signBy } from '../proto/node-documents.ts'
import { isRefusal, refuse } from '../proto/refusal.ts'
import { remember } from '../proto/remember.ts'
import type { Signed } from '../proto/signed.ts'
import { deriveChild, parsePath } from './dkls23/derivation.ts'
import type { HeldKeyshare } from './held-keyshare.ts'
import type { Parts } from './parts.ts'
import { nothingNamed, refusedFrame } from './refusals.ts'

/** What may be said of a vault now. */
interface Known {
  readonly row: VaultRow
  readonly network: string
  readonly keyshare: HeldKeyshare
}

const minuteMs = 60_000
// Every question is about one of the same few.
const rulebookOf = remember(2, parseRulebook)

export class AddressDuty {
  readonly #parts: Parts
  /** Addresses said since the minute began. */
  #said = { fromMs: 0, count: 0 }

  constructor(parts: Parts) {
    this.#parts = parts
  }

  *asked(coordinator: string, part: CoordinatorPart<'certify'>): InTurns {
    const { ports } = this.#parts
    const { ticket } = part
    const words = yield* attemptInTurns(this.#words(part))
    if (isRefusal(words)) {
      ports.send(coordinator, refusedFrame(this.#parts, ticket, nothingNamed, words))
      return
    }
    const certificates = words.map(writeSigned)
    ports.send(coordinator, { frame: 'certified', certified: { ticket, certificates } })
  }

  /** One address a turn; what may be said is asked again before anything leaves. */
  *#words({ vault: name, paths }: CoordinatorPart<'certify'>): InTurns<readonly Signed[]> {
    requireBounded(paths)
    const vault = parseVaultId(name)
    const known = this.#known(vault, paths)
    this.#count(paths.length)
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
    const frozen = readSync(frozenByPeople(vault), rows)
    if (frozen.length > 0) refuse('FROZEN', `frozen: ${frozen.join(', ')}`)
    if (bans.isFrozen(vault)) refuse('FROZEN', 'frozen by the operator')
    const { row, network } = this.#inForce(vault)
    if (!readSync(isShown(vault), rows)) {
      refuse('BACKUP', `${vault}: expected every backup to be proven`)
    }
    const keyshare = keyshares.of(row)
    if (keyshare === undefined) {
      return refuse('EPOCH', `no keyshare of ${vault} for epoch ${row.epoch} signs here`)
    }
    this.#requireFresh()
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

  /** As the log and the policy in force have it. */
  #inForce(vault: VaultId): Pick<Known, 'row' | 'network'> {
    const { rows } = this.#parts
    const { policy } = readSync(inForce(), rows)
    const text = policy === '' ? undefined : readSync(get(tables.document, policy), rows)
    if (text === undefined) return refuse('RULESET_VERSION', 'no policy is in force yet')
    const rulebook = rulebookOf(text.text)
    const named = rulebook.vaults.get(vault)
    const network = networkOf(rulebook, vault)?.caip2
    if (named === undefined || network === undefined) {
      return refuse('VAULT_NOT_FOUND', `the policy names no ${vault}`)
    }
    if (named.tier === 'cold') refuse('NOT_SUPPORTED', 'a cold vault is shown at its ceremony')
    const row = readSync(get(tables.vault, vault), rows)
    if (row === undefined) return refuse('VAULT_NOT_FOUND', `no key of ${vault} is in force`)
    if (row.key !== named.key) refuse('KEY_DISABLED', `${vault}: the policy names ${named.key}`)
    if (row.standing !== 'active') refuse('KEY_DISABLED', `the key of ${vault} is ${row.standing}`)
    return { row, network }
  }

  /** How many indices are open; of a line that is on its way to the witnesses, those before it. */
  #opened(vault: VaultId): number {
    const { rows, witness } = this.#parts
    const line = readSync(get(tables.deposits, vault), rows)
    if (line === undefined) return 0
    return witness.coverage(line.seq).isCovered ? line.until : line.from
  }

  /** A coordinator can withhold lines; it cannot make witnesses cosign others. */
  #requireFresh(): void {
    const { copy, ports } = this.#parts
    const seq = this.#newestWitnessed()
    const line = seq === undefined ? undefined : copy.line(seq)
    if (line === undefined) refuse('COSIGN', 'no line is witnessed yet')
    const ageMs = ports.clock.wallMs() - parseEntry(line).t
    if (ageMs > limits.addressViewMsMax) {
      refuse('LOG_BEHIND', `the newest witnessed line is ${ageMs} ms old`)
    }
  }

  /** Whoever has seen a line has seen all before it. */
  #newestWitnessed(): number | undefined {
    const { copy, witness } = this.#parts
    let [from, to] = [0, copy.size()]
    while (from < to) {
      const middle = (from + to) >> 1
      if (witness.coverage(middle).isCovered) from = middle + 1
      else to = middle
    }
    return from === 0 ? undefined : from - 1
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

  #count(addresses: number): void {
    const now = this.#parts.ports.clock.monotonicMs()
    if (now - this.#said.fromMs >= minuteMs) this.#said = { fromMs: now, count: 0 }
    if (this.#said.count + addresses > limits.addressesPerMinuteMax) {
      refuse('BUSY', `expected at most ${limits.addressesPerMinuteMax} addresses a minute`)
    }
    this.#said.count += addresses
  }
}

function requireBounded(paths: readonly string[]): void {
  const most = limits.addressesPerCallMax
  if (paths.length >= 1 && paths.length <= most) return
  refuse('TOO_LARGE', `expected 1 to ${most} paths, got ${paths.length}`)
}
