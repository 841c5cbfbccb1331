// The tokens of a rehearsal: SoftHSM where it is installed, else twins in software, each in a
// directory of its own, with a PIN that was drawn and that nobody wrote down. A station has one
// socket: the daily or the spare token is in it, and the other one lies beside it.
// INVARIANT: a PIN is a Secret here and goes to a program over a descriptor; never in production,
// which refuses such tokens by the name of their maker.
import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseHandle } from '../../proto/ids.ts'
import { Secret } from '../dkls23/secret.ts'
import { enrolToken } from '../hsm/enrol.ts'
import { Hsm } from '../hsm/hsm.ts'
import type { Random } from '../ports.ts'
import { project, type Variables } from './rehearsal-programs.ts'
import type { Slot } from './tokens.ts'

export type TokenMaker = 'SoftHSM' | 'software'

const softHsmModules = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
]
const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789'
const pinLength = 12

/** What this machine has. */
export function tokenMaker(): TokenMaker {
  return softHsm() !== undefined && hasBinding() ? 'SoftHSM' : 'software'
}

/** Where one token is looked for at a time, and the environment of a program that looks there. */
export class Socket {
  readonly slot: Slot
  readonly env: Variables
  readonly directory: string

  constructor(maker: TokenMaker, directory: string) {
    this.directory = directory
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const inside = join(directory, 'in')
    this.slot = slotOf(maker, inside)
    this.env = settingsOf(maker, join(directory, 'in.conf'), inside)
  }

  /** What was in it goes out. */
  plug(which: string | undefined): void {
    const inside = join(this.directory, 'in')
    rmSync(inside, { force: true })
    if (which !== undefined) symlinkSync(join(this.directory, which), inside)
  }
}

export interface TokenWish {
  readonly maker: TokenMaker
  /** Of its socket. */
  readonly directory: string
  readonly which: string
  readonly node: string
  readonly org: string
  readonly label: string
}

export interface MadeToken {
  /** The document of `custody-token/v1`. */
  readonly card: Uint8Array
  /** The caller's to wipe. */
  readonly pin: Secret
}

/** Initialised, and two keys born in it; it lies beside its socket. */
export async function makeToken(wish: TokenWish, random: Random): Promise<MadeToken> {
  const { maker, which, node, org, label } = wish
  const home = join(wish.directory, which)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const slot = slotOf(maker, home)
  const env = settingsOf(maker, `${home}.conf`, home)
  using officer = drawnPin(random)
  using onFailure = new DisposableStack()
  const pin = onFailure.use(drawnPin(random))
  const begun = within(env, () =>
    Hsm.init({ ...slot, serial: '' }, { so: officer, user: pin }, label, { random }),
  )
  const { serial } = await begun
  await using hsm = await within(env, () => Hsm.open({ ...slot, serial }, { random }))
  await hsm.login(pin, false)
  const owner = { org: parseHandle(org), env: 'dev', node: parseHandle(node) } as const
  const card = await enrolToken(hsm, { ...owner, id: parseHandle(which), gaps: [] }, random)
  onFailure.move()
  return { card, pin }
}

/** The process of a token is started in the first step, with the environment of this moment. */
function within<T>(env: Variables, start: () => T): T {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, env)
  try {
    return start()
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

function slotOf(maker: TokenMaker, home: string): Slot {
  const module = maker === 'SoftHSM' ? (softHsm() ?? '') : `software:${home}`
  return { module, parameters: '', digest: '' }
}

function settingsOf(maker: TokenMaker, file: string, tokens: string): Variables {
  if (maker === 'software') return {}
  const settings = [
    `directories.tokendir = ${tokens}`,
    'objectstore.backend = file',
    'log.level = ERROR',
    'slots.removable = false',
    'slots.mechanisms = ALL',
  ]
  writeFileSync(file, `${settings.join('\n')}\n`)
  return { SOFTHSM2_CONF: file }
}

/** 69 bits, in bytes that are wiped. */
function drawnPin(random: Random): Secret {
  const drawn = random(4 * pinLength)
  const pin = new Uint8Array(pinLength)
  for (let at = 0; at < pinLength; at += 1) {
    const number = new DataView(drawn.buffer, drawn.byteOffset).getUint32(4 * at)
    pin[at] = letters.charCodeAt(number % letters.length)
  }
  drawn.fill(0)
  return new Secret(pin)
}

function softHsm(): string | undefined {
  return softHsmModules.find((path) => existsSync(path))
}

/** Compiled when it was installed, or not. */
function hasBinding(): boolean {
  return existsSync(join(project, 'node_modules/pkcs11js/build/Release/pkcs11.node'))
}
