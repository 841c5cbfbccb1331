// The proof of backups in a development cluster, as three operators would do it: each opens the
// backup of its node with the recovery key in a directory of its own, and hands the signed proof to
// the node. Development only: in earnest the recovery directories are on other machines.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Refused } from '../proto/refusal.ts'
import { recoveryVerify } from './recovery.ts'
import { runSigner } from './recovery-process.ts'
import type { World } from './verb.ts'

const triesMax = 40
const betweenTriesMs = 250

export interface Proving {
  /** Of the cluster. */
  readonly directory: string
  readonly vault: string
  readonly epoch: number
}

export async function proveBackup(proving: Proving, node: string, world: World): Promise<void> {
  const { directory, vault, epoch } = proving
  const place = join(directory, 'recovery', node)
  const file = `${vault.replaceAll('/', '~')}.${epoch}`
  const proof = join(place, `${file}.proof`)
  const backup = join(directory, 'nodes', node, 'backups', `${file}.backup`)
  if (!existsSync(proof)) {
    await recoveryVerify.run({ words: [backup], flags: { as: place, out: proof } }, world)
  }
  const config = join(directory, 'nodes', node, 'config.json')
  for (let tries = 1; ; tries += 1) {
    try {
      await runSigner(['backup', 'proved', proof, '--config', config], new Uint8Array(0))
      return
    } catch (error) {
      // The node may not have read the line yet that brought the key into force.
      const isEarly = error instanceof Refused && error.refusal.code === 'LOG_BEHIND'
      if (!isEarly || tries === triesMax) throw error
      await world.pause(betweenTriesMs)
    }
  }
}
