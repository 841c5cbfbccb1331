// The two tokens of a Station and the one socket that either is put into: twins in software, or
// SoftHSM. A token that is out lies beside it.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseHandle } from '../../proto/ids.ts'
import type { PinException, PinPorts } from '../../signer-node/ceremony/pin-step.ts'
import type { Slot, Which } from '../../signer-node/ceremony/tokens.ts'
import { enrolToken } from '../../signer-node/hsm/enrol.ts'
import { Hsm } from '../../signer-node/hsm/hsm.ts'
import { PinTries } from '../../signer-node/pin-tries.ts'
import { officerPin, ports, random, secretPin, softHsmModule } from './tokens.ts'

export const pins: Readonly<Record<string, string>> = {
  daily: 'PIN-daily-7Kq2',
  spare: 'PIN-spare-wXz9',
  other: 'PIN-other-m4Tr',
  newer: 'PIN-newer-m4Tr',
  strange: 'PIN-strange-m4Tr',
  'other-label': 'PIN-label-m4Tr',
  'fine-label': 'PIN-fine-m4Tr',
}

export interface Socket {
  readonly slot: Slot
  readonly directory: string
  /** The one that was in goes out. */
  plug(which: string | undefined): void
  /** A new token of this name, initialised, enrolled, and left in. */
  make(which: string, node: string, label?: string): Promise<Uint8Array>
  remove(): void
}

export function socket(name: 'software' | 'SoftHSM'): Socket {
  const directory = mkdtempSync(join(tmpdir(), 'custody-socket-'))
  const at = (which: string): string => join(directory, which)
  let inside: string | undefined
  const plug = (which: string | undefined): void => {
    if (inside !== undefined) renameSync(at('in'), at(inside))
    if (which !== undefined) renameSync(at(which), at('in'))
    inside = which
  }
  const slot = { module: moduleOf(name, directory), parameters: '', digest: '' }
  return {
    slot,
    directory,
    plug,
    make: async (which, node, label = `red 1 ${which}`) => {
      mkdirSync(at(which))
      plug(which)
      using so = secretPin(officerPin)
      using user = secretPin(pins[which] ?? '')
      const { serial } = await Hsm.init({ ...slot, serial: '' }, { so, user }, label, ports)
      await using hsm = await Hsm.open({ ...slot, serial }, ports)
      using pin = secretPin(pins[which] ?? '')
      await hsm.login(pin, false)
      const owner = { org: parseHandle('acme'), env: 'test', node: parseHandle(node) } as const
      return await enrolToken(hsm, { ...owner, id: parseHandle(which), gaps: [] }, random)
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function moduleOf(name: 'software' | 'SoftHSM', directory: string): string {
  if (name === 'software') return `software:${join(directory, 'in')}`
  const settings = [
    `directories.tokendir = ${join(directory, 'in')}`,
    'objectstore.backend = file',
    'log.level = ERROR',
    'slots.removable = false',
    'slots.mechanisms = ALL',
  ]
  writeFileSync(join(directory, 'softhsm2.conf'), `${settings.join('\n')}\n`)
  process.env['SOFTHSM2_CONF'] = join(directory, 'softhsm2.conf')
  return softHsmModule()
}

export interface Typing {
  readonly ports: PinPorts
  readonly said: string[]
  readonly exceptions: PinException[]
}

/** Somebody who types these, one after the other. */
export function typing(directory: string, secrets: readonly string[], lines = ['']): Typing {
  const [said, exceptions]: [string[], PinException[]] = [[], []]
  const [toType, toSay] = [[...secrets], [...lines]]
  const pad = {
    say: (text: string) => void said.push(text),
    line: async () => toSay.shift() ?? '',
    secret: async () => secretPin(toType.shift() ?? 'nothing left to type'),
  }
  const exception = (one: PinException): void => void exceptions.push(one)
  mkdirSync(directory, { recursive: true })
  return { ports: { pad, tries: new PinTries(directory), exception }, said, exceptions }
}

export const pinFor = (which: Which): readonly string[] => [pins[which] ?? '']
