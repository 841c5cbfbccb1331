// Real light witnesses for the coordinator of `cold-house.ts`: each has a store, folds every line
// and says by itself what it says. Frames go over no socket, and nothing is heard within the call
// that said it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Attached } from '../../coordinator/links.ts'
import { ed25519Signer } from '../../proto/crypto.ts'
import type { CoordinatorFrame, NodeFrame } from '../../proto/frames.ts'
import { parseNodeId } from '../../proto/ids.ts'
import type { WitnessSelf } from '../../signer-node/self.ts'
import { type OpenedLight, openLight } from '../kit/cold-lights.ts'
import { publicKeyOf, seedOf } from '../policy/dev-fixture.ts'
import { type ColdHouse, type ColdWorld, origin, root } from './cold-house.ts'
import { testRandom } from './world.ts'

const carrier = 'coordinator-cold'

export class RealLights {
  readonly home = mkdtempSync(join(tmpdir(), 'custody-cold-'))
  readonly #open = new Map<string, OpenedLight>()
  readonly #streams = new Map<string, Attached>()
  /** What a witness says instead, where one lies; nothing for silence. */
  bend: (name: string, frame: NodeFrame) => NodeFrame | undefined = (_name, frame) => frame

  /** Of a cold house. */
  get world(): Pick<ColdWorld, 'dial' | 'breath'> {
    return {
      dial: (name, to) => this.#dial(name, to),
      breath: async () => {
        for (const { light } of this.#open.values()) light.tick()
        await new Promise((resolve) => setImmediate(resolve))
      },
    }
  }

  /** The stream of this one breaks. */
  hangUp(name: string): void {
    this.#streams.get(name)?.close()
  }

  close(): void {
    for (const { close } of this.#open.values()) close()
    this.#open.clear()
    rmSync(this.home, { recursive: true, force: true })
  }

  #dial(name: string, { coordinator, clock }: Pick<ColdHouse, 'coordinator' | 'clock'>): void {
    const { light } = this.#opened(name, clock)
    light.detached(carrier)
    const hear = (frame: CoordinatorFrame): void => {
      if (!this.#open.has(name)) return
      if (frame.frame === 'heartbeat') this.#say(name, { frame: 'heartbeat', heartbeat: {} })
      light.receive(carrier, frame)
    }
    const end = coordinator.attach(name, (frame) => void Promise.resolve().then(() => hear(frame)))
    this.#streams.set(name, end)
    light.attached(carrier)
  }

  #opened(name: string, clock: ColdHouse['clock']): OpenedLight {
    const known = this.#open.get(name)
    if (known !== undefined) return known
    const begun = clock.now()
    const ports = {
      clock: { wallMs: () => clock.now(), monotonicMs: () => clock.now() - begun + 1 },
      random: testRandom,
      send: (_to: string, frame: NodeFrame) => this.#say(name, frame),
      pause: (work: () => void) => void setImmediate(work),
      report: () => {},
    }
    const settings = { self: selfOf(name), origin, rootDigest: root.digest }
    const opened = openLight(this.home, settings, ports)
    this.#open.set(name, opened)
    return opened
  }

  #say(name: string, frame: NodeFrame): void {
    const said = this.bend(name, frame)
    if (said !== undefined) this.#streams.get(name)?.receive(said)
  }
}

function selfOf(name: string): WitnessSelf {
  return {
    ...{ org: root.org, env: root.env, node: parseNodeId(name), x: undefined },
    sign: ed25519Signer(seedOf(name)),
    identity: publicKeyOf(name),
    witness: {
      publicKey: publicKeyOf(`${name}-witness`),
      sign: ed25519Signer(seedOf(`${name}-witness`)),
    },
  }
}
