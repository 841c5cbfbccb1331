// A keyshare and its backup as a node once wrote them, sealed, opened by the node and the recovery of
// today: whoever updates the program keeps the key. The files are never written again.
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nativeCurve } from '../../signer-node/dkls23/curve-native.ts'
import { expectedOf } from '../../signer-node/keystore.ts'
import { openBackup } from '../../signer-node/recovery-open.ts'
import { keptAs, nodeOneStore, owner, vault } from '../kit/kept-keyshare.ts'
import { makeKey } from '../kit/keys.ts'
import { backupBytes, recovery } from '../kit/recovery.ts'
import { hex, vector } from '../kit/vectors.ts'

const curve = nativeCurve()
const kept = fileURLToPath(new URL('../vectors/keyshares/sealed', import.meta.url))
const share = [...makeKey(curve, 2, [1, 2, 3]).values()][0]!

let home: string
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'custody-kept-'))
  cpSync(join(kept, 'hot-eth.1.keyshare'), join(home, 'hot-eth.1.keyshare'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

describe('what a node wrote in the first sealed format', () => {
  it('is found and opens, and is the share that it was', () => {
    const store = nodeOneStore(home)
    expect(store.held(vault)).toEqual([{ vault, epoch: 1, state: 'active' }])
    using opened = store.open(expectedOf(vault, share), 'active')
    expect(hex(opened.secretShare.bytes)).toBe(vector('s_1'))
    expect(hex(opened.keyState)).toBe(vector('key-state'))
  })

  it('has a backup that either recovery key opens to the same', () => {
    for (const id of ['r-1', 'r-2']) {
      using by = recovery(owner, id)
      using opened = openBackup(curve, backupBytes(kept, 'hot-eth.1'), by)
      expect(hex(opened.keyshare.secretShare.bytes)).toBe(vector('s_1'))
      expect(opened.context).toMatchObject({ vault, epoch: 1, party: 1, made: keptAs })
    }
  })
})
