// `custody certificate ...`: what an operator does with TLS certificates by hand: look at one, make
// an authority, and renew an owner's certificate, by the same key or a new one. A new key is put
// beside the old one, because its pin has to be known elsewhere before it is used.
// INVARIANT: writes over no key. A renewed certificate replaces the old one in one step.
// Source: README D27. Talks to nobody: programs that run read their files anew at SIGHUP.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CertificateFacts, factsOf } from '../proto/io/identity.ts'
import { roles } from '../proto/io/routes.ts'
import { refuse } from '../proto/refusal.ts'
import { makeAuthority, openAuthority, openKeys, type Validity } from './init-certificates.ts'
import {
  type Answer,
  type Args,
  done,
  flag,
  required,
  UsageError,
  type Verb,
  type World,
  word,
} from './verb.ts'

const dayMs = 86_400_000
const daysMax = 3_650
const yearDays = 365

export const certificateShow: Verb = {
  about: 'what a certificate says: whose, until when, the pin of its key',
  usage: 'FILE',
  words: { min: 1, max: 1 },
  options: {},
  run: async (args) => {
    const facts = factsOf(readFileSync(word(args, 0), 'utf8'))
    return done(shown(facts).join('\n').concat('\n'), { ...facts })
  },
}

export const certificateAuthority: Verb = {
  about: 'make an authority for TLS certificates: ca.pem for everybody, ca.key for its keeper',
  usage: 'DIR --name NAME [--days N]',
  words: { min: 1, max: 1 },
  options: { name: { type: 'string' }, days: { type: 'string' } },
  run: async (args, world) => {
    const directory = word(args, 0)
    const made = await makeAuthority(required(args, 'name'), validity(args, world))
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(join(directory, 'ca.key'), made.key, { flag: 'wx', mode: 0o400 })
    writeFileSync(join(directory, 'ca.pem'), made.cert, { flag: 'wx', mode: 0o444 })
    const facts = factsOf(made.cert)
    const next = 'put ca.pem into the ca file of every program, beside the old one'
    return done(`${[...shown(facts), next].join('\n')}\n`, { ...facts })
  },
}

export const certificateRenew: Verb = {
  about: 'a new certificate for the owner of DIR, by its key or by a new one beside it',
  usage: 'DIR --role ROLE --ca-cert FILE --ca-key FILE [--new-key] [--days N]',
  words: { min: 1, max: 1 },
  options: {
    role: { type: 'string' },
    'ca-cert': { type: 'string' },
    'ca-key': { type: 'string' },
    'new-key': { type: 'boolean' },
    days: { type: 'string' },
  },
  run: async (args, world) => renew(args, world),
}

async function renew(args: Args, world: World): Promise<Answer> {
  const role = roles.find((name) => name === required(args, 'role'))
  if (role === undefined) throw new UsageError(`expected --role of ${roles.join(', ')}`)
  const place = join(word(args, 0), 'tls', role)
  const old = readFileSync(`${place}.pem`, 'utf8')
  const { name, uri } = factsOf(old)
  const cert = readFileSync(required(args, 'ca-cert'), 'utf8')
  const authority = { cert, key: readFileSync(required(args, 'ca-key'), 'utf8') }
  const isNew = args.flags['new-key'] === true
  const kept = isNew ? {} : { keys: await openKeys(readFileSync(`${place}.key`, 'utf8')) }
  const { issue } = await openAuthority(authority, validity(args, world))
  const made = await issue({ name, uris: [uri], ...kept })
  if (isNew) {
    if (existsSync(`${place}.next.key`)) refuse('CONFIG', `${place}.next.key: is there already`)
    writeFileSync(`${place}.next.key`, made.key, { flag: 'wx', mode: 0o400 })
  }
  const file = isNew ? `${place}.next.pem` : `${place}.pem`
  writeFileSync(`${file}.new`, made.cert, { flag: 'wx', mode: 0o444 })
  renameSync(`${file}.new`, file)
  const facts = factsOf(made.cert)
  const next = isNew
    ? `once its pin is known: rename ${role}.next.key and .pem to ${role}.key and .pem`
    : `${file} is replaced; a program that runs reads it at SIGHUP`
  return done(`${[...shown(facts), next].join('\n')}\n`, { ...facts, file })
}

function validity(args: Args, world: World): Validity {
  const days = Number(flag(args, 'days') ?? yearDays)
  if (!Number.isInteger(days) || days < 1 || days > daysMax) {
    throw new UsageError(`expected --days from 1 to ${daysMax}`)
  }
  const now = Math.floor(world.nowMs() / 1_000) * 1_000
  return { notBefore: new Date(now - 60_000), notAfter: new Date(now + days * dayMs) }
}

function shown({ name, uri, from, to, pin, issuer }: CertificateFacts): readonly string[] {
  return [
    `certificate of ${uri || name}`,
    `  valid   ${from} to ${to}`,
    `  pin     ${pin}`,
    `  issuer  ${issuer}`,
  ]
}
