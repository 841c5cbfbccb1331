// Enrolment: the trial, two key pairs born in the token, and the card that says so. What production
// refuses is refused here and again at every start: makers whose keys lie in files.
// INVARIANT: a card is made of what was read back from the token and is signed by it.
import { toHex } from '../../proto/crypto.ts'
import type { Handle } from '../../proto/ids.ts'
import { refuse } from '../../proto/refusal.ts'
import {
  cardMessage,
  softwareMakers,
  type TokenProfile,
  tokenCardDocument,
} from '../../proto/token-card.ts'
import type { Hsm, HsmRandom } from './hsm.ts'

export interface EnrolWish {
  readonly org: Handle
  readonly env: 'prod' | 'test' | 'dev'
  readonly node: Handle
  readonly id: Handle
  /** What its keys may lack, in words of the probe. */
  readonly gaps: readonly string[]
  /** Another than the first that works. */
  readonly profile?: TokenProfile | undefined
}

/** The card's bytes; the token must be logged in, and its new keys are in use afterwards. */
export async function enrolToken(
  hsm: Hsm,
  wish: EnrolWish,
  random: HsmRandom,
): Promise<Uint8Array> {
  const { org, env, node, id } = wish
  const { facts } = hsm
  requireHardware(env, facts.manufacturer)
  const { profile: found } = await hsm.probe()
  const profile = wish.profile ?? found
  if (profile === '') return refuse('TOKEN_WRONG', 'this token opens in none of our ways')
  const ids = { identity: random(16), seal: random(16) }
  const { identity, seal, gaps } = await hsm.enrol(ids, profile, wish.gaps)
  const { manufacturer, model, serial, firmware, module } = facts
  const unsigned = {
    format: 'custody-token/v1',
    ...{ org, env, node, id, profile, manufacturer, model, serial, firmware, module, gaps },
    identity: toHex(identity),
    seal: toHex(seal),
    identityId: toHex(ids.identity),
    sealId: toHex(ids.seal),
  }
  return tokenCardDocument(unsigned, await hsm.sign(cardMessage(unsigned)))
}

export function requireHardware(env: EnrolWish['env'], manufacturer: string): void {
  if (env === 'prod' && softwareMakers.includes(manufacturer)) {
    refuse('TOKEN_WRONG', `${manufacturer}: a token in software is none for production`)
  }
}
