// The bytes of a first attempt, on whatever network: which encoder, which endpoints, and what the
// policy says of their form and life. Those of a message stand in its intent and ask no endpoint.
// Retries sign what stands in the last warrant.
import { acceptsFor } from '../policy/chain/chain.ts'
import { chainOf, messageOn } from '../policy/chain/chains.ts'
import { derive } from '../policy/chain/derive.ts'
import type { SlotRule } from '../policy/places.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { Cancelling, VaultRow } from '../policy/view.ts'
import type { BuildOrder, Built } from './chain-rpc/ledger.ts'
import type { Case } from './desk/case.ts'
import { type DriverPorts, ledgerFor } from './driver.ts'

type OneBody = Extract<SlotRule, { readonly kind: 'one-body' }>

export interface First {
  readonly vault: VaultRow
  /** Of the reservation line. */
  readonly slot: string
  /** Of a cancel: what it lies above. */
  readonly cancelling?: Cancelling | undefined
  /** Signed in a room, days later, and never bumped. */
  readonly isPatient?: boolean
}

/** Throws `Unavailable` when no endpoint answers. */
export function buildFirstBytes(
  ports: Pick<DriverPorts, 'chains' | 'clock'>,
  { intent, inForce }: Pick<Case, 'intent' | 'inForce'>,
  { vault, slot, cancelling, isPatient = false }: First,
): Promise<Built> {
  const chain = chainOf(intent.network)
  if (intent.message !== undefined) {
    const bytes = messageOn(intent.network, intent.message)
    const effect = chain.decode(bytes, acceptsFor(intent, { forms: [] }))
    return Promise.resolve({ kind: 'built', bytes, effect })
  }
  const from = chain.address(derive(vault, intent.path).publicKey)
  const network = networkOf(inForce.rulebook, intent.vault)
  const rule = network?.slot
  const order = { intent, from, slot, now: ports.clock.now(), isPatient, terms: network ?? {} }
  return ledgerFor(ports, intent.network).build({
    ...order,
    lifetimeMs: rule?.kind === 'one-body' ? livesOf(rule, isPatient) : undefined,
    bump: rule?.kind === 'nonce' ? cancelling && above(cancelling, rule.bumpPercent) : undefined,
  })
}

function livesOf({ lifetimeMs, lifetimeColdMs }: OneBody, isPatient: boolean): number {
  return isPatient ? lifetimeColdMs : lifetimeMs
}

function above({ price, tip }: Cancelling, percent: number): BuildOrder['bump'] {
  return { last: { max: 0n, price, tip }, percent }
}
