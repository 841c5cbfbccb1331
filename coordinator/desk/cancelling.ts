// What a cancel would take over, or why it takes nothing: asked when it is submitted, while it
// waits, and in the run that reserves it.
import { requireFew, takenBy } from '../../policy/audit/cancels.ts'
import type { Intent } from '../../policy/intent.ts'
import type { VaultId } from '../../proto/ids.ts'
import { type Refusal, Refused } from '../../proto/refusal.ts'
import type { Copy } from '../page.ts'

/** One nonce of one address. */
export interface Nonce {
  readonly vault: VaultId
  readonly path: string
  readonly slot: string
}

/** Undefined for every request that is no cancel. */
export async function nonceTaken(
  copy: Pick<Copy, 'read'>,
  intent: Pick<Intent, 'cancels' | 'vault' | 'path' | 'network'>,
  t: number,
): Promise<Nonce | Refusal | undefined> {
  const { cancels, vault, path } = intent
  if (cancels === undefined) return undefined
  try {
    const { slot, before } = await copy.read(takenBy(cancels, intent, t))
    await copy.read(requireFew(before))
    return { vault, path, slot }
  } catch (error) {
    if (error instanceof Refused) return error.refusal
    throw error
  }
}
