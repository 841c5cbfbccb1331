// The bytes of a first attempt, on whatever network: which encoder, which endpoints, and what the
// policy says of their form and life. Those of a message stand in its intent and ask no endpoint.
// Retries sign what stands in the last warrant.
import { acceptsFor } from '../policy/chain/chain.ts'
import { chainOf } from '../policy/chain/chains.ts'
import { derive } from '../policy/chain/derive.ts'
import { encodeMessage, parseMessage } from '../policy/chain/evm-message.ts'
import { networkOf } from '../policy/rulebook.ts'
import type { Cancelling, VaultRow } from '../policy/view.ts'
import { type Built, buildTransfer } from './build.ts'
import { buildTronTransfer } from './build-tron.ts'
import type { Case } from './desk/case.ts'
import { chainFor, type DriverPorts, tronFor } from './driver.ts'

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
  if (intent.message !== undefined) {
    const bytes = encodeMessage(parseMessage(intent.message))
    const accepts = acceptsFor(intent, { forms: [] })
    const effect = chainOf(intent.network).decode(bytes, accepts)
    return Promise.resolve({ kind: 'built', bytes, effect })
  }
  const from = chainOf(intent.network).address(derive(vault, intent.path).publicKey)
  const network = networkOf(inForce.rulebook, intent.vault)
  if (network?.slot.kind === 'one-body') {
    const { lifetimeMs, lifetimeColdMs } = network.slot
    const lives = isPatient ? lifetimeColdMs : lifetimeMs
    const { prices } = network
    const order = { intent, from, now: ports.clock.now(), lifetimeMs: lives, prices }
    return buildTronTransfer(tronFor(ports, intent.network), order)
  }
  const bump = cancelling &&
    network && { last: { max: 0n, ...cancelling }, percent: network.slot.bumpPercent }
  const order = { intent, from, slot, isPatient, form: network?.forms[0], ...(bump && { bump }) }
  return buildTransfer(chainFor(ports, intent.network), order)
}
