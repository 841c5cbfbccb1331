// The core image of a node that has signed and now does nothing: no share of any of the three nodes
// of the process stands in it, in no form. The public key of the vault does, so the search saw the
// memory in which nodes keep what they hold.
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openWithPassphrase } from '../../proto/seal.ts'
import { parseSeal } from '../../proto/seal-file.ts'
import { canReadImages, findInImage } from '../kit/core-image.ts'
import type { Told } from './idle-house.ts'

const passphrase = Buffer.from('a passphrase of this node')

let child: ChildProcess | undefined
afterAll(() => {
  child?.kill('SIGKILL')
})

function told(from: ChildProcess): Promise<Told> {
  return new Promise((resolve, reject) => {
    from.once('message', (message: Told) => resolve(message))
    from.once('exit', (code) => reject(new Error(`the program ended with ${code}`)))
  })
}

/** Opened in this process, so that the other one is not made to open them. */
function sharesOf({ files }: Told): ReadonlyMap<string, Uint8Array> {
  return new Map(
    files.map((file, i) => {
      const sealed = Buffer.from(file)
      const opened = openWithPassphrase(sealed, parseSeal(sealed).thing, passphrase)
      // The share is the end of a keyshare's bytes.
      return [`share ${i + 1}`, opened.slice(-32)]
    }),
  )
}

// A whole house as a child, which a loaded machine makes slow.
const patienceMs = 240_000

describe.skipIf(!canReadImages)('the image of nodes that have signed and are idle', () => {
  it(
    'shows no share in any form, but the public key',
    async () => {
      child = fork(join(import.meta.dirname, 'idle-house.ts'))
      const { pid } = child
      await told(child)
      child.send('sign')
      const after = await told(child)
      const shares = sharesOf(after)
      expect(shares.size).toBe(3)
      expect(await findInImage(pid!, shares)).toEqual([])
      const control = new Map([['public key', Buffer.from(after.publicKey, 'hex').subarray(1)]])
      expect(await findInImage(pid!, control)).not.toEqual([])
    },
    patienceMs,
  )
})
