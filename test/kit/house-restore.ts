// A node of a whole house that lost its share and got it back from its backup; not started yet.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseHandle } from '../../proto/ids.ts'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { HistoryRows } from '../../signer-node/history-rows.ts'
import { restoreBackup } from '../../signer-node/restore.ts'
import { root } from '../coordinator/world.ts'
import type { House } from './house.ts'
import { keyOf, sharesOf } from './house-changes.ts'
import { backupBytes, recovery } from './recovery.ts'

export async function loseDisk(house: House, name: string): Promise<void> {
  const { epoch, participants } = await keyOf(house)
  const lost = house.at(name)
  lost.kill()
  await house.pass(1_000)
  for (const file of sharesOf(house, name)) rmSync(join(lost.directory('keyshares'), file))
  const { store, keystore } = lost.disk()
  const x = participants.find(({ node }) => node === name)?.x ?? 0
  const owner = { org: root.org, env: root.env, node: parseHandle(name), x }
  const place = { owner, keystore, rows: new HistoryRows(store), curve: nativeCurve() }
  using key = recovery(owner)
  restoreBackup(place, backupBytes(lost.directory('backups'), `hot.${epoch}`), key)
  store.close()
}
