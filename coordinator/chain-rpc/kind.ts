// ChainKind: how the networks of one CAIP-2 namespace are reached. What their transactions are is
// said in `policy/chain/`; nodes ask no endpoint and know nothing of this.
import type { ChainFile } from '../../policy/audit/chain-file.ts'
import type { OpenedDeposits } from '../../policy/audit/own-addresses.ts'
import type { Watch } from './breaker.ts'
import type { Finality } from './evm-final.ts'
import type { Ledger } from './ledger.ts'
import type { Block, Look } from './look.ts'
import type { Pause } from './patience.ts'

export interface ReachOptions extends Watch {
  /** CAIP-2. */
  readonly network: string
  readonly urls: readonly string[]
  /** Blocks on top of what counts as final, where the kind counts them. */
  readonly confirmations: number
  readonly timeoutMs: number
}

export interface LedgerOptions extends ReachOptions {
  readonly finality?: Finality
  /** A head that has not moved for longer is stale. */
  readonly stillMs: number
}

export interface LookOptions extends ReachOptions {
  /** How many have to say the same. */
  readonly witnesses: number
}

/** What an auditor asks for. */
export interface Range {
  readonly network: string
  /** First block, above 0. */
  readonly from: bigint
  /** Last block; where nodes tell balances of now alone it may be a later one, the last then. */
  readonly to: Block
  readonly addresses: readonly string[]
  readonly deposits: readonly OpenedDeposits[]
  /** Contracts. */
  readonly tokens: readonly string[]
  /** Where nodes keep no earlier states: balances at the end are told, so it has to be now. */
  readonly closes?: boolean
  /** There, too: the file of the blocks before, whose balances are those of the beginning. */
  readonly after?: ChainFile
  /** Waits before what too few told is asked for again; without it that ends it. */
  readonly pause?: Pause
  /** Where every block is read. */
  readonly progress?: (height: bigint) => void
  /** How many addresses, or balances, were looked at, of which vault or what. */
  readonly looked?: (what: string, count: number) => void
}

export interface AuditLook extends Look {
  /** What these addresses did in the range, for a chain file. */
  collect(range: Range): Promise<ChainFile>
}

/** Words of a coordinator's chain that mean something on some kinds of networks only. */
export type Word = 'finality' | 'foreignNonce'

export interface ChainKind {
  readonly namespace: string
  readonly words: readonly Word[]
  /** For payments. */
  readonly ledger: (options: LedgerOptions) => Ledger
  /** For a watcher and an auditor; where there is none, they refuse the network by name. */
  readonly look?: (options: LookOptions) => AuditLook
}
