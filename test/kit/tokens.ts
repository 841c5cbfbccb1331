// Tokens for tests: the twin in software, SoftHSM and NSS from Debian, each in a directory of its
// own and with a PIN of its own. Where a module is not installed the maker is undefined and says
// so; in CI that is a failure, because two modules disagree exactly where real devices do.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '../../signer-node/dkls23/secret.ts'
import { Hsm, type HsmPorts } from '../../signer-node/hsm/hsm.ts'
import type { TokenPlace } from '../../signer-node/hsm/token.ts'

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
export const ports: HsmPorts = { random }
export const secretPin = (pin: string): Secret => new Secret(new TextEncoder().encode(pin))

export interface TestToken {
  readonly name: 'software' | 'SoftHSM' | 'NSS'
  readonly place: TokenPlace
  readonly pin: string
  /** What its module does not know. */
  readonly gaps: readonly string[]
  readonly directory: string
  /** As if somebody pulled it out, and put it back. */
  unplug(): void
  plug(): void
  remove(): void
}

const softHsmModules = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
]
const nssModules = [
  '/usr/lib/x86_64-linux-gnu/libsoftokn3.so',
  '/usr/lib/aarch64-linux-gnu/libsoftokn3.so',
]

/** The names of the tokens that this machine can make. */
export function tokensHere(): readonly TestToken['name'][] {
  const missing = [
    hasBinding() ? [] : ['the package pkcs11js (it is compiled at install)'],
    softHsm() === undefined ? ['SoftHSM (Debian: softhsm2)'] : [],
    nss() === undefined ? ['NSS (Debian: libnss3 libnss3-tools)'] : [],
  ].flat()
  if (missing.length > 0 && process.env['CI'] === 'true') {
    throw new Error(`required in CI: ${missing.join(', ')}`)
  }
  if (missing.length > 0) console.warn(`not here, so without their cases: ${missing.join(', ')}`)
  const real = hasBinding()
  return [
    'software',
    ...(real && softHsm() !== undefined ? (['SoftHSM'] as const) : []),
    ...(real && nss() !== undefined ? (['NSS'] as const) : []),
  ]
}

/** A fresh token. One SoftHSM token a process at a time: its place is in the environment. */
export async function makeToken(name: TestToken['name'], mechanisms = 'ALL'): Promise<TestToken> {
  const directory = mkdtempSync(join(tmpdir(), `custody-token-`))
  switch (name) {
    case 'software':
      return softwareToken(directory)
    case 'SoftHSM':
      return softHsmToken(directory, mechanisms)
    case 'NSS':
      return nssToken(directory)
  }
}

export const officerPin = '87654321'
/** Nothing that stands in a program by chance. */
const userPin = 'PIN-7Kq2-wXz9-pQ'

async function softwareToken(directory: string): Promise<TestToken> {
  const home = join(directory, 'token')
  const place = { module: `software:${home}`, parameters: '', serial: '', digest: '' }
  const pin = userPin
  const { serial } = await initialised(place, pin)
  const made = { name: 'software', place: { ...place, serial }, pin, gaps: [] } as const
  return { ...made, ...moved(directory, 'token') }
}

async function softHsmToken(directory: string, mechanisms: string): Promise<TestToken> {
  mkdirSync(join(directory, 'token'))
  const settings = [
    `directories.tokendir = ${directory}/token`,
    'objectstore.backend = file',
    'log.level = ERROR',
    'slots.removable = false',
    `slots.mechanisms = ${mechanisms}`,
  ]
  writeFileSync(join(directory, 'softhsm2.conf'), `${settings.join('\n')}\n`)
  process.env['SOFTHSM2_CONF'] = join(directory, 'softhsm2.conf')
  const place = { module: softHsm() ?? '', parameters: '', serial: '', digest: '' }
  const pin = userPin
  const { serial } = await initialised(place, pin)
  const made = { name: 'SoftHSM', place: { ...place, serial }, pin, gaps: [] } as const
  return { ...made, ...moved(directory, 'token') }
}

function nssToken(directory: string): TestToken {
  const home = join(directory, 'token')
  mkdirSync(home)
  const pin = userPin
  writeFileSync(join(directory, 'pin'), pin)
  execFileSync('certutil', ['-N', '-d', `sql:${home}`, '-f', join(directory, 'pin')])
  const parameters = `configdir='sql:${home}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=`
  const place = { module: nss() ?? '', parameters, serial: '0000000000000000', digest: '' }
  // It forgets that a lasting key was born in it.
  return { name: 'NSS', place, pin, gaps: ['local'], ...moved(directory, 'token') }
}

async function initialised(place: TokenPlace, pin: string) {
  using so = secretPin(officerPin)
  using user = secretPin(pin)
  return Hsm.init(place, { so, user }, 'custody test', ports)
}

function moved(directory: string, name: string) {
  const [here, away] = [join(directory, name), join(directory, `${name}.away`)]
  return {
    directory,
    unplug: () => renameSync(here, away),
    plug: () => renameSync(away, here),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

export async function loggedIn({ place, pin }: TestToken): Promise<Hsm> {
  const hsm = await Hsm.open(place, ports)
  using secret = secretPin(pin)
  await hsm.login(secret, false)
  return hsm
}

function softHsm(): string | undefined {
  return softHsmModules.find((path) => existsSync(path))
}

export function softHsmModule(): string {
  return softHsm() ?? ''
}

function nss(): string | undefined {
  const hasTools = existsSync('/usr/bin/certutil')
  return hasTools ? nssModules.find((path) => existsSync(path)) : undefined
}

function hasBinding(): boolean {
  try {
    createRequire(import.meta.url)('pkcs11js')
    return true
  } catch {
    return false
  }
}
