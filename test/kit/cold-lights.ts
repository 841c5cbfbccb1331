// Real light witnesses of a cold log in one process, each with a store and a floor on a disk of its
// own: for a test that carries frames to them itself.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CoordinatorFrame, NodeFrame, NodePart } from '../../proto/frames.ts'
import { parseHandle, parseNodeId } from '../../proto/ids.ts'
import { spoken } from '../../proto/versions.ts'
import { FloorFile } from '../../signer-node/floor-file.ts'
import {
  type LightPorts,
  type LightSettings,
  LightWitness,
} from '../../signer-node/light-witness.ts'
import { Room } from '../../signer-node/room.ts'
import type { WitnessSelf } from '../../signer-node/self.ts'
import { Store } from '../../signer-node/store.ts'
import { type TestClock, type TestPorts, testPorts } from '../signer-node/world.ts'
import * as house from './audit-documents.ts'
import type { TestLog } from './audit-log.ts'
import { lights, root } from './cold-log.ts'

export interface OpenedLight {
  readonly light: LightWitness
  readonly store: Store
  close(): void
}

/** On the directory `home`, as its program would. */
export function openLight(home: string, settings: LightSettings, ports: LightPorts): OpenedLight {
  const { node } = settings.self
  const at = (place: string): string => {
    const path = join(home, node, place)
    mkdirSync(path, { recursive: true })
    return path
  }
  const store = new Store(join(at('data'), 'node.db'), { busyTimeoutMs: 50 })
  const room = new Room({ volumes: [], ...ports })
  const place = new FloorFile(at('floor'), node)
  const light = new LightWitness(settings, { store, place, room }, ports)
  return {
    light,
    store,
    close: () => {
      light[Symbol.dispose]()
      store.close()
    },
  }
}

export type Light = (typeof lights)[number]
const coordinator = 'c1'

export function lightSelf(name: string): WitnessSelf {
  return {
    ...{ org: parseHandle(house.org), env: 'dev', node: parseNodeId(name), x: undefined },
    sign: house.keyOf(`${name}-identity`).sign,
    identity: house.keyOf(`${name}-identity`).publicKey,
    witness: house.keyOf(`${name}-witness`),
  }
}

/** The three of `cold-log.ts` on one log, with a coordinator that carries and does nothing else. */
export class ColdLights {
  readonly home = mkdtempSync(join(tmpdir(), 'custody-lights-'))
  readonly #log: TestLog
  readonly #at = new Map<Light, OpenedLight & { readonly ports: TestPorts }>()
  readonly #said: { readonly by: Light; readonly frame: NodeFrame }[] = []
  /** Whether cosigned heads of one reach the others. */
  shareHeads = true
  #size = 0

  constructor(log: TestLog, clock: TestClock, rootDigest = root.digest) {
    this.#log = log
    for (const name of lights) {
      const ports = testPorts(name, clock)
      const settings = { self: lightSelf(name), origin: house.origin, rootDigest }
      this.#at.set(name, { ...openLight(this.home, settings, ports), ports })
    }
    for (const name of lights) this.at(name).light.attached(coordinator)
    this.#settle()
    const welcome = { coordinator, origin: house.origin, size: 0, peers: [], versions: [...spoken] }
    for (const name of lights) this.give(name, { frame: 'welcome', welcome })
  }

  at(name: Light) {
    const found = this.#at.get(name)
    if (found === undefined) throw new Error(`no ${name}`)
    return found
  }

  give(name: Light, frame: CoordinatorFrame): void {
    this.at(name).light.receive(coordinator, frame)
    this.#settle()
  }

  /** The lines that they do not have yet; then each looks at the floor of the others. */
  lines(): this {
    const { lines, enclosures, head } = this.#log
    const documents = enclosures.map((text) => ({ kind: '', content: Buffer.from(text) }))
    const page = {
      ...{ origin: house.origin, from: this.#size, lines: lines.slice(this.#size), documents },
      ...{ checkpoint: Buffer.from(this.#log.note([])), heads: [] },
    }
    this.#size = head.size
    for (const name of lights) this.give(name, { frame: 'lines', lines: page })
    return this
  }

  tick(clock: TestClock, ms: number): this {
    clock.advance(ms)
    for (const name of lights) this.at(name).light.tick()
    this.#settle()
    return this
  }

  /** Of one kind, by this one, since the last look. */
  heard<K extends NodeFrame['frame']>(name: Light, kind: K): readonly NodePart<K>[] {
    const found = this.#said.filter(({ by, frame }) => by === name && frame.frame === kind)
    for (const one of found) this.#said.splice(this.#said.indexOf(one), 1)
    return found.map(({ frame }) => (frame as unknown as Record<K, NodePart<K>>)[kind])
  }

  close(): void {
    for (const { close } of this.#at.values()) close()
    rmSync(this.home, { recursive: true, force: true })
  }

  #settle(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = false
      for (const [name, { ports }] of this.#at) {
        for (let out = ports.sent.shift(); out; out = ports.sent.shift()) {
          isBusy = true
          this.#hear(name, out.frame)
        }
      }
    }
  }

  #hear(by: Light, frame: NodeFrame): void {
    this.#said.push({ by, frame })
    if (frame.frame === 'note') {
      const to = lights.find((name) => name === frame.note.to)
      if (to !== undefined) this.at(to).light.receive(coordinator, frame)
    }
    if (frame.frame !== 'cosigned' || !this.shareHeads) return
    const heads = { origin: house.origin, heads: [frame.cosigned.note] }
    for (const { light } of this.#at.values()) light.receive(coordinator, { frame: 'heads', heads })
  }
}
