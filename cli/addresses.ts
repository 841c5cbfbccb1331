// address show, deposit, list, verify: where this house takes money, each address with the words of
// t nodes that derived it. What comes from a coordinator is checked here before it is shown;
// `verify` is for whoever is about to pay, and asks nobody.
import { readFileSync, writeFileSync } from 'node:fs'
import { openAddress } from '../policy/address-certificate.ts'
import type { Certified } from '../policy/address-word.ts'
import { depositPath, ownPath } from '../policy/deposit-path.ts'
import { parseTrust } from '../policy/trust.ts'
import type { VaultRow } from '../policy/view.ts'
import type { ReplyOf } from '../proto/io/wire.ts'
import type { JsonObject } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { certifiedJson, certifiedText, requireOwn } from './certified.ts'
import { atDesk, type Desk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { keyInForce } from './vault.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  must,
  required,
  UsageError,
  type Verb,
  type World,
  word,
} from './verb.ts'

const dayMs = 86_400_000

export const addressVerify: Verb = {
  about: 'check whose address it is, from its certificate and a trust file alone',
  usage: 'FILE --trust FILE [--max-age DAYS]',
  words: { min: 1, max: 1 },
  options: { trust: { type: 'string' }, 'max-age': { type: 'string' } },
  afterNo: 'send nothing to this address; ask the house for a new certificate',
  run: async (args, world) => {
    const { root } = parseTrust(readFileSync(required(args, 'trust'), 'utf8'))
    const file = new Uint8Array(readFileSync(word(args, 0)))
    const said = openAddress(file, root, { nowMs: world.nowMs(), ageMsMax: ageMs(args) })
    return done(certifiedText(said), certifiedJson(said))
  },
}

export const addressShow: Verb = {
  about: 'the own address of a vault, with the certificate for whoever pays into it',
  usage: 'VAULT [--out FILE] [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, out: { type: 'string' } },
  run: (args, world) =>
    atDesk(args, world, ['operator', 'approver', 'caller'], async (desk) => {
      const name = word(args, 0)
      const row = await keyOf(name, desk)
      const { vault } = must(await desk.client.VaultService.GetVault({ vault: name }))
      const file = vault?.certificate ?? new Uint8Array(0)
      if (file.length === 0 && vault !== null) {
        return refuse('NOT_ENOUGH_SIGNERS', `${name}: no certificate now: ${vault.uncertified}`)
      }
      const said = requireOwn(file, { row, path: ownPath }, { ...desk, nowMs: world.nowMs() })
      return given(said, file, args)
    }),
}

export const addressDeposit: Verb = {
  about: 'the deposit address of one customer: the same reference, the same address',
  usage: 'VAULT --customer REFERENCE [--out FILE] [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, customer: { type: 'string' }, out: { type: 'string' } },
  run: (args, world) =>
    atDesk(args, world, ['caller'], async (desk) => {
      const [vault, reference] = [word(args, 0), required(args, 'customer')]
      const row = await keyOf(vault, desk)
      const { client } = desk
      const { address } = must(await client.VaultService.CreateDepositAddress({ vault, reference }))
      if (address === null) return refuse('LINE_MISSING', 'expected an address, got nothing')
      if (address.reference !== reference || address.service !== desk.profile.id) {
        refuse('BYTES_FROM', `expected the address of ${reference}, got another's`)
      }
      const said = ownDeposit(address, row, desk, world)
      return given(said, address.certificate, args, { reference, index: address.index })
    }),
}

export const addressList: Verb = {
  about: 'deposit addresses that were given out, in order, with whom they were given to',
  usage: 'VAULT [--from INDEX] [--count COUNT] [--as DIR]',
  words: { min: 1, max: 1 },
  options: { ...profileOptions, from: { type: 'string' }, count: { type: 'string' } },
  run: (args, world) =>
    atDesk(args, world, ['caller', 'operator', 'approver'], async (desk) => {
      const vault = word(args, 0)
      const asked = { vault, from: number(args, 'from', 0), count: number(args, 'count', 20) }
      const row = await keyOf(vault, desk)
      const page = must(await desk.client.VaultService.ListDepositAddresses(asked))
      const items = page.addresses.map((address) => {
        const said = ownDeposit(address, row, desk, world)
        const { service, reference, index } = address
        return { index, service, reference, ...certifiedJson(said) }
      })
      const lines = items.map(({ index, address, service, reference, by }) => {
        const start = `${String(index).padStart(8)}  ${address}  ${service} ${reference}`
        return `${start}  verified by ${by.join(', ')}\n`
      })
      const more = page.next === 0 ? '' : `more: --from ${page.next}\n`
      return done(`${lines.join('')}${more}`, { addresses: items, next: page.next })
    }),
}

type WireAddress = ReplyOf<'VaultService', 'ListDepositAddresses'>['addresses'][number]

function ownDeposit(
  { index, certificate }: Pick<WireAddress, 'index' | 'certificate'>,
  row: VaultRow,
  desk: Desk,
  world: World,
): Certified {
  const path = depositPath(index)
  return requireOwn(certificate, { row, path }, { ...desk, nowMs: world.nowMs() })
}

async function keyOf(vault: string, desk: Desk): Promise<VaultRow> {
  const row = await keyInForce(vault, desk)
  return row ?? refuse('VAULT_NOT_FOUND', `${vault} has no key`)
}

function given(said: Certified, file: Uint8Array, args: Args, more: JsonObject = {}): Answer {
  const out = flag(args, 'out')
  if (out !== undefined) writeFileSync(out, file, { flag: 'wx', mode: 0o644 })
  const written = out === undefined ? '' : `  certificate ${out}; a payer checks it with:\n`
  const next = out === undefined ? '' : `              custody address verify ${out} --trust FILE\n`
  const where = out === undefined ? {} : { out }
  return done(`${certifiedText(said)}${written}${next}`, {
    ...certifiedJson(said),
    ...more,
    ...where,
  })
}

function ageMs(args: Args): number {
  const days = number(args, 'max-age', limits.addressAgeMsMax / dayMs)
  const most = 3_650
  if (days < 1 || days > most) throw new UsageError(`--max-age: expected 1 to ${most} days`)
  return days * dayMs
}

function number(args: Args, name: string, otherwise: number): number {
  const typed = flag(args, name)
  if (typed === undefined) return otherwise
  if (!/^\d{1,8}$/.test(typed)) throw new UsageError(`--${name}: expected a number`)
  return Number(typed)
}
