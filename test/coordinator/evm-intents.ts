/** Intents that move nothing, for walks on an EVM network. */
import type { Intent } from '../../policy/intent.ts'
import { parseDigest, parseHandle } from '../../proto/ids.ts'
import { payout } from './world.ts'

export const nothing = {
  asset: parseHandle('eth-native'),
  contract: '',
  amount: 0n,
} as const

/** The cancel of a payment; `to` is the own address. */
export const cancelling = (id: string, change: Partial<Intent>): Intent =>
  payout({ ...nothing, op: 'evm.cancel', dest: '', cancels: parseDigest(id), ...change })
