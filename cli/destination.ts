// vault destination: the address of a vault of this log as an entry in a book of another log, which
// knows none of these keys. The address is derived here, from the public key that every node of the
// pinned root signed, only after the backup of every node was proven, and only with a certificate.
// Writes a proposal: a book is in force when the root of the other log names it.
import { readFileSync, writeFileSync } from 'node:fs'
import { parseBook, recordOf } from '../policy/book.ts'
import { type Destination, destinationJson } from '../policy/destination.ts'
import { parseHandle } from '../proto/ids.ts'
import { text } from '../proto/jcs.ts'
import { refuse } from '../proto/refusal.ts'
import { atDesk, type Desk } from './desk.ts'
import { profileOptions } from './profile.ts'
import { verified } from './vault.ts'
import {
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

export const vaultDestination: Verb = {
  about: 'write the address of a vault into a book of another log',
  usage: 'VAULT --book NAME --out FILE [--to BOOK_FILE] [--label TEXT] [--as DIR]',
  words: { min: 1, max: 1 },
  options: {
    ...profileOptions,
    book: { type: 'string' },
    out: { type: 'string' },
    to: { type: 'string' },
    label: { type: 'string' },
  },
  run: (args, world) =>
    atDesk(args, world, ['operator', 'approver', 'caller'], async (desk) => {
      const out = required(args, 'out')
      const record = await recordFor(args, desk, world)
      const book = bookWith(record, args)
      writeFileSync(out, book.text, { flag: 'wx', mode: 0o644 })
      const { address, network } = record
      const next = `name it in the next root of that log: custody root draft DIR --book ${out}\n`
      const said = `${address} on ${network}: derived here, every backup proven\n`
      return done(`${said}book ${record.book} version ${book.version} in ${out}\n${next}`, {
        ...{ address, network, book: record.book, version: book.version },
        digest: parseBook(book.text).digest,
        file: out,
      })
    }),
}

async function recordFor(args: Args, desk: Desk, world: World): Promise<Destination> {
  const { client, profile } = desk
  const { vault } = must(await client.VaultService.GetVault({ vault: word(args, 0) }))
  if (!vault) return refuse('VAULT_NOT_FOUND', 'expected a vault, got nothing')
  const { address, network, standing, vault: name, uncertified } = verified(vault, desk, world)
  if (name !== word(args, 0)) refuse('VAULT_NOT_FOUND', `expected ${word(args, 0)}, got ${name}`)
  if (uncertified !== '') refuse('NOT_ENOUGH_SIGNERS', `${name}: no certificate: ${uncertified}`)
  if (address === '') refuse('BACKUP', `${name}: no address before every backup is proven`)
  if (standing !== 'active') refuse('KEY_DISABLED', `${name}: its key is ${standing}`)
  return {
    ...{ org: profile.org, env: profile.env, network, address },
    book: parseHandle(required(args, 'book'), 'book'),
    label: flag(args, 'label') ?? `vault ${name} of ${desk.trust.log.origin}`,
    status: 'active',
    activeFrom: Math.floor(world.nowMs() / 1_000) * 1_000,
    version: 1,
  }
}

/** A first book, or the next version of the one that is given. */
function bookWith(record: Destination, args: Args): { text: string; version: number } {
  const { org, env, book: name } = record
  const same = { format: 'custody-book/v1', org, env, name }
  const file = flag(args, 'to')
  const records = [destinationJson(record)]
  if (file === undefined) {
    return { text: text({ ...same, version: 1, previous: '', records }), version: 1 }
  }
  const before = parseBook(readFileSync(file, 'utf8'))
  if (before.name !== name || before.org !== org || before.env !== env) {
    throw new UsageError(`--to: expected a book ${name} of ${org} ${env}`)
  }
  if (recordOf(before, record.network, record.address) !== undefined) {
    throw new UsageError(`--to: ${record.address} stands in it already`)
  }
  const version = before.version + 1
  const all = [...[...before.records.values()].map(destinationJson), ...records]
  return { text: text({ ...same, version, previous: before.digest, records: all }), version }
}
