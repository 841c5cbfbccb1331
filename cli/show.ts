// What an approver sees: the intent in words, computed here from its own bytes with the very
// function that every node uses, so that the digest of the shown text can be approved. The
// coordinator's reading of it is shown nowhere.
// Source: policy design 3.9. The check code is the first 40 bits of the intent's digest, for two
// people to read to each other.
import { addressAt } from '../policy/chain/address.ts'
import { parseCall } from '../policy/chain/evm-call.ts'
import { parseMessage } from '../policy/chain/evm-message.ts'
import { claimsChange, openChange } from '../policy/change.ts'
import { parseDestination } from '../policy/destination.ts'
import { displayDigest, type Named, render } from '../policy/display.ts'
import { type Intent, movesNothing } from '../policy/intent.ts'
import type { Asset } from '../policy/places.ts'
import { ownNamed } from '../policy/recipient.ts'
import { openIntent, type ReadIntent } from '../policy/request.ts'
import { credentialAt } from '../policy/roster.ts'
import { classOfBook, classOfVault } from '../policy/rulebook.ts'
import { baseUnits, decimalOf } from '../policy/units.ts'
import { fromHex, toUtf8 } from '../proto/crypto.ts'
import { readSigned } from '../proto/frames.ts'
import { type Digest, parseHandle, parseVaultId } from '../proto/ids.ts'
import type { WireClient } from '../proto/io/channel-client.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import { attempt, isRefusal, refuse } from '../proto/refusal.ts'
import { paymentOf } from './cancel.ts'
import type { Ruleset } from './ruleset.ts'
import { showChange } from './show-change.ts'
import type { Beside } from './show-plan.ts'
import { type Retyped, retypeEnd, type Shown } from './shown.ts'
import { keyInForce } from './vault.ts'
import { must } from './verb.ts'

export type Package = ReplyOf<'ApprovalService', 'GetApprovalPackage'>

/** Verifies the initiator's signature, finds who the address belongs to, renders. */
export async function show(
  sent: Package,
  ruleset: Ruleset,
  client: WireClient,
  nowMs: number,
): Promise<Shown> {
  const signed = readSigned(sent.intent)
  const { roster } = ruleset
  const credential = credentialAt(roster, signed.credential, nowMs)
  if (credential === undefined) {
    return refuse('INTENT_SIG', `no valid credential ${signed.credential} in the directory`)
  }
  const shown = claimsChange(toUtf8(signed.document))
    ? await showChange(openChange(signed, credential.publicKey), sent.plan, ruleset, client)
    : await showPayment(openIntent(signed, credential.publicKey), sent, ruleset, client)
  const { initiator } = shown.asked
  if (initiator !== credential.person) {
    refuse('INTENT_SIG', `request of ${initiator}, signed by ${credential.person}`)
  }
  return shown
}

async function showPayment(
  { digest, intent }: ReadIntent,
  sent: Package,
  ruleset: Ruleset,
  client: WireClient,
): Promise<Shown> {
  const { rulebook } = ruleset
  const id = parseHandle(sent.rule, 'rule')
  const rule = rulebook.rules.find((item) => item.id === id)
  const asset = rulebook.assets.get(intent.asset)
  if (rule === undefined || asset === undefined) {
    return refuse('DISPLAY', `the policy knows no rule ${id} or no asset ${intent.asset}`)
  }
  const isOfSigner = movesNothing(intent.op) && intent.dest === ''
  const named = isOfSigner
    ? await signerOf(intent, ruleset, client)
    : await recipient(intent, sent.record, ruleset, client)
  const text = render(intent, rulebook, id, named)
  const end = retypeEnd('address', intent.to)
  const { cancels, message } = intent
  if (cancels !== undefined) {
    const beside = await showCancelled(cancels, ruleset, client)
    const retype = [retypeEnd('request to cancel', cancels)]
    return { digest, asked: intent, rule, text, display: displayDigest(text), retype, beside }
  }
  const retype =
    message === undefined
      ? [end, ...retypeCall(intent), retypeAmount(intent, asset)]
      : [end, retypeMessage(message)]
  return { digest, asked: intent, rule, text, display: displayDigest(text), retype }
}

/** What is cancelled, by its own bytes: its id is their digest, so nobody can show another one. */
async function showCancelled(
  cancels: Digest,
  { rulebook }: Ruleset,
  client: WireClient,
): Promise<Beside> {
  const sent = must(await client.ApprovalService.GetApprovalPackage({ id: cancels }))
  const { intent } = paymentOf(toUtf8(readSigned(sent.intent).document), cancels)
  const asset = rulebook.assets.get(intent.asset)
  const amount = asset === undefined ? `${intent.amount}` : amountOf(intent, asset)
  const lines = [
    `CANCELS   ${amount}, ${intent.op}, now ${sent.state}`,
    `          from ${intent.vault} ${intent.path} to ${intent.to}`,
    ...(intent.call === undefined ? [] : [`          ${intent.call}`]),
    `          ${intent.purpose}`,
  ]
  return { text: lines.map((line) => `${line}\n`).join('') }
}

/** What is called, letter by letter: `approve` reads like much else. */
function retypeCall({ call }: Intent): readonly Retyped[] {
  if (call === undefined) return []
  const { name } = parseCall(call).form
  return [{ question: 'the function', isRight: (typed) => typed === name, what: 'function' }]
}

/** The type that is signed, or how a declaration ends: what was read to its end can be typed. */
function retypeMessage(written: string): Retyped {
  const message = parseMessage(written)
  if (message.kind === 'declaration') return retypeEnd('declaration', message.text)
  const { primaryType } = message.typed
  return {
    question: 'the type that is signed',
    isRight: (typed) => typed === primaryType,
    what: 'type',
  }
}

function retypeAmount({ amount }: Intent, { decimals, unit }: Asset): Retyped {
  const isRight = (typed: string): boolean => {
    const read = attempt(() => baseUnits(typed, decimals, 'amount'))
    return !isRefusal(read) && read === amount
  }
  return { question: `the amount in ${unit}`, isRight, what: 'amount' }
}

/** `7K3M-Q0ZT`: 40 bits in Crockford's alphabet, which has no I, L, O and U. */
export function checkCode(digest: Digest): string {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const bits = BigInt(`0x${digest.slice(0, 10)}`)
  const symbols = Array.from({ length: 8 }, (_item, i) => {
    return alphabet.charAt(Number((bits >> BigInt(35 - 5 * i)) & 31n))
  }).join('')
  return `${symbols.slice(0, 4)}-${symbols.slice(4)}`
}

export function amountOf({ amount }: Pick<Intent, 'amount'>, { decimals, unit }: Asset): string {
  return `${decimalOf(amount, decimals)} ${unit}`
}

// A record says whose address it is under the digest that the intent names; without one the address
// must be that of an own vault. Whoever lies here collects approvals that no node counts.
async function recipient(
  intent: Intent,
  record: Uint8Array,
  ruleset: Ruleset,
  client: WireClient,
): Promise<Named> {
  const { rulebook } = ruleset
  if (record.length === 0) return ownVault(intent, ruleset, client)
  const found = parseDestination(record)
  const { address, network, book, label } = found.record
  if (found.digest !== intent.dest || address !== intent.to || network !== intent.network) {
    refuse('DEST_UNKNOWN', 'expected the record that the intent names, got another')
  }
  const known = classOfBook(rulebook, book)
  return known === undefined
    ? refuse('DEST_UNKNOWN', `a record of the unknown book ${book}`)
    : { class: known.id, label }
}

/** Who makes a declaration: the key that the vault has at this path. */
async function signerOf(intent: Intent, ruleset: Ruleset, client: WireClient): Promise<Named> {
  const { vault, path, network, to } = intent
  const row = await keyInForce(vault, { client, ruleset })
  const own = row && addressAt(network, row, path)
  const known = classOfVault(ruleset.rulebook, vault)
  return own !== to || known === undefined
    ? refuse('DEST_UNKNOWN', `expected the address of ${vault} at ${path}, got ${to}`)
    : { class: known.id, label: vault }
}

async function ownVault(intent: Intent, ruleset: Ruleset, client: WireClient): Promise<Named> {
  const { rulebook } = ruleset
  const { vaults } = must(await client.VaultService.ListVaults({}))
  const { network, to, toPath = 'm' } = intent
  const hint = vaults.find((vault) => {
    const [publicKey, chainCode] = [fromHex(vault.publicKey), fromHex(vault.chainCode)]
    if (publicKey?.length !== 33 || chainCode?.length !== 32) return false
    return addressAt(network, { publicKey, chainCode }, toPath) === to
  })
  const own = hint && parseVaultId(hint.vault)
  const known = own && classOfVault(rulebook, own)
  if (own === undefined || known === undefined || intent.dest !== '') {
    return refuse('DEST_UNKNOWN', 'expected a destination record or the address of an own vault')
  }
  // Where a coordinator points is where to look; whose key it is say the lines of its nodes.
  const row = await keyInForce(own, { client, ruleset })
  return row === undefined || addressAt(network, row, toPath) !== to
    ? refuse('DEST_UNKNOWN', `expected the address of ${own} at ${toPath}, got ${to}`)
    : ownNamed(known, own, intent)
}
