// Who a Station is while it runs, of the keys that its Token opened; and what its Token is to
// remember after a sitting. INVARIANT: signing keys become signers here and stand nowhere else; the
// node's secret stays its owner's to wipe.
import type { StationCard } from '../../policy/ceremony/station-card.ts'
import { ed25519PublicKey, ed25519Signer, equalBytes, fromHex } from '../../proto/crypto.ts'
import { type Digest, parseNodeId } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import type { TokenFloor } from '../../proto/token-floor.ts'
import type { Curve } from '../dkls23/curve.ts'
import type { Self } from '../self.ts'
import type { Remembered } from './station-log.ts'
import type { StationKeys } from './tokens.ts'

/** Refused when the keys are not those of the card, which the root names. */
export function stationSelf(
  { org, env, node, x, identity, witness }: StationCard,
  keys: Omit<StationKeys, 'transport'>,
  curve: Curve,
): Self {
  const [own, cosigning] = [keys.identity, keys.witness].map(({ bytes }) => ed25519PublicKey(bytes))
  if (own === undefined || cosigning === undefined) throw new Error('expected two keys')
  if (!equalBytes(own, identity) || !equalBytes(cosigning, witness.publicKey)) {
    return refuse('SEAL', `${node}: its keys are not those of its station card`, 'X-11')
  }
  return {
    ...{ org, env, node: parseNodeId(node), x, curve, identity: own, secret: keys.secret },
    sign: ed25519Signer(keys.identity.bytes),
    witness: { publicKey: cosigning, sign: ed25519Signer(keys.witness.bytes) },
  }
}

/** `closed`: root of the Record of this very sitting, of a Station that comes back after it. */
export function rememberedBy(floors: readonly TokenFloor[], closed: Digest | '' = ''): Remembered {
  const seen = floors.flatMap(({ cold: { size, root } }) => {
    return size === 0 ? [] : [{ size, root: fromHex(root) ?? new Uint8Array(0) }]
  })
  return { seen, floors, closed }
}
