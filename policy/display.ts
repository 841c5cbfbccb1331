// The text that people approve, rendered by everybody from the same values: fixed English labels,
// whole addresses, exact decimals, nothing cut. Its SHA-256 stands in every approval and is
// computed again by every node, so a page that shows something else collects approvals of nothing.
// Changing one byte here voids every approval in flight: the vector is in the tests.
import { plainDigest, toUtf8 } from '../proto/crypto.ts'
import type { Digest, Handle } from '../proto/ids.ts'
import { refuse } from '../proto/refusal.ts'
import { writeTime } from '../proto/shape.ts'
import { networkTitle } from './chain/chains.ts'
import { parseCall } from './chain/evm-call.ts'
import { type Message, parseMessage } from './chain/evm-message.ts'
import { leavesOf } from './chain/evm-typed.ts'
import { type Intent, isMessage } from './intent.ts'
import type { Asset } from './places.ts'
import type { Requirement } from './quorum.ts'
import type { Rulebook } from './rulebook.ts'
import { decimalOf } from './units.ts'

/** Who the address belongs to: class of the policy, and the record's label or the own vault. */
export interface Named {
  readonly class: Handle
  readonly label: string
}

/** Ends with a newline. `ruleId` is the one rule that the evaluation found. */
export function render(
  intent: Intent,
  rulebook: Rulebook,
  ruleId: Handle,
  destination: Named,
): string {
  const asset = rulebook.assets.get(intent.asset) ?? unknown(`asset ${intent.asset}`)
  const rule = rulebook.rules.find(({ id }) => id === ruleId) ?? unknown(`rule ${ruleId}`)
  const lines = [
    ...what(intent, `${exact(intent.amount, asset)} ${asset.unit}`),
    ['ON', networkTitle(intent.network)],
    ['FROM', intent.path === 'm' ? intent.vault : `${intent.vault} ${intent.path}`],
    ['TO', intent.to],
    ['', `${destination.class}: ${destination.label}`],
    ...(isMessage(intent.op) ? [] : [['FEE', `at most ${fee(intent, rulebook)}`] as const]),
    ['PURPOSE', intent.purpose],
    ['RULE', `${rule.id} (${peopleIn(rule.require)})`],
    ['EXPIRES', writeTime(intent.notAfter)],
  ] as const
  return lines.map(([label, value]) => `${label.padEnd(10)}${value}\n`).join('')
}

/** A call is shown argument by argument, with the coin that goes with it. */
function what(
  { call, message, cancels }: Intent,
  amount: string,
): readonly (readonly [string, string])[] {
  if (cancels !== undefined) return [['CANCEL', cancels]]
  if (message !== undefined) return stated(parseMessage(message))
  if (call === undefined) return [['TRANSFER', amount]]
  const { form, values } = parseCall(call)
  const shown = form.parameters.map(({ type, name }, at) => `${type} ${name} = ${values[at]}`)
  return [['CALL', form.name], ...shown.map((line) => ['', line] as const), ['WITH', amount]]
}

/** Every field of typed data, or every line of a declaration behind a mark. */
function stated(message: Message): readonly (readonly [string, string])[] {
  if (message.kind === 'declaration') {
    const lines = message.text.split('\n').map((line) => ['', `| ${line}`] as const)
    return [['DECLARE', lines.length === 1 ? '1 line' : `${lines.length} lines`], ...lines]
  }
  const { primaryType, domain } = message.typed
  const fields = leavesOf(message.typed).map(({ type, path, text }) => `${type} ${path} = ${text}`)
  const version = domain.version === undefined ? [] : [['VERSION', domain.version] as const]
  return [
    ['SIGN', primaryType],
    ...fields.map((line) => ['', line] as const),
    ['FOR', domain.name],
    ...version,
  ]
}

export function displayDigest(text: string): Digest {
  return plainDigest(toUtf8(text))
}

/** All decimals of the asset, so that columns of amounts compare by eye. */
function exact(amount: bigint, { decimals }: Asset): string {
  if (decimals === 0) return amount.toString()
  const digits = amount.toString().padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

function fee({ network, maxFee }: Intent, { networks, assets }: Rulebook): string {
  const known = [...networks.values()].find(({ caip2 }) => caip2 === network)
  const asset = known && assets.get(known.feeAsset)
  if (asset === undefined) return unknown(`network ${network}`)
  return `${decimalOf(maxFee, asset.decimals)} ${asset.unit}`
}

/** Whose approval is asked for, in words. */
export function peopleIn(require: readonly Requirement[]): string {
  if (require.length === 0) return 'no approval'
  return require.map(({ role, count }) => `${count} ${role}`).join(' + ')
}

function unknown(what: string): never {
  return refuse('DISPLAY', `the policy knows no ${what}`)
}
