// Every secret of a Station that can be told from outside by whoever has its medium, its token and its
// PIN: the keys of its Seals (DEKs), and the end of what each Seal holds, which of a keyshare is the
// share. For tests that then look for them everywhere else.
import { join } from 'node:path'
import type { StationCard } from '../../policy/ceremony/station-card.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { openWithDek } from '../../proto/seal-token.ts'
import { openMedium, sealedOn } from '../../signer-node/ceremony/medium.ts'
import { openStationToken, type Slot } from '../../signer-node/ceremony/tokens.ts'
import type { Secret } from '../../signer-node/dkls23/secret.ts'
import { PinTries } from '../../signer-node/pin-tries.ts'
import { dekOf } from '../../signer-node/unseal.ts'
import { random } from './tokens.ts'

const endBytes = 32

export async function secretsOnMedium(
  {
    slot,
    card,
    pin,
    home,
  }: {
    readonly slot: Slot
    readonly card: StationCard
    readonly pin: () => Secret
    /** For the count of tries. */
    readonly home: string
  },
  medium: string,
): Promise<Map<string, Uint8Array>> {
  const pad = { say: () => {}, line: async () => '', secret: async () => pin() }
  const asked = { pad, tries: new PinTries(home), exception: () => {} }
  await using token = await openStationToken(slot, card, 'any', { random, pin: asked })
  const secrets = new Map<string, Uint8Array>()
  for (const file of sealedOn(openMedium(medium))) {
    using dek = await dekOf(token.hsm, token.card, file)
    if (dek === undefined) throw new Error(`${file.name}: does not open`)
    const name = join(card.node, file.name)
    secrets.set(`${name} (its DEK)`, dek.bytes.slice())
    const opened = openWithDek(file.bytes, parseSeal(file.bytes).thing, dek.bytes)
    secrets.set(name, opened.slice(-endBytes))
    opened.fill(0)
  }
  return secrets
}
