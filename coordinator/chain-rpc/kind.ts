// ChainKind: how the networks of one CAIP-2 namespace are reached. What their transactions are is
// said in `policy/chain/`; nodes ask no endpoint and know nothing of this.
import type { ChainFile } from '../../policy/audit/chain-file.ts'
import type { Watch } from './breaker.ts'
import type { Finality } from './evm-final.ts'
import type { Ledger } from './ledger.ts'
import type { Look } from './look.ts'
import type { TronRange } from './tron-outflows.ts'

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
export type Range = TronRange

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
