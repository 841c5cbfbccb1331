// Unsealing: one login, one answer of the token for each file, and the token is let go before the
// node serves anybody. Which token it is, that its module is the pinned one and that its maker is
// one for this environment is settled before a PIN is given to it.
// INVARIANT: the three keys of the node open, or nothing has happened; a keyshare that does not
// open is named and stays closed. What went wrong leaves no DEK behind.
import { attempt, isRefusal, Refused, refuse } from '../proto/refusal.ts'
import { parseSeal, type Seal } from '../proto/seal-file.ts'
import { type TokenSealKey, tokenTask, unwrapByToken } from '../proto/seal-token.ts'
import { parseTokenCard, sealKeyOf, type TokenCard } from '../proto/token-card.ts'
import type { SignerConfig } from './config.ts'
import type { TokenKeystore } from './config-keystore.ts'
import { Secret } from './dkls23/secret.ts'
import { requireHardware } from './hsm/enrol.ts'
import { Hsm, type HsmPorts } from './hsm/hsm.ts'
import type { TokenPlace } from './hsm/token.ts'
import type { PinTries, Trying } from './pin-tries.ts'
import { TokenWay } from './way-in.ts'

export interface SealedFile {
  /** For messages. */
  readonly name: string
  readonly bytes: Uint8Array
  /** Without it there is no node. */
  readonly isNeeded: boolean
}

/** Of a node whose files are sealed to tokens. */
export interface TokenSettings {
  readonly owner: Pick<SignerConfig, 'org' | 'env' | 'node'>
  readonly keystore: TokenKeystore
  readonly cards: readonly TokenCard[]
}

export interface UnsealPorts extends HsmPorts {
  readonly tries: PinTries
}

export interface Unsealed {
  readonly way: TokenWay
  /** The card of the token that did it. */
  readonly by: TokenCard
  /** Names of files that stay closed. */
  readonly closed: readonly string[]
}

/** The cards of the configuration, each the pinned one and this node's. */
export function pinnedCards(
  { org, env, node }: TokenSettings['owner'],
  pinned: readonly { readonly bytes: Uint8Array; readonly digest: string }[],
): readonly TokenCard[] {
  const cards = pinned.map(({ bytes, digest }) => {
    const card = parseTokenCard(bytes)
    if (card.digest !== digest) {
      refuse('CONFIG', `keystore.tokens: expected the card ${digest}, got ${card.digest}`)
    }
    if (card.org !== org || card.env !== env || card.node !== node) {
      refuse('CONFIG', `keystore.tokens: a card of ${card.node} (${card.org} ${card.env})`)
    }
    requireHardware(env, card.manufacturer)
    return card
  })
  if (new Set(cards.map(({ id }) => id)).size !== cards.length) {
    refuse('CONFIG', 'keystore.tokens: two cards of one id')
  }
  return cards
}

export function sealKeysOf(cards: readonly TokenCard[]): readonly TokenSealKey[] {
  return cards.map((card) => sealKeyOf(card))
}

/** The token that is here, logged in and shown to be the one of its card; dispose of it. */
export async function openOwnToken(
  { owner, keystore, cards }: TokenSettings,
  pin: Secret,
  trying: Trying,
  { tries, ...ports }: UnsealPorts,
): Promise<{ readonly hsm: Hsm; readonly card: TokenCard }> {
  const { file: module, parameters, digest } = keystore.module
  const place = { module, parameters, digest, serial: '' }
  const card = await cardHere(place, cards, ports)
  await using onFailure = new AsyncDisposableStack()
  const hsm = onFailure.use(await Hsm.open({ ...place, serial: card.serial }, ports))
  requireHardware(owner.env, hsm.facts.manufacturer)
  await tries.once(trying, hsm.facts.pin, () => hsm.login(pin, trying.isAcknowledged))
  await hsm.use(card)
  onFailure.move()
  return { hsm, card }
}

/** One card needs no look around: opening it says whether it is here. */
async function cardHere(
  place: TokenPlace,
  cards: readonly TokenCard[],
  ports: HsmPorts,
): Promise<TokenCard> {
  const [only, ...more] = cards
  if (only !== undefined && more.length === 0) return only
  const here = await Hsm.list(place, ports)
  const found = here.map(({ serial }) => serial).join(', ') || 'none'
  const wanted = cards.map(({ serial }) => serial).join(' or ')
  const card = cards.find(({ serial }) => here.some((one) => one.serial === serial))
  return card ?? refuse('TOKEN_ABSENT', `expected the token ${wanted}, here: ${found}`)
}

/** The PIN stays the caller's to wipe. */
export async function unseal(
  settings: TokenSettings,
  files: readonly SealedFile[],
  pin: Secret,
  { trying, ports }: { readonly trying: Trying; readonly ports: UnsealPorts },
): Promise<Unsealed> {
  const { hsm, card } = await openOwnToken(settings, pin, trying, ports)
  await using _token = hsm
  using onFailure = new DisposableStack()
  const way = onFailure.use(new TokenWay(sealKeysOf(settings.cards), ports.random))
  const closed: string[] = []
  for (const file of files) {
    using dek = await dekOf(hsm, card, file)
    if (dek !== undefined) way.learn(file.bytes, dek)
    else if (file.isNeeded) refuse('SEAL', `${file.name}: does not open with the token ${card.id}`)
    else closed.push(file.name)
  }
  onFailure.move()
  return { way, by: card, closed }
}

/** Undefined for what does not open here; a token that has gone is another matter. */
export async function dekOf(
  hsm: Hsm,
  card: TokenCard,
  { name, bytes, isNeeded }: SealedFile,
): Promise<Secret | undefined> {
  const seal = attempt(() => parseSeal(bytes))
  if (isRefusal(seal)) return undefined
  const key = sealKeyOf(card)
  const task = tokenTask(seal, key)
  if (task === undefined) {
    if (isNeeded) refuse('SEAL', `${name}: ${notFor(seal, card)}`)
    return undefined
  }
  try {
    using answer = await hsm.answer(task)
    const dek = unwrapByToken(seal, key, answer.bytes)
    return dek === undefined ? undefined : new Secret(dek)
  } catch (error) {
    if (isSealRefusal(error)) return undefined
    throw error
  }
}

function notFor({ stanzas }: Seal, { id }: TokenCard): string {
  const isByPassphrase = stanzas.some(({ how }) => how === 'scrypt')
  return isByPassphrase
    ? 'sealed to a passphrase and not to tokens: custody hsm seal'
    : `sealed to other tokens than ${id}`
}

function isSealRefusal(error: unknown): boolean {
  return error instanceof Refused && error.refusal.code === 'SEAL'
}
