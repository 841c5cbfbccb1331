/**
 * A whole signer node that gets broken frames from its coordinator. What no frame is, is refused when
 * it is read; whatever was read, the node must take without an exception, because one would stop it.
 */

import type { CoordinatorFrame } from '../../proto/frames.ts'
import { readCoordinatorFrame } from '../../proto/frames.ts'
import { methods } from '../../proto/io/wire.ts'
import { SignerNode } from '../../signer-node/node.ts'
import { ThreeNodes } from '../signer-node/three-nodes.ts'
import { seedsOf } from './corpus.ts'
import { bytesTarget, type Target } from './target.ts'

/** A node that has seen so many has perhaps been talked out of its log: then comes a new one. */
const framesMax = 2_000
const ofEach = 4

interface Scene {
  readonly house: ThreeNodes
  /** Real frames that node a got while it booted, paired and made a key. */
  readonly heard: readonly Uint8Array[]
}

export function nodeTargets(): readonly Target[] {
  let scene: Scene | undefined
  let count = 0
  const now = (): Scene => {
    if (scene === undefined || count >= framesMax) {
      scene?.house.close()
      scene = open()
      count = 0
    }
    return scene
  }
  return [
    bytesTarget(
      'step-node',
      seedsOf('coordinator-frame'),
      (input) => {
        const frame = readCoordinatorFrame(attach().reply.decode(Buffer.from(input)) as never)
        const { house } = now()
        count += 1
        unrefused(() => house.give('node-a', frame))
      },
      {
        mutate: (input, chance, other) => {
          const { heard } = now()
          const real = heard[chance.below(heard.length)] ?? input
          const base = chance.below(8) === 0 ? input : real
          return defaultMutate(base, chance, other)
        },
        end: () => {
          scene?.house.close()
          scene = undefined
        },
        msMax: 20_000,
        share: 0.02,
      },
    ),
  ]
}

const defaultMutate = bytesTarget('bytes', [new Uint8Array()], () => {}).mutate

function attach() {
  const found = methods.find(({ name }) => name === 'Attach')
  if (found === undefined) throw new Error('there is no Attach')
  return found
}

/** A refusal that leaves a node by an exception is a crash too. */
function unrefused(work: () => void): void {
  try {
    work()
  } catch (thrown) {
    const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
    throw new Error(`the node threw ${what}`)
  }
}

function open(): Scene {
  const heard = new Map<string, Uint8Array[]>()
  const { receive } = SignerNode.prototype
  const house = new ThreeNodes()
  const { reply } = attach()
  const note = (frame: CoordinatorFrame): void => {
    const known = heard.get(frame.frame) ?? []
    if (known.length < ofEach) heard.set(frame.frame, [...known, reply.encode(frame)])
  }
  SignerNode.prototype.receive = function (from, frame) {
    if (house.nodes.get('node-a')?.node === this) note(frame)
    receive.call(this, from, frame)
  }
  try {
    house.boot()
    house.log.add('key.generated', house.makeKey('hot-eth'))
    house.lines('node-a', 'node-b', 'node-c')
  } finally {
    SignerNode.prototype.receive = receive
  }
  if (house.state('node-a') !== 'ready') throw new Error('the node is not ready to be attacked')
  return { house, heard: [...heard.values()].flat().map((bytes) => new Uint8Array(bytes)) }
}
