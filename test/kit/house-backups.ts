/** As if every node's backup of this epoch had been opened elsewhere, and the proof been brought back. */
import { root } from '../coordinator/world.ts'
import { type House, names } from './house.ts'
import { backupBytes, proofOf } from './recovery.ts'

export function proveAll(house: House, epoch: number): void {
  for (const node of names) {
    const bytes = backupBytes(house.at(node).directory('backups'), `hot.${epoch}`)
    house.at(node).node.backupProved(proofOf(bytes, { org: root.org, env: root.env, node }))
  }
}
