// payout: many withdrawals as one submission. Each line of the file is one intent with a verdict of
// its own; the file is checked whole before anything is signed, and what it comes to is shown. The
// reference of a line is the key of its intent, so the same file again sends only what is missing.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { typedAddress } from '../policy/chain/chains.ts'
import type { Intent } from '../policy/intent.ts'
import type { Asset } from '../policy/places.ts'
import { lineForm, parseIntent } from '../policy/request.ts'
import { networkOf } from '../policy/rulebook.ts'
import { baseUnits, decimalOf } from '../policy/units.ts'
import { parseHandle, parseVaultId } from '../proto/ids.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { retryClass } from '../proto/reasons.ts'
import { attempt, isRefusal, type Refusal, refuse } from '../proto/refusal.ts'
import type { Signed } from '../proto/signed.ts'
import { type ApproverKey, openKey } from './approver-key.ts'
import { atDesk, type Desk } from './desk.ts'
import { typedIntent } from './intent.ts'
import { isNothing } from './moving.ts'
import { type Fault, fault, type PayoutLine, readPayout } from './payout-file.ts'
import { keyOptions, profileOptions } from './profile.ts'
import { readRecord, sendIntent } from './submit.ts'
import {
  type Answer,
  type Args,
  Mistyped,
  must,
  required,
  typed,
  type Verb,
  type World,
  word,
} from './verb.ts'

type Request = NonNullable<ReplyOf<'SigningService', 'GetRequest'>['request']>

export const payout: Verb = {
  about: 'ask for all payments of a file; run again, it asks for what is missing',
  usage: 'FILE.csv|FILE.json --vault V [--max-fee N] [--valid 8h] [--dry-run] [--yes] [--as DIR]',
  words: { min: 1, max: 1 },
  options: {
    ...profileOptions,
    ...keyOptions,
    vault: { type: 'string' },
    'max-fee': { type: 'string' },
    valid: { type: 'string' },
    'dry-run': { type: 'boolean' },
    yes: { type: 'boolean' },
  },
  run: (args, world) => atDesk(args, world, ['caller'], (desk) => payAll(args, world, desk)),
}

/** A line that can be sent, or that was sent before. */
interface Payment {
  readonly line: PayoutLine
  readonly intent: Intent
  readonly asset: Asset
  readonly record: Signed | undefined
  readonly before: Request | undefined
}

async function payAll(args: Args, world: World, desk: Desk): Promise<Answer> {
  const file = word(args, 0)
  const kind =
    /\.(csv|json)$/.exec(file)?.[1] ?? refuse('MALFORMED', 'expected FILE.csv or FILE.json')
  const read = readPayout(readFileSync(file), kind === 'csv' ? 'csv' : 'json')
  const faults: Fault[] = [...read.faults]
  const payments: Payment[] = []
  for (const line of read.lines) {
    const made = await paymentOf(line, { args, world, desk, file })
    if ('intent' in made) payments.push(made)
    else faults.push(...made)
  }
  if (faults.length > 0) return faulty(faults)
  const fresh = payments.filter(({ before }) => before === undefined)
  const said = summary(payments, fresh.length)
  if (args.flags['dry-run'] === true) return answerOf(payments, new Map(), said)
  if (fresh.length > 0) await confirmed(args, world, said, fresh.length)
  const results = await sendAll(fresh, { args, world, desk })
  // Said already, before anybody typed the number.
  return answerOf(payments, results, fresh.length > 0 ? '' : said)
}

interface Around {
  readonly args: Args
  readonly world: World
  readonly desk: Desk
  readonly file: string
}

/** Each column for itself, so that a fault is named by the one that it stands in. */
async function paymentOf(
  line: PayoutLine,
  { args, world, desk, file }: Around,
): Promise<Payment | readonly Fault[]> {
  const { rulebook } = desk.ruleset
  const vault = parseVaultId(required(args, 'vault'))
  const network =
    networkOf(rulebook, vault) ?? refuse('INVALID_INTENT', `the policy knows no ${vault}`)
  const faults: Fault[] = []
  const column = <T>(name: string, read: () => T): T | undefined => {
    const got = attempt(read as () => T & object)
    if (!isRefusal(got)) return got
    faults.push(fault(line.line, name, got.because))
    return undefined
  }
  column('reference', () => ({ id: parseHandle(`payout/${line.reference}`, 'reference') }))
  const asset = column('asset', () => {
    const found = rulebook.assets.get(parseHandle(line.asset, 'asset'))
    const isHere = found?.network === network.id
    return isHere
      ? found
      : refuse('INVALID_INTENT', `no asset ${line.asset} on the network of ${vault}`)
  })
  if (asset !== undefined) {
    column('amount', () => {
      const amount = baseUnits(line.amount, asset.decimals, 'amount')
      return amount > 0n ? { amount } : refuse('INVALID_INTENT', 'expected more than nothing')
    })
  }
  column('to', () => ({ to: typedAddress(network.caip2, line.to, 'to') }))
  column('purpose', () =>
    lineForm.test(line.purpose) && line.purpose.length <= 128
      ? line
      : refuse('MALFORMED', 'expected printable words with one space between them, at most 128'),
  )
  if (faults.length > 0 || asset === undefined) return faults
  const record =
    line.record === '' ? undefined : column('record', () => recordBeside(file, line.record))
  if (faults.length > 0) return faults
  const flags = { ...args.flags, ...line, id: `payout/${line.reference}`, line: undefined }
  const made = await refusalOf(() => typedIntent({ words: [], flags }, desk, record, world))
  if (isRefusal(made)) return [fault(line.line, 'to', made.because)]
  const before = await earlier(made, desk)
  if (before !== undefined && !isSame(made, parseIntent(before.intent).intent)) {
    return [fault(line.line, 'reference', 'it was used for another payment')]
  }
  return { line, intent: made, asset, record, before }
}

async function refusalOf<T>(work: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await work()
  } catch (error) {
    const got = attempt((): never => {
      throw error
    })
    return got
  }
}

function recordBeside(file: string, record: string): Signed {
  const path = resolve(dirname(file), record)
  return existsSync(path) ? readRecord(path) : refuse('MALFORMED', `no file ${path}`)
}

async function earlier({ id, initiator }: Intent, { client }: Desk): Promise<Request | undefined> {
  const found = await client.SigningService.GetRequest({ id: '', initiator, callerId: id })
  if (isRefusal(found) && found.code === 'REQUEST_NOT_FOUND') return undefined
  return must(found).request ?? undefined
}

/** The same payment, whenever it was asked for and however long it lives. */
function isSame(now: Intent, before: Intent): boolean {
  const fields = [
    'vault',
    'path',
    'network',
    'op',
    'asset',
    'contract',
    'to',
    'dest',
    'amount',
  ] as const
  return fields.every((name) => now[name] === before[name]) && now.purpose === before.purpose
}

function faulty(faults: readonly Fault[]): Answer {
  const shown = faults.slice(0, 20)
  const lines = shown.map(({ line, column, because }) => `line ${line}, ${column}: ${because}\n`)
  const more = faults.length > shown.length ? `and ${faults.length - shown.length} more\n` : ''
  const text = `${lines.join('')}${more}nothing was sent\n`
  return { exit: 1, text, json: { sent: 0, faults: faults.map((one) => ({ ...one })) } }
}

function summary(payments: readonly Payment[], fresh: number): string {
  const sums = Map.groupBy(payments, ({ asset }) => asset)
  const totals = [...sums].map(([asset, all]) => {
    const sum = all.reduce((total, { intent }) => total + intent.amount, 0n)
    const units = `${decimalOf(sum, asset.decimals)} ${asset.unit}`
    return `  ${units} in ${counted(all.length, 'payment')}\n`
  })
  const addresses = new Set(payments.map(({ intent }) => intent.to)).size
  const twice = [
    ...Map.groupBy(payments, ({ intent: { asset, to, amount } }) => `${asset} ${to} ${amount}`),
  ]
    .filter(([, all]) => all.length > 1)
    .map(
      ([, all]) => `  the same payment in lines ${all.map(({ line }) => line.line).join(', ')}\n`,
    )
  const known = payments.length - fresh
  return [
    `${counted(payments.length, 'payment')} to ${counted(addresses, 'address', 'es')}, `,
    `${known} of them asked for before\n`,
    ...totals,
    ...twice,
  ].join('')
}

function counted(count: number, what: string, more = 's'): string {
  return `${count} ${what}${count === 1 ? '' : more}`
}

async function confirmed(args: Args, world: World, said: string, count: number): Promise<void> {
  world.say(said)
  if (args.flags['yes'] === true) return
  const answer = await typed(world, `send ${counted(count, 'payment')}? type the number`)
  if (answer !== String(count))
    throw new Mistyped(`expected ${count}, got ${answer}: nothing was sent`)
}

type Result = Request | Refusal | 'NOT SENT'

const atOnce = 8

/** Some at once, in the order of the file; the first that finds no room ends it. */
async function sendAll(
  fresh: readonly Payment[],
  { args, world, desk }: Omit<Around, 'file'>,
): Promise<ReadonlyMap<number, Result>> {
  const results = new Map<number, Result>()
  if (fresh.length === 0) return results
  const signer = await openKey(desk.profile, args, world)
  let isOver = false
  for (let at = 0; at < fresh.length; at += atOnce) {
    const group = fresh.slice(at, at + atOnce)
    const sent = await Promise.all(
      group.map((payment) => (isOver ? undefined : send(payment, desk, signer))),
    )
    group.forEach(({ line }, index) => {
      const result = sent[index] ?? 'NOT SENT'
      results.set(line.line, result)
      if (typeof result === 'object' && isRefusal(result) && isPassing(result)) isOver = true
    })
    world.say(`sent ${Math.min(at + atOnce, fresh.length)} of ${fresh.length}\n`)
  }
  return results
}

async function send(
  { intent, record }: Payment,
  desk: Desk,
  signer: ApproverKey,
): Promise<Request | Refusal> {
  const first = await refusalOf(() => sendIntent(intent, { desk, signer, record }))
  if (isRefusal(first) || first.state !== 'ACCEPTED') return first
  // No run had judged it yet.
  return (await earlier(intent, desk)) ?? first
}

/** The same may be granted later, so it is worth sending again. */
function isPassing({ code }: Refusal): boolean {
  const retry = retryClass(code)
  return retry === 'AFTER' || retry === 'SAME_KEY'
}

function answerOf(
  payments: readonly Payment[],
  results: ReadonlyMap<number, Result>,
  said: string,
): Answer {
  const rows = payments.map(({ line, intent, asset, before }) => {
    const result = results.get(line.line) ?? before ?? 'NOT SENT'
    const { state, why } = told(result)
    const amount = `${decimalOf(intent.amount, asset.decimals)} ${asset.unit}`
    const id = typeof result === 'object' && 'id' in result ? result.id : ''
    const { reference } = line
    return { line: line.line, reference, amount, to: intent.to, state, why, id }
  })
  const wide = (name: 'reference' | 'amount') => Math.max(...rows.map((row) => row[name].length))
  const [first, second] = [wide('reference'), wide('amount')]
  const table = rows.map(({ reference, amount, to, state, why }) => {
    const shown = [reference.padEnd(first), amount.padStart(second), to, state].join('  ')
    return `${shown}${why === '' ? '' : `  ${why}`}\n`
  })
  const left = rows.filter(({ state }) => state === 'NOT SENT' || state === 'LATER').length
  const no = rows.filter(({ state }) => state === 'REFUSED' || isNothing({ state })).length
  const again = left > 0 && results.size > 0 ? `${left} were not sent: run it again\n` : ''
  const sent = [...results.values()].filter((one) => typeof one === 'object' && !isRefusal(one))
  const json: JsonObject = { lines: rows, sent: sent.length, left, denied: no }
  const exit = results.size > 0 && left > 0 ? 3 : no > 0 ? 1 : 0
  return { exit, text: `${said}${table.join('')}${again}`, json }
}

function told(result: Result): { readonly state: string; readonly why: string } {
  if (result === 'NOT SENT') return { state: result, why: '' }
  if (isRefusal(result)) {
    const state = isPassing(result) ? 'LATER' : 'REFUSED'
    return { state, why: `${result.code}: ${result.because}` }
  }
  const { state, rule, missing, reasons } = result
  const because = reasons.map(({ code, because }) => `${code}: ${because}`)
  const needs = missing.length === 0 ? [] : [`needs ${missing.join(' + ')}`]
  const by = rule === '' ? [] : [`rule ${rule}`]
  return { state, why: [...by, ...needs, ...(state === 'DENIED' ? because : [])].join(', ') }
}
